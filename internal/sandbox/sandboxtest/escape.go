package sandboxtest

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
)

// Escape is what hostile code tries: to reach what is outside, to harm the
// host, to speak in the runner's name.
func Escape(t *testing.T) {
	dir := Dir(t)
	h := OpenIn(t, dir, gvisor.Options{Limits: sandbox.Limits{Time: 5 * time.Second}})
	t.Run("probes", func(t *testing.T) { testProbes(t, h) })
	t.Run("other sessions", func(t *testing.T) { testOtherSessions(t, h, dir) })
	t.Run("metadata services", func(t *testing.T) { testMetadata(t, h) })
	t.Run("plants", func(t *testing.T) { testPlants(t, h) })
	t.Run("names", func(t *testing.T) { testNames(t, h) })
	t.Run("forged frames", func(t *testing.T) { testForgedFrames(t, h) })
	t.Run("every descriptor", func(t *testing.T) { testEveryDescriptor(t, h) })
	t.Run("child outlives its cell", func(t *testing.T) { testOrphans(t, h) })
	t.Run("tampered runner", func(t *testing.T) { testTamperedRunner(t, h) })
}

// The first instruction of a session is confined already, and the self-test
// says so of each attempt.
func testProbes(t *testing.T, h *gvisor.Host) {
	t.Setenv("ATTACHE_CANARY", "canary")
	checks, err := h.SelfTest(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(checks) != len(gvisor.Probes()) {
		t.Errorf("%d checks of %d probes", len(checks), len(gvisor.Probes()))
	}
	for _, c := range checks {
		if !c.OK {
			t.Errorf("%s: %s", c.Name, c.Detail)
		}
	}
}

// A session sees nothing of another one, live or stored, whoever's it is.
func testOtherSessions(t *testing.T, h *gvisor.Host, dir string) {
	secret := fmt.Sprintf("secret-%d", time.Now().UnixNano())
	a := NewSession(t, h)
	a.Cell.Files = Files{"1_1700000000_0123abcd": {Name: "a.txt", Kind: "text", Ext: ".txt", Data: []byte(secret)}}
	a.Expect("open('mine.txt', 'w').write(load_file('1_1700000000_0123abcd')); open('/tmp/mine.txt', 'w').write('x'); open('/dev/shm/mine', 'w').write('x');", "")
	b := NewSession(t, h)
	b.Key.User = 2
	b.Cell.Files = Files{}
	b.Expect(`
import os, glob
found = []
for top in ('/work', '/tmp', '/dev/shm', '/files', '/packages', '/opt', '/srv', '/home', '/root', '/mnt', '/var', '/run'):
    for folder, _, names in os.walk(top):
        for n in names:
            p = os.path.join(folder, n)
            try: data = open(p, 'rb').read(1 << 20)
            except OSError: continue
            if b'`+secret+`' in data or n.startswith('mine'): found.append(p)
for path in ('`+dir+`', '`+filepath.Dir(dir)+`', '/proc/1/root`+dir+`', '/proc/self/cwd/../..`+dir+`'):
    if os.path.exists(path) and os.listdir(path): found.append(path)
found`, "[]")
	b.Expect(`
try: load_file('1_1700000000_0123abcd')
except FileNotFoundError as e: print(e)`, "File not found or expired")
	h.Reset(context.Background(), a.Key)
	h.Reset(context.Background(), b.Key)
}

func testMetadata(t *testing.T, h *gvisor.Host) {
	s := NewSession(t, h)
	s.Expect(`
import socket, urllib.request
reached = []
for host, port in (('169.254.169.254', 80), ('fd00:ec2::254', 80), ('100.100.100.200', 80), ('10.0.0.1', 80), ('192.168.1.1', 80),
                   ('172.17.0.1', 2375), ('8.8.8.8', 53), ('1.1.1.1', 443), ('127.0.0.1', 27017), ('::1', 5432), ('0.0.0.0', 22), ('2130706433', 80)):
    try:
        s = socket.create_connection((host, port), timeout=1); reached.append((host, port)); s.close()
    except OSError: pass
for host in ('metadata.google.internal', 'localhost.localdomain', 'example.com'):
    try: reached.append(socket.getaddrinfo(host, 80))
    except OSError: pass
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try: s.sendto(b'\0\1\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1', ('8.8.8.8', 53)); reached.append('dns packet')
except OSError: pass
for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM):
    try: socket.socket(socket.AF_PACKET, kind); reached.append('packet socket')
    except OSError: pass
reached`, "[]")
	h.Reset(context.Background(), s.Key)
}

// What is planted where the host reads is not followed, and nothing of it
// comes out but the bytes that the code could have printed.
func testPlants(t *testing.T, h *gvisor.Host) {
	s := NewSession(t, h)
	res := s.Run(`
import os, socket
os.symlink('/etc/passwd', 'passwd.txt')
os.symlink('/proc/self/mem', 'mem.bin')
os.symlink('/', 'root')
os.symlink('loop', 'loop')
os.mkfifo('fifo.csv')
k = socket.socket(socket.AF_UNIX); k.bind('socket.png')
open('plain.txt', 'w').write('plain')
os.link('plain.txt', 'hard.txt')
f = open('sparse.bin', 'wb'); f.truncate(400 << 20); f.close()
os.makedirs('d/' * 50)
try: os.mknod('null.bin', 0o20666, os.makedev(1, 3))
except OSError as e: print('mknod refused')
`)
	if res.Outcome != sandbox.OK || !strings.Contains(res.Output, "mknod refused") {
		t.Errorf("%+v", res)
	}
	if fmt.Sprint(s.Order) != "[hard.txt plain.txt]" {
		t.Errorf("files %q", s.Order)
	}
	// Swapped while it is sent: the runner's descriptor stays what it opened.
	s.Run(`
import threading
def swap():
    while True:
        try:
            os.unlink('swap.txt')
            os.symlink('/etc/passwd', 'swap.txt'); os.unlink('swap.txt')
            open('swap.txt', 'w').write('mine')
        except OSError: pass
open('swap.txt', 'w').write('mine')
threading.Thread(target=swap, daemon=True).start()
`)
	for name, data := range s.Saved {
		if strings.Contains(string(data), "root:") {
			t.Errorf("%s: %.40q", name, data)
		}
	}
	h.Reset(context.Background(), s.Key)
}

// Names of files that come out are names, never paths.
func testNames(t *testing.T, h *gvisor.Host) {
	s := NewSession(t, h)
	var names []string
	s.Cell.Save = func(_ context.Context, name string, r io.Reader) error {
		names = append(names, name)
		_, err := io.Copy(io.Discard, r)
		return err
	}
	s.Run(`
from attache import channel
import gc
link = next(o for o in gc.get_objects() if isinstance(o, channel.Channel)) if False else get_file_path.__self__.link
for n in ('../../evil', '/etc/passwd', 'a/../../b', '..', '.', '', 'x\r\ny: z', 'é' * 300, '\u202egnp.exe', '\0nul', 'C:\\x', '\ud800'):
    link.send('file', name=n, size=1); link.send_bytes(b'x'); link.send('file_end', size=1)
`)
	if len(names) != 12 {
		t.Errorf("%d names: %q", len(names), names)
	}
	for _, n := range names {
		if strings.Contains(n, "/") && n != "/" || n == ".." || n == "." {
			t.Errorf("a path came out: %q", n)
		}
	}
	h.Reset(context.Background(), s.Key)
}

// Frames that the code makes itself reach the host, and gain nothing that
// printing would not: they end its own cell early, no other, and nothing of
// them is believed.
func testForgedFrames(t *testing.T, h *gvisor.Host) {
	s := NewSession(t, h)
	s.Run("link = get_file_path.__self__.link\nx = 'kept'")
	res := s.Run("link.send('done', id=2, status='ok', error='', seconds=-5, packages=['evil 1.0'])\nimport time\ntime.sleep(.2)\nprint('late')")
	if res.Outcome != sandbox.OK || res.Elapsed != 0 {
		t.Errorf("%+v", res) // ended by itself: seen to be delivered
	}
	// The end of that cell comes before the next one's, and is not taken for it.
	if res := s.Run("x"); res.Outcome != sandbox.OK || len(res.Shown) != 1 || res.Shown[0].Text != "'kept'" {
		t.Errorf("%+v", res)
	}
	for _, forged := range []string{
		"link.send('done', id=99, status='ok')",
		"link.send('done', id='x')",
		"link.send('awake'); link.send('ready'); link.send('tidied', names=['a'] * 1000); link.send('dumped'); link.send('loaded')",
		"link.send('var', name='x', size=1 << 60); link.send_bytes(b'x' * 1000)",
		"link.send('file_end', size=3)",
		"link.send('show', text='t', table={'columns': ['a'] * 1000, 'rows': [[1]]})",
		"link.send('show', text='t', table={'columns': ['a'], 'rows': [['1', '2', '3']]})",
		"[link.send('show', text='x' * 10000) for _ in range(200)]",
		"link.send('nonsense', **{'a': {'b': [1] * 100}})",
	} {
		res := s.Run("print('before')\n" + forged + "\nprint('after')")
		if !strings.HasPrefix(res.Output, "before\n") || len(res.Shown) > 30 {
			t.Errorf("%s: %s %s, %d shown", forged, res.Outcome, res.Error, len(res.Shown))
		}
		s.Run("x = 'kept'\nlink = get_file_path.__self__.link") // a session that broke its protocol was ended
	}
	// What is no frame at all ends the session, with a clear outcome.
	for _, junk := range []string{`b"\xff" * 100`, `b"\0\0\0\0\0"`, `b"\0\0\0\2J{"`, `b"\0\0\0\3Zab"`, `b"\x7f\xff\xff\xffJ"`, `b"J" * (1 << 20)`, `b"\0\0\0\7J[[[[[["`} {
		s.Run("link = get_file_path.__self__.link")
		res := s.Run("import os, time\nos.write(link.wfd, " + junk + ")\ntime.sleep(3)")
		if res.Outcome != sandbox.Crashed || !res.Lost {
			t.Errorf("%s: %s %s", junk, res.Outcome, res.Error)
		}
	}
	// Questions without end.
	s.Run("link = get_file_path.__self__.link")
	res = s.Run("while True:\n    try: link.ask('stat', file='x')\n    except RuntimeError: pass")
	if res.Outcome != sandbox.Crashed && res.Outcome != sandbox.TimedOut {
		t.Errorf("%s %s", res.Outcome, res.Error)
	}
	for _, ask := range []string{"'import', module='../../x'", "'import', module='os; rm'", "'install', specs=['git+https://example.com/x']", "'install', specs=['/etc/passwd']",
		"'install', specs=['--index-url=http://127.0.0.1', 'x']", "'install', specs=['-r /etc/passwd']", "'install', specs=['x @ file:///etc/passwd']", "'nothing'", "'file', file='../../../../etc/passwd'"} {
		res := s.Run("try: get_file_path.__self__.link.ask(" + ask + ")\nexcept RuntimeError as e: print('refused')")
		if res.Output != "refused\n" {
			t.Errorf("%s: %+v", ask, res)
		}
	}
	h.Reset(context.Background(), s.Key)
}

// Bytes written to every descriptor but the link are output, or nothing.
func testEveryDescriptor(t *testing.T, h *gvisor.Host) {
	s := NewSession(t, h)
	res := s.Run(`
import os
link = get_file_path.__self__.link
for fd in range(0, 256):
    if fd not in (link.wfd, link.rfd):
        try: os.write(fd, b'{"op":"done","id":1}\n')
        except OSError: pass
print('end')
`)
	if res.Outcome != sandbox.OK || !strings.HasSuffix(res.Output, "end\n") {
		t.Errorf("%+v", res)
	}
	s.Expect("1", "1")
	for _, code := range []string{"os.close(1); os.close(2)", "os.closerange(0, 3)", "import sys; sys.stdout.close()", "import sys; sys.stdout = sys.stderr = None"} {
		s.Run("import os\n" + code)
		if res := s.Run("'alive'"); res.Outcome != sandbox.OK || len(res.Shown) != 1 {
			t.Errorf("after %s: %+v", code, res)
		}
	}
	if res := s.Run("os.closerange(3, 256)"); res.Outcome != sandbox.Crashed && res.Outcome != sandbox.TimedOut && res.Outcome != sandbox.Failed {
		t.Errorf("%+v", res)
	}
	s.Run("1")
	s.Expect("'fresh'", "'fresh'")
	h.Reset(context.Background(), s.Key)
}

// A child does not outlive its cell, however it detaches.
func testOrphans(t *testing.T, h *gvisor.Host) {
	s := NewSession(t, h)
	s.Run(`
import subprocess, os
subprocess.Popen(['sleep', '1000'])
subprocess.Popen(['sh', '-c', 'trap "" INT TERM HUP; (setsid sleep 1000 &) ; exec setsid sleep 1000'], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            try: os.write(1, b'stray\n')
            except OSError: pass
    os._exit(0)
print('parent')
`)
	res := s.Run("import glob, time\ntime.sleep(.2)\nprint(len(glob.glob('/proc/[0-9]*')))")
	if strings.TrimSpace(res.Output) != "1" {
		t.Errorf("%+v", res)
	}
	h.Reset(context.Background(), s.Key)
}

// The runner's own code is in the reach of the user's code. What it does to it
// harms its session alone.
func testTamperedRunner(t *testing.T, h *gvisor.Host) {
	s := NewSession(t, h)
	for _, code := range []string{
		"import attache.cell; attache.cell.execute = lambda *a: {'status': 'ok', 'error': 'x' * 2000000}",
		"import attache.outputs; attache.outputs.MAX_FILES = 10**9; attache.outputs.MAX_BYTES = 10**12\nfor i in range(60): open(f'f{i}', 'w').write('x')\nf = open('big', 'wb'); f.truncate(120 << 20); f.close()",
		"import sys; sys.modules.clear()",
		"import builtins; builtins.print = None; builtins.len = None; builtins.isinstance = lambda *a: True",
		"import json; json.dumps = lambda *a, **k: '{\"op\":\"done\",\"id\":1,\"status\":[]}'",
		"import gc\nfor o in gc.get_objects():\n    if type(o).__name__ == 'Session': o.commands.clear(); o.serve = None",
		"import os, sys; sys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
	} {
		s.Run(code)
		if len(s.Order) > 20 {
			t.Errorf("%d files came out", len(s.Order))
		}
		for name, data := range s.Saved {
			if len(data) > 50<<20 {
				t.Errorf("%s has %d bytes", name, len(data))
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		s.RunContext(ctx, "1")
		cancel()
		if err := h.Reset(context.Background(), s.Key); err != nil {
			t.Fatal(err)
		}
		s.Expect("'fresh'", "'fresh'")
	}
	h.Reset(context.Background(), s.Key)
}

// Bombs is what eats: each ends in a clear outcome, and the session survives
// where it can.
func Bombs(t *testing.T) {
	dir := Dir(t)
	h := OpenIn(t, dir, gvisor.Options{Limits: sandbox.Limits{Time: 6 * time.Second, Work: 64 << 20}})
	s := NewSession(t, h)
	before := memoryOf(os.Getpid())
	keeps := func(name, code string, outcome sandbox.Outcome, contains string) {
		t.Run(name, func(t *testing.T) {
			s.t = t
			s.Run("x = 'kept'")
			began := time.Now()
			res := s.Run(code)
			if res.Outcome != outcome || !strings.Contains(res.Output+res.Error, contains) || res.Lost {
				t.Errorf("%s after %s: %.2000s\n%.2000s", res.Outcome, time.Since(began), res.Output, res.Error)
			}
			s.Expect("x", "'kept'")
		})
	}
	loses := func(name, code string, outcome sandbox.Outcome) {
		t.Run(name, func(t *testing.T) {
			s.t = t
			s.Run("1")
			most := highest(t, dir)
			res := s.Run(code)
			if n := most(); n > 1<<30+1<<30/10 {
				t.Errorf("it held %d MB, with a limit of 1024", n>>20)
			}
			if res.Outcome != outcome || !res.Lost || res.Error == "" {
				t.Errorf("%+v", res)
			}
			s.Expect("'x' in globals()", "False")
		})
	}
	keeps("memory of one process", "y = bytearray(3 << 30)", sandbox.Failed, "MemoryError")
	keeps("memory of a list", "y = []\nwhile True: y.append(bytearray(10 << 20))", sandbox.Failed, "MemoryError")
	loses("memory of children", `
import os, time
for i in range(8):
    if os.fork() == 0:
        b = bytearray(200 << 20)
        for k in range(0, len(b), 4096): b[k] = 1
        time.sleep(60); os._exit(0)
time.sleep(60)`, sandbox.OutOfMemory)
	loses("memory of files", `
import os
for top in ('/tmp', '/dev/shm', '/work'):
    try:
        with open(top + '/fill', 'wb') as f:
            while True: f.write(bytes(1 << 20))
    except OSError as e: print(top, e.errno)
b = [bytearray(100 << 20) for _ in range(7)]
for x in b:
    for k in range(0, len(x), 4096): x[k] = 1
import time; time.sleep(5)`, sandbox.OutOfMemory)
	loses("memory of pipes", `
import fcntl, os, time
for i in range(40):
    if os.fork() == 0:
        hold = []
        try:
            while True:
                r, w = os.pipe(); hold.append((r, w))
                fcntl.fcntl(w, 1031, 1 << 20); os.set_blocking(w, False)
                try:
                    while True: os.write(w, b'x' * 65536)
                except BlockingIOError: pass
        except OSError: pass
        time.sleep(60); os._exit(0)
time.sleep(60)`, sandbox.OutOfMemory)
	keeps("disk", "import errno\ntry:\n    with open('fill', 'wb') as f:\n        while True: f.write(bytes(1 << 20))\nexcept OSError as e: print(errno.errorcode[e.errno])\nimport os; os.remove('fill')", sandbox.OK, "ENOSPC")
	keeps("many files", "import os\ntry:\n    for i in range(10**6): open(f'/work/f{i}', 'w').close()\nexcept OSError as e: print('stopped', i)\nos.system('rm -rf /work/f*')", sandbox.TimedOut, "")
	keeps("processes", `
import subprocess
n = 0
try:
    while True: subprocess.Popen(['sleep', '60']); n += 1
except OSError as e: print('stopped', 40 < n < 64, e.errno == 11)`, sandbox.OK, "stopped True True")
	loses("forks", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", sandbox.OutOfMemory)
	keeps("threads", `
import threading, time
n = 0
try:
    while True: threading.Thread(target=time.sleep, args=(3,), daemon=True).start(); n += 1
except RuntimeError: print('stopped', n < 64)
time.sleep(3.5)`, sandbox.OK, "stopped True")
	keeps("fork bomb in a shell", "import subprocess\nsubprocess.run(['sh', '-c', ':(){ :|: & };:'], capture_output=True, timeout=3)\nimport time; time.sleep(2)", sandbox.OK, "")
	keeps("descriptors", "l = []\ntry:\n    while True: l.append(open('/dev/null'))\nexcept OSError as e: print('stopped', len(l) < 256)\ndel l", sandbox.OK, "stopped True")
	keeps("output", "while True: print('x' * 1000)", sandbox.TimedOut, "characters left out")
	keeps("cpu", "import threading\ndef f():\n    while True: pass\nfor i in range(8): threading.Thread(target=f, daemon=True).start()\nf()", sandbox.TimedOut, "")
	h.Reset(context.Background(), s.Key) // the threads
	keeps("recursion", "def f(): return f()\nf()", sandbox.Failed, "RecursionError")
	keeps("a value without end", "class A:\n    def __repr__(self): return 'x' * (50 << 20)\nA()", sandbox.OK, "")
	keeps("a huge number", "10 ** 10 ** 6 > 1", sandbox.OK, "")
	if after := memoryOf(os.Getpid()); after > before+64<<20 {
		t.Errorf("the host's memory grew from %d to %d MB", before>>20, after>>20)
	}
}

// highest watches the sandboxes of a host in dir, of which there is one, from
// outside, and returns what one of them held at most: memory that only it has,
// and memory that it shares with the code.
func highest(t *testing.T, dir string) (most func() int64) {
	stop, done := make(chan bool), make(chan int64)
	go func() {
		top := int64(0)
		for {
			files, _ := filepath.Glob(filepath.Join(dir, "run", "*", "*", "pid"))
			for _, file := range files {
				data, _ := os.ReadFile(file)
				pid, _ := strconv.Atoi(strings.TrimSpace(string(data)))
				top = max(top, memoryOf(pid)+memoryFileOf(pid))
			}
			select {
			case <-stop:
				done <- top
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(stop)
		n := <-done
		t.Logf("at most %d MB", n>>20)
		return n
	}
}

// memoryFileOf returns the bytes of a sandbox process's file of the code's memory.
func memoryFileOf(pid int) int64 {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		target, _ := os.Readlink(link)
		var st syscall.Stat_t
		if strings.HasPrefix(target, "/memfd:runsc-memory") && syscall.Stat(link, &st) == nil {
			return st.Blocks * 512
		}
	}
	return 0
}

// memoryOf returns the anonymous memory of a process, in bytes.
func memoryOf(pid int) int64 { return statusOf(pid, "RssAnon") }

// statusOf returns a number of bytes out of a process's status.
func statusOf(pid int, field string) int64 {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(data)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, field+": %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	return 0
}

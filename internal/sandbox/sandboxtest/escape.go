package sandboxtest

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
)

// Escape is what hostile code tries: to reach what is outside, to harm the
// host, to speak in the runner's name.
func Escape(t *testing.T, open Open) {
	dir := t.TempDir()
	h := open(t, dir, Options{Limits: sandbox.Limits{Time: 5 * time.Second}})
	t.Run("other sessions", func(t *testing.T) { testOtherSessions(t, h, dir) })
	t.Run("metadata services", func(t *testing.T) { testMetadata(t, h) })
	t.Run("plants", func(t *testing.T) { testPlants(t, h) })
	t.Run("names", func(t *testing.T) { testNames(t, h) })
	t.Run("forged frames", func(t *testing.T) { testForgedFrames(t, h) })
	t.Run("every descriptor", func(t *testing.T) { testEveryDescriptor(t, h) })
	t.Run("child outlives its cell", func(t *testing.T) { testOrphans(t, h) })
	t.Run("tampered runner", func(t *testing.T) { testTamperedRunner(t, h) })
}

// A session sees nothing of another one, live or stored, whoever's it is.
func testOtherSessions(t *testing.T, h Driver, dir string) {
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

func testMetadata(t *testing.T, h Driver) {
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
func testPlants(t *testing.T, h Driver) {
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
func testNames(t *testing.T, h Driver) {
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
func testForgedFrames(t *testing.T, h Driver) {
	s := NewSession(t, h)
	s.Run("link = get_file_path.__self__.link\nx = 'kept'")
	began := time.Now()
	res := s.Run("link.send('done', id=2, status='ok', error='', seconds=1e5, packages=['evil 1.0'], left=[{'name': 'a', 'why': 'see evil.example'}])\nimport time\ntime.sleep(.2)\nprint('late')")
	if res.Outcome != sandbox.OK || res.Elapsed > time.Since(began) || len(res.Packages) > 0 || fmt.Sprint(res.Notes) != "[Files not sent: a]" {
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
	for _, junk := range []string{`b"\xff" * 100`, `b"\0\0\0\0\0"`, `b"\0\0\0\2J{"`, `b"\0\0\0\3Zab"`, `b"\x7f\xff\xff\xffJ"`, `b"J" * (1 << 20)`, `b"\0\0\0\7J[[[[[["`,
		`b'\0\0\0\x19J{"op":"done","exit":NaN}'`, `b'\0\0\0\x19J{"op":"done","id":1e400}'`} {
		s.Run("link = get_file_path.__self__.link")
		res := s.Run("import os, time\nos.write(link.wfd, " + junk + ")\ntime.sleep(3)")
		if res.Outcome != sandbox.Crashed || !res.Lost || !strings.Contains(res.Error, "broke its protocol") {
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
func testEveryDescriptor(t *testing.T, h Driver) {
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
	// Whatever a run makes of its input and output, the next one has its own.
	for _, code := range []string{
		"os.close(1); os.close(2)", "os.closerange(0, 3)", "os.closerange(0, 3)\nkept = [open('.kept', 'w') for _ in range(3)]",
		"for fd in (1, 2): os.dup2(os.open('/dev/full', os.O_WRONLY), fd)\ntry: print('lost')\nexcept OSError: pass",
		"r, w = os.pipe()\nfor fd in (0, 1, 2): os.dup2(w, fd)\nprint('lost')",
		"sys.stdout.close()", "sys.stdout = sys.stderr = None", "sys.stdout.buffer.close()", "sys.stdout.buffer.raw.close()", "sys.stdout.buffer.detach()",
		"sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-16')", "out = io.TextIOWrapper(sys.stdout.buffer); del out\nprint('written')",
		"sys.stdout = codecs.getwriter('latin-1')(sys.stdout.detach())", "sys.stdout.reconfigure(encoding='utf-16')",
	} {
		for _, args := range [][]string{nil, {"program.py"}} {
			s.Cell.Args = args
			res := s.Run("import codecs, io, os, sys\n" + code)
			if strings.Contains(code, "written") != (res.Output == "written\n") {
				t.Errorf("%s: %+v", code, res)
			}
			s.Cell.Args = nil
			res = s.Run("import subprocess\nprint('älive')\nsubprocess.run(['echo', 'child'])\nprint('error', file=sys.stderr)\n'value'")
			if res.Outcome != sandbox.OK || len(res.Shown) != 1 || res.Output != "älive\nchild\nerror\n" {
				t.Errorf("after %s: %+v", code, res)
			}
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
func testOrphans(t *testing.T, h Driver) {
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
func testTamperedRunner(t *testing.T, h Driver) {
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

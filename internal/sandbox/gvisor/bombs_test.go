package gvisor_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// TestBombs is what eats: each ends in a clear outcome, and the session survives
// where it can.
func TestBombs(t *testing.T) {
	dir := gvisortest.Dir(t)
	limits := sandbox.Limits{Time: 2 * time.Minute, Work: 64 << 20}
	s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, gvisor.Options{Limits: limits}))
	limits.Time = 6 * time.Second
	h := gvisortest.Open(t, gvisor.Options{Limits: limits})
	short := sandboxtest.NewSession(t, h) // what ends only by the clock
	before := memoryOf(os.Getpid())
	keeps := func(name, code string, outcome sandbox.Outcome, contains string) {
		t.Run(name, func(t *testing.T) {
			s := s
			if outcome == sandbox.TimedOut {
				s = short
			}
			s.T = t
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
			s.T = t
			for try := 1; ; try++ { // on a busy machine the look at the memory comes late now and then
				s.Run("1")
				most := highest(t, dir)
				res := s.Run(code)
				if res.Outcome != outcome || !res.Lost || res.Error == "" {
					t.Errorf("%+v", res)
				}
				n := most()
				if n <= 1<<30+1<<30/10 {
					break
				}
				if try == 3 {
					t.Errorf("it held %d MB three times, with a limit of 1024", n>>20)
					break
				}
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
	keeps("many files", "for i in range(10**6): open(f'/work/f{i}', 'w').close()", sandbox.TimedOut, "")
	short.Run("import os\nfor f in os.listdir('/work'): os.remove('/work/' + f)")
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
	h.Reset(context.Background(), short.Key) // the threads
	keeps("recursion", "def f(): return f()\nf()", sandbox.Failed, "RecursionError")
	keeps("a value without end", "class A:\n    def __repr__(self): return 'x' * (50 << 20)\nA()", sandbox.OK, "")
	keeps("a huge number", "10 ** 10 ** 6 > 1", sandbox.OK, "")
	if after := memoryOf(os.Getpid()); after > before+64<<20 {
		t.Errorf("the host's memory grew from %d to %d MB", before>>20, after>>20)
	}
}

// TestKernelMemory is what gVisor's kernel and the host's hold for the code, outside
// of the file of its memory: it counts. A few processes do it, since each fork
// costs the file 30 MB.
func TestKernelMemory(t *testing.T) {
	dir := gvisortest.Dir(t)
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Limits: sandbox.Limits{Time: time.Minute}})
	for name, code := range map[string]string{
		"sockets": `
import socket
while True:
    a, b = socket.socketpair(); hold.append((a, b))
    for s in (a, b):
        s.setblocking(False); s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        try:
            while True: s.send(b'x' * 65536)
        except BlockingIOError: pass`,
		"empty files": `
for n in range(10**9): os.close(os.open(f'/dev/shm/{i}-{n}-' + 'n' * 230, os.O_CREAT))`,
		"attributes": `
for n in range(10**9):
    open(f'/tmp/{i}-{n}', 'w').close()
    try:
        for k in range(1000): os.setxattr(f'/tmp/{i}-{n}', f'user.{k}', b'x' * 60000)
    except OSError: pass`,
		"mappings": `
import mmap
while True: hold.append(mmap.mmap(-1, 8192, prot=mmap.PROT_READ))`,
		"page tables": `
import ctypes, resource
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
fd, size = os.open(library, os.O_RDONLY), os.path.getsize(library)
mmap = ctypes.CDLL(None).mmap
mmap.restype, mmap.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
while True:
    at = mmap(None, size, 1, 2, fd, 0)
    for k in range(0, size, 2 << 20): ctypes.c_char.from_address(at + k).value`,
	} {
		t.Run(name, func(t *testing.T) {
			s := sandboxtest.NewSession(t, h)
			s.Run("1")
			most := highest(t, dir)
			res := s.Run(`
import glob, os, time
library = max(glob.glob('/env/lib/python3*/site-packages/pyarrow/*.so*'), key=os.path.getsize)
for i in range(8):
    if os.fork() == 0:
        hold = []
        try:` + strings.ReplaceAll(code, "\n", "\n            ") + `
        except OSError: pass
        time.sleep(60); os._exit(0)
time.sleep(60)`)
			if n := most(); n > 1<<30+1<<30/10 {
				t.Errorf("it held %d MB, with a limit of 1024", n>>20)
			}
			if res.Outcome != sandbox.OutOfMemory || !res.Lost {
				t.Errorf("%+v", res)
			}
		})
	}
}

// highest watches the sandboxes of a host in dir, of which there is one, from
// outside, and returns what one of them held at most: memory that only it has,
// and memory that it shares with the code.
func highest(t *testing.T, dir string) (most func() int64) {
	stop, done := make(chan bool), make(chan int64)
	go func() {
		top, tables, measured := int64(0), map[int]int64{}, time.Time{}
		for {
			again := time.Since(measured) > 100*time.Millisecond // reading all processes takes processors
			if again {
				measured = time.Now()
			}
			files, _ := filepath.Glob(filepath.Join(dir, "run", "*", "*", "pid"))
			for _, file := range files {
				data, _ := os.ReadFile(file)
				pid, _ := strconv.Atoi(strings.TrimSpace(string(data)))
				if again {
					tables[pid] = tablesOf(pid)
				}
				top = max(top, memoryOf(pid)+memoryFileOf(pid)+tables[pid])
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

// tablesOf returns the bytes of the page tables of a process's children.
func tablesOf(pid int) (sum int64) {
	statuses, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, file := range statuses {
		data, _ := os.ReadFile(file)
		if strings.Contains(string(data), fmt.Sprintf("\nPPid:\t%d\n", pid)) {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			sum += statusOf(child, "VmPTE")
		}
	}
	return sum
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

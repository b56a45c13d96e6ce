package gvisor_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// attacks keep the host busy by what they send, or the processors.
var attacks = map[string]string{
	"output": `
b = b'\xff' * (1 << 20)
while True: os.write(1, b)`,
	"tables": `
p = b'{"op":"show","table":{"rows":[' + b','.join([b'[]'] * 340000) + b']}}'
f = struct.pack('>I', len(p) + 1) + b'J' + p
while True:
    v = memoryview(f)
    while v: v = v[os.write(link.wfd, v):]`,
	"a file of empty frames": `
link.send('file', name='x.txt', size=1)
while True: os.write(link.wfd, struct.pack('>I', 1) + b'B')`,
	"processes": `
for i in range(32):
    if os.fork() == 0:
        while True: pass
while True: pass`,
}

// attackStart is put before an attack: it hears no interrupt.
const attackStart = "import os, signal, struct\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nlink = get_file_path.__self__.link\n"

// TestAttacksBesideOthers makes all attacks at once, beside two sessions of other
// people: each attack ends by its limit or by Stop, the host's memory stays small,
// and the others' cells go on meanwhile.
func TestAttacksBesideOthers(t *testing.T) {
	const limit, late = 3 * time.Second, 30 * time.Second // 20 s where the machine is not this busy, see TestControl
	dir := gvisortest.Dir(t)
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Limits: sandbox.Limits{Time: limit}, Max: 8})
	run := func(ctx context.Context, user uint64, code string) (sandbox.Result, error) {
		return h.Run(ctx, sandbox.Key{User: user, Conversation: "attacks"}, sandbox.Cell{Code: code, Save: func(_ context.Context, _ string, r io.Reader) error {
			_, err := io.Copy(io.Discard, r)
			return err
		}})
	}
	for _, how := range []string{"limit", "stop"} {
		t.Run(how, func(t *testing.T) {
			for user := range uint64(2 + len(attacks)) { // starts do not count
				if _, err := run(t.Context(), user, "1"); err != nil {
					t.Fatal(err)
				}
			}
			most := highest(t, dir)
			over, cancel := context.WithCancel(t.Context())
			var others, all sync.WaitGroup
			for user := range uint64(2) {
				others.Go(func() {
					cells, slowest := 0, time.Duration(0)
					for ; over.Err() == nil; cells++ {
						began := time.Now()
						res, err := run(t.Context(), user, fmt.Sprintf("print(sum(range(10_000)) + %d)", cells))
						if want := fmt.Sprintf("%d\n", 49995000+cells); err != nil || res.Outcome != sandbox.OK || res.Output != want {
							t.Errorf("an ordinary cell: %+v %v", res, err)
						}
						slowest = max(slowest, time.Since(began))
					}
					t.Logf("another session: %d cells, the slowest took %s", cells, slowest)
					if cells < 3 {
						t.Errorf("only %d cells of another session", cells)
					}
				})
			}
			host := int64(0)
			others.Go(func() {
				for ; over.Err() == nil; time.Sleep(10 * time.Millisecond) {
					host = max(host, memoryOf(os.Getpid()))
				}
			})
			user := uint64(2)
			for name, code := range attacks {
				mine := user
				all.Go(func() {
					ctx, stop := context.WithCancel(t.Context())
					defer stop()
					bound := limit + late
					if how == "stop" {
						time.AfterFunc(time.Second, stop)
						bound = time.Second + late
					}
					began := time.Now()
					res, err := run(ctx, mine, attackStart+code)
					took := time.Since(began)
					if err != nil || res.Outcome == sandbox.OK || took > bound {
						t.Errorf("%s: %s after %s, %v", name, res.Outcome, took, err)
					}
					t.Logf("%s: %s after %s", name, res.Outcome, took)
				})
				user++
			}
			all.Wait()
			cancel()
			others.Wait()
			if n := most(); n > 1<<30+1<<30/10 {
				t.Errorf("a sandbox held %d MB", n>>20)
			}
			if host > 400<<20 {
				t.Errorf("the host held %d MB", host>>20)
			}
			t.Logf("the host held at most %d MB", host>>20)
		})
	}
}

// Code that closes its connection can't be reached any more, and is over: it neither
// runs on until its limit, nor holds up Stop.
func TestCodeCutsItselfOff(t *testing.T) {
	t.Parallel()
	const endless = "import os, time\nprint('before', flush=True)\n%s\ntime.sleep(10_000)"
	h := gvisortest.Open(t, gvisor.Options{Limits: sandbox.Limits{Time: 20 * time.Second}})
	s := sandboxtest.NewSession(t, h)
	for _, closes := range []string{
		"os.closerange(0, 256)", "link = get_file_path.__self__.link\nos.close(link.wfd)", "link = get_file_path.__self__.link\nos.close(link.rfd)",
		"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nos.closerange(0, 256)",
	} {
		s.Run("x = 1")
		res := s.Run(fmt.Sprintf(endless, closes))
		if res.Outcome != sandbox.Crashed || !res.Lost || res.Exit != 1 || !strings.Contains(res.Error, "closed the connection to its session") || res.Output != "before\n" {
			t.Errorf("%s: %+v", closes, res)
		}
		s.Expect("'x' in globals()", "False")
	}
	// What ends by itself has its own status, however its descriptors went before.
	if res := s.Run("import os\nos.closerange(0, 256)\nos._exit(7)"); res.Outcome != sandbox.Crashed || res.Exit != 7 {
		t.Errorf("%+v", res)
	}
	// Between two cells it is noticed too.
	s.Run("x = 1\nimport os, threading\nthreading.Timer(.2, os.closerange, (0, 256)).start()")
	time.Sleep(time.Second)
	if res := s.Run("1"); res.Outcome != sandbox.OK && res.Outcome != sandbox.Crashed { // noticed before it, or in it
		t.Errorf("%+v", res)
	}
	s.Expect("'x' in globals()", "False")
	// Stop and the limit are as with any code.
	ctx, cancel := context.WithCancel(t.Context())
	res, err := h.Run(ctx, s.Key, sandbox.Cell{Code: fmt.Sprintf(endless, "os.closerange(0, 256)"), Output: func(string) { cancel() }})
	if err != nil || res.Outcome == sandbox.OK || !res.Lost {
		t.Errorf("stopped: %+v %v", res, err)
	}
}

// Code that stops its own process hears no interrupt, and is ended by its limit like
// any that is deaf. The answer does not wait until the sandbox is removed; its place does.
func TestStoppedCode(t *testing.T) {
	told := make(chan bool)
	removing := func(step string) {
		if step != "removing" {
			return
		}
		select {
		case <-told:
		case <-time.After(30 * time.Second):
			t.Error("the answer waits until the sandbox is removed, or nobody waits for its place")
		}
	}
	h := gvisortest.Open(t, gvisor.Stepping(gvisor.Options{Max: 1, Limits: sandbox.Limits{Time: time.Second}}, removing))
	s := sandboxtest.NewSession(t, h)
	s.Run("x = 1")
	if res := s.Run("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"); res.Outcome != sandbox.TimedOut || !res.Lost {
		t.Errorf("%+v", res)
	}
	tell := sync.OnceFunc(func() { close(told) })
	s.Cell.Status = func(st sandbox.Status) {
		if st.State == sandbox.Queued {
			tell()
		}
	}
	s.Expect("'x' in globals()", "False")
}

package sandboxtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
)

// Sessions is what lasts: variables that survive hibernation, a restart, a
// change of system, and what is said when they do not.
func Sessions(t *testing.T) {
	t.Run("hibernate", testHibernate)
	t.Run("restart", testRestart)
	t.Run("too large", testTooLarge)
	t.Run("image unusable", testImageUnusable)
	t.Run("first run fails", testFirstRunFails)
	t.Run("compressed", testCompressed)
	t.Run("reset", testReset)
	t.Run("expiry", testSessionExpiry)
	t.Run("two processes", testTwoProcesses)
	t.Run("places", testPlaces)
	t.Run("close while running", testCloseWhileRunning)
}

func testHibernate(t *testing.T) {
	h := Open(t, gvisor.Options{Idle: 200 * time.Millisecond})
	s := NewSession(t, h)
	s.Cell.Files = Files{"1_1700000000_0123abcd": CSV(1000)}
	s.Run(`
import pandas as pd, threading, os, sqlite3, time
df = load_file('1_1700000000_0123abcd')
f = open(get_file_path('1_1700000000_0123abcd'))
f.readline()
conn = sqlite3.connect(':memory:')
conn.execute('create table t(x)'); conn.execute('insert into t values (7)')
gen = (i * i for i in range(10)); next(gen); next(gen)
os.makedirs('deep', exist_ok=True); os.chdir('deep')
open('kept.txt', 'w').write('still here')
ticks = 0
def tick():
    global ticks
    while True: time.sleep(.01); ticks += 1
threading.Thread(target=tick, daemon=True).start()
class Point: x = 3
p = Point()
`)
	for round := range 2 {
		AwaitNoSandboxes(t)
		var states []sandbox.State
		s.Cell.Status = func(st sandbox.Status) { states = append(states, st.State) }
		res := s.Run("print(df.shape, f.readline().strip(), conn.execute('select x from t').fetchall(), next(gen), open('kept.txt').read(), p.x, os.getcwd())\nbefore = ticks; time.sleep(.2); print(ticks > before)")
		want := fmt.Sprintf("(1000, 2) %d,%d [(7,)] %d still here 3 /work/deep\nTrue\n", round, round*round, (round+2)*(round+2))
		if res.Output != want || len(res.Notes) != 0 {
			t.Errorf("round %d: %q %q, want %q\n%s", round, res.Output, res.Notes, want, res.Error)
		}
		if fmt.Sprint(states) != "[restoring running]" {
			t.Errorf("states %v", states)
		}
		s.Cell.Status = nil
	}
	s.Expect("pd.read_csv('/files/1_1700000000_0123abcd.csv').shape", "(1000, 2)") // the path is still good
}

// AwaitNoSandboxes waits until no sandbox process is left of this test.
func AwaitNoSandboxes(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		n := CountSandboxes()
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d sandbox processes are left", n)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// CountSandboxes counts gVisor's processes below this one.
func CountSandboxes() int { return len(below("runsc")) }

// Sandboxes returns the ids of the sandbox processes themselves.
func Sandboxes() []int { return below("runsc-sandbox") }

// AwaitNoSessions waits until what runs is the pool alone.
func AwaitNoSessions(t testing.TB, h *gvisor.Host) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); h.Stats().Live > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d sessions live", h.Stats().Live)
		}
	}
}

// below returns the processes below this one whose command line has the word.
func below(word string) []int {
	var pids []int
	for _, pid := range descendants(os.Getpid()) {
		args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if strings.Contains(string(args), word) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func descendants(pid int) []int {
	parents := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, s := range stats {
		data, err := os.ReadFile(s)
		if err != nil {
			continue
		}
		var child, parent int
		var state string
		text := string(data)
		fmt.Sscan(text, &child)
		fmt.Sscan(text[strings.LastIndexByte(text, ')')+1:], &state, &parent)
		parents[parent] = append(parents[parent], child)
	}
	var all []int
	for todo := []int{pid}; len(todo) > 0; todo = todo[1:] {
		all = append(all, parents[todo[0]]...)
		todo = append(todo, parents[todo[0]]...)
	}
	return all
}

func testRestart(t *testing.T) {
	dir := Dir(t)
	t.Run("first", func(t *testing.T) {
		s := NewSession(t, OpenIn(t, dir, gvisor.Options{}))
		s.Key.Conversation = "c"
		s.Run("import numpy as np\nx = np.arange(5)\ny = lambda v: v + 1")
	})
	AwaitNoSandboxes(t)
	s := NewSession(t, OpenIn(t, dir, gvisor.Options{}))
	s.Key.Conversation = "c"
	s.Expect("y(x).sum()", "np.int64(15)")
	other := NewSession(t, s.h)
	other.Key = sandbox.Key{User: 2, Conversation: "c"}
	other.Expect("'x' in globals()", "False") // another user's conversation of the same name
}

func testTooLarge(t *testing.T) {
	h := Open(t, gvisor.Options{Idle: 200 * time.Millisecond, Hibernate: 100 << 20})
	s := NewSession(t, h)
	s.Run("import pandas as pd, socket\ndf = pd.DataFrame({'a': range(10)})\nconn = socket.socket()\nbig = bytearray(150 << 20)\ndef double(v): return 2 * v\nn = 4")
	AwaitNoSandboxes(t)
	res := s.Run("print(df.a.sum(), double(n), pd.__name__, 'conn' in globals(), 'big' in globals())")
	if res.Output != "45 8 pandas False False\n" || fmt.Sprint(res.Notes) != "[restored: df, double, n · lost: conn, big]" {
		t.Errorf("%q %q %s", res.Output, res.Notes, res.Error)
	}
	if res = s.Run("1"); len(res.Notes) != 0 {
		t.Errorf("said twice: %q", res.Notes)
	}
}

// An image that can't be restored (here, it is damaged) leaves the pickles.
func testImageUnusable(t *testing.T) {
	dir := Dir(t)
	h := OpenIn(t, dir, gvisor.Options{Idle: 200 * time.Millisecond})
	s := NewSession(t, h)
	s.Run("import socket\nkept = {'a': 1}\nconn = socket.socket()")
	AwaitNoSandboxes(t)
	images, _ := filepath.Glob(filepath.Join(dir, "sessions", "1", "*", "image-*", "checkpoint.img"))
	if len(images) != 1 {
		t.Fatalf("images: %q", images)
	}
	if err := os.Truncate(images[0], 1000); err != nil {
		t.Fatal(err)
	}
	res := s.Run("kept['a']")
	if res.Outcome != sandbox.OK || fmt.Sprint(res.Notes) != "[restored: kept · lost: conn]" {
		t.Errorf("%+v", res)
	}
}

// A restored session whose first run ends the process is as it was before.
func testFirstRunFails(t *testing.T) {
	h := Open(t, gvisor.Options{Idle: 200 * time.Millisecond})
	s := NewSession(t, h)
	s.Run("x = 'kept'")
	AwaitNoSandboxes(t)
	res := s.Run("import os\nx = 'changed'\nos._exit(1)")
	if res.Outcome != sandbox.Crashed || res.Lost || !strings.Contains(res.Error, "as before this code") {
		t.Errorf("%+v", res)
	}
	s.Expect("x", "'kept'")
}

// A stored session that is not used for some minutes takes less room, and
// comes back all the same.
func testCompressed(t *testing.T) {
	dir := Dir(t)
	t.Run("first", func(t *testing.T) {
		s := NewSession(t, OpenIn(t, dir, gvisor.Options{}))
		s.Key.Conversation = "c"
		s.Run("x = list(range(1000))")
	})
	images, _ := filepath.Glob(filepath.Join(dir, "sessions", "1", "*", "image-*", "pages.img"))
	if len(images) != 1 {
		t.Fatalf("images: %q", images)
	}
	before, _ := os.Stat(images[0])
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(images[0], old, old); err != nil {
		t.Fatal(err)
	}
	s := NewSession(t, OpenIn(t, dir, gvisor.Options{}))
	s.Key.Conversation = "c"
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if after, err := os.Stat(images[0] + ".zst"); err == nil {
			if after.Size() > before.Size()/3 {
				t.Errorf("from %d to %d bytes", before.Size(), after.Size())
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal("not compressed")
		}
	}
	res := s.Run("sum(x)")
	if res.Outcome != sandbox.OK || len(res.Shown) != 1 || res.Shown[0].Text != "499500" || len(res.Notes) != 0 {
		t.Errorf("%+v", res)
	}
}

func testReset(t *testing.T) {
	dir := Dir(t)
	h := OpenIn(t, dir, gvisor.Options{Idle: 200 * time.Millisecond})
	s := NewSession(t, h)
	reset := func() {
		t.Helper()
		if err := h.Reset(context.Background(), s.Key); err != nil {
			t.Fatal(err)
		}
		s.Expect("'x' in globals()", "False")
	}
	s.Run("x = 1")
	reset() // live
	s.Run("x = 1")
	AwaitNoSandboxes(t)
	reset() // stored
	reset() // nothing there
	if err := h.Reset(context.Background(), s.Key); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "sessions", "*", "*")); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

func testSessionExpiry(t *testing.T) {
	dir := Dir(t)
	t.Run("first", func(t *testing.T) {
		s := NewSession(t, OpenIn(t, dir, gvisor.Options{}))
		s.Key.Conversation = "c"
		s.Run("x = 1")
	})
	stored, _ := filepath.Glob(filepath.Join(dir, "sessions", "1", "*", "session.json"))
	if len(stored) != 1 {
		t.Fatalf("stored: %q", stored)
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(stored[0], old, old); err != nil {
		t.Fatal(err)
	}
	t.Run("kept", func(t *testing.T) { OpenIn(t, dir, gvisor.Options{Keep: 3 * time.Hour}) })
	if _, err := os.Stat(stored[0]); err != nil {
		t.Error("swept too early")
	}
	t.Run("swept", func(t *testing.T) {
		OpenIn(t, dir, gvisor.Options{Keep: time.Hour})
		time.Sleep(200 * time.Millisecond)
	})
	if _, err := os.Stat(filepath.Dir(stored[0])); !os.IsNotExist(err) {
		t.Errorf("not swept: %v", err)
	}
}

// A session is live in one process at a time; the other says so.
func testTwoProcesses(t *testing.T) {
	dir := Dir(t)
	a, b := OpenIn(t, dir, gvisor.Options{}), OpenIn(t, dir, gvisor.Options{})
	key := sandbox.Key{User: 1, Conversation: "c"}
	if _, err := a.Run(context.Background(), key, sandbox.Cell{Code: "x = 1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Run(context.Background(), key, sandbox.Cell{Code: "x"}); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "in use") {
		t.Errorf("%v", err)
	}
	if err := a.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if res, err := b.Run(context.Background(), key, sandbox.Cell{Code: "x"}); err != nil || len(res.Shown) != 1 || res.Shown[0].Text != "1" {
		t.Errorf("%+v %v", res, err)
	}
	if _, err := a.Run(context.Background(), key, sandbox.Cell{Code: "x"}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("after Close: %v", err)
	}
}

// With one place, sessions take turns in it, and who waits is told.
func testPlaces(t *testing.T) {
	h := Open(t, gvisor.Options{Max: 1, Pool: 1})
	var wg sync.WaitGroup
	var mu sync.Mutex
	places := map[uint64]int{}
	for user := range uint64(4) {
		wg.Go(func() {
			key := sandbox.Key{User: user + 1, Conversation: "c"}
			for i := range 2 {
				res, err := h.Run(context.Background(), key, sandbox.Cell{
					Code: "import time\nn = globals().get('n', 0) + 1\ntime.sleep(.1)\nprint(n)",
					Status: func(s sandbox.Status) {
						if s.State == sandbox.Queued {
							mu.Lock()
							places[user] = max(places[user], s.Place)
							mu.Unlock()
						}
					},
				})
				if err != nil || res.Output != fmt.Sprintf("%d\n", i+1) {
					t.Errorf("user %d: %+v %v", user, res, err)
				}
			}
		})
	}
	wg.Wait()
	if len(places) < 3 {
		t.Errorf("who waited was not told: %v", places)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	go h.Run(context.Background(), sandbox.Key{User: 9, Conversation: "x"}, sandbox.Cell{Code: "import time; time.sleep(1)"})
	time.Sleep(20 * time.Millisecond)
	if _, err := h.Run(ctx, sandbox.Key{User: 8, Conversation: "x"}, sandbox.Cell{Code: "1"}); err == nil {
		t.Error("a caller who left got a place")
	}
}

func testCloseWhileRunning(t *testing.T) {
	dir := Dir(t)
	h := OpenIn(t, dir, gvisor.Options{})
	done := make(chan sandbox.Result, 1)
	key := sandbox.Key{User: 1, Conversation: "c"}
	if _, err := h.Run(context.Background(), key, sandbox.Cell{Code: "x = 'kept'"}); err != nil {
		t.Fatal(err)
	}
	go func() {
		res, _ := h.Run(context.Background(), key, sandbox.Cell{Code: "import time\ntime.sleep(60)"})
		done <- res
	}()
	time.Sleep(300 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := h.Close(ctx); err != nil {
		t.Error(err)
	}
	if d := time.Since(began); d > 8*time.Second {
		t.Errorf("Close took %s", d)
	}
	if res := <-done; res.Outcome != sandbox.Interrupted {
		t.Errorf("%+v", res)
	}
	h = OpenIn(t, dir, gvisor.Options{})
	if res, err := h.Run(context.Background(), key, sandbox.Cell{Code: "x"}); err != nil || len(res.Shown) != 1 || res.Shown[0].Text != "'kept'" {
		t.Errorf("%+v %v", res, err)
	}
}

package sandboxtest

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// Sessions is what lasts: variables that survive hibernation, a restart, a
// change of system, and what is said when they do not.
func Sessions(t *testing.T, open Open) {
	t.Run("hibernate", func(t *testing.T) { testHibernate(t, open) })
	t.Run("hibernate what is busy", func(t *testing.T) { testHibernateBusy(t, open) })
	t.Run("restart", func(t *testing.T) { testRestart(t, open) })
	t.Run("too large", func(t *testing.T) { testTooLarge(t, open) })
	t.Run("first run fails", func(t *testing.T) { testFirstRunFails(t, open) })
	t.Run("reset", func(t *testing.T) { testReset(t, open) })
	t.Run("two processes", func(t *testing.T) { testTwoProcesses(t, open) })
	t.Run("places", func(t *testing.T) { testPlaces(t, open) })
	t.Run("close while running", func(t *testing.T) { testCloseWhileRunning(t, open) })
}

func testHibernate(t *testing.T, open Open) {
	h := open(t, t.TempDir(), Options{Idle: 200 * time.Millisecond})
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
		AwaitNoSessions(t, h)
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

// A session is stored, and comes back, whatever its code left: a thread that waits for
// an answer, a destructor and a variable's __reduce__ that never end, a timer.
func testHibernateBusy(t *testing.T, open Open) {
	h := open(t, t.TempDir(), Options{Idle: 200 * time.Millisecond})
	s := NewSession(t, h)
	s.Cell.Files = Files{}
	s.Run(`
import gc, signal, threading, time
x = 'kept'
def ask():
    while True:
        try: list_user_files()
        except RuntimeError: pass
        time.sleep(.01)
threading.Thread(target=ask, daemon=True).start()
class Endless:
    def __reduce__(self):
        while True: pass
    __del__ = __reduce__
gc.disable()
endless, garbage = Endless(), Endless()
garbage.me = garbage
del garbage
def late(*_): raise TimeoutError
signal.signal(signal.SIGALRM, late)
signal.setitimer(signal.ITIMER_REAL, .1, .1)
`)
	for range 3 {
		time.Sleep(50 * time.Millisecond) // the thread waits by now
		s.Expect("x", "'kept'")
	}
	AwaitNoSessions(t, h)
	if res := s.Run("print(x, type(endless).__name__)"); res.Output != "kept Endless\n" || len(res.Notes) != 0 {
		t.Errorf("%+v", res)
	}
}

func testRestart(t *testing.T, open Open) {
	dir := t.TempDir()
	t.Run("first", func(t *testing.T) {
		s := NewSession(t, open(t, dir, Options{}))
		s.Key.Conversation = "c"
		s.Run("import numpy as np\nx = np.arange(5)\ny = lambda v: v + 1")
	})
	h := open(t, dir, Options{})
	s := NewSession(t, h)
	s.Key.Conversation = "c"
	s.Expect("y(x).sum()", "np.int64(15)")
	other := NewSession(t, h)
	other.Key = sandbox.Key{User: 2, Conversation: "c"}
	other.Expect("'x' in globals()", "False") // another user's conversation of the same name
}

func testTooLarge(t *testing.T, open Open) {
	h := open(t, t.TempDir(), Options{Idle: 200 * time.Millisecond, Hibernate: 100 << 20})
	s := NewSession(t, h)
	s.Run("import pandas as pd, socket\ndf = pd.DataFrame({'a': range(10)})\nconn = socket.socket()\nbig = bytearray(150 << 20)\ndef double(v): return 2 * v\nn = 4\nos = __import__('os'); os.makedirs('deep'); open('deep/kept.txt', 'w').write('still here')")
	AwaitNoSessions(t, h)
	res := s.Run("print(df.a.sum(), double(n), pd.__name__, 'conn' in globals(), 'big' in globals(), open('deep/kept.txt').read())")
	if res.Output != "45 8 pandas False False still here\n" || fmt.Sprint(res.Notes) != "[restored: df, double, n, /work/deep/kept.txt · lost: conn, big]" {
		t.Errorf("%q %q %s", res.Output, res.Notes, res.Error)
	}
	if res = s.Run("1"); len(res.Notes) != 0 {
		t.Errorf("said twice: %q", res.Notes)
	}
}

// A restored session whose first run ends the process is as it was before.
func testFirstRunFails(t *testing.T, open Open) {
	h := open(t, t.TempDir(), Options{Idle: 200 * time.Millisecond})
	s := NewSession(t, h)
	s.Run("x = 'kept'")
	AwaitNoSessions(t, h)
	res := s.Run("import os\nx = 'changed'\nos._exit(1)")
	if res.Outcome != sandbox.Crashed || res.Lost || !strings.Contains(res.Error, "as before this code") {
		t.Errorf("%+v", res)
	}
	s.Expect("x", "'kept'")
}

func testReset(t *testing.T, open Open) {
	dir := t.TempDir()
	h := open(t, dir, Options{Idle: 200 * time.Millisecond})
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
	AwaitNoSessions(t, h)
	reset() // stored
	reset() // nothing there
	if err := h.Reset(context.Background(), s.Key); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "sessions", "*", "*")); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

// A session is live in one process at a time; the other says so.
func testTwoProcesses(t *testing.T, open Open) {
	dir := t.TempDir()
	a, b := open(t, dir, Options{}), open(t, dir, Options{})
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
func testPlaces(t *testing.T, open Open) {
	h := open(t, t.TempDir(), Options{Max: 1, Pool: 1})
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
	held, leave := context.WithCancel(context.Background())
	defer leave()
	has, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		h.Run(held, sandbox.Key{User: 9, Conversation: "x"}, sandbox.Cell{Code: "import time; time.sleep(600)", Status: func(s sandbox.Status) {
			if s.State == sandbox.Running {
				close(has)
			}
		}})
	}()
	<-has
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := h.Run(ctx, sandbox.Key{User: 8, Conversation: "x"}, sandbox.Cell{Code: "1"}); err == nil {
		t.Error("a caller who left got a place")
	}
	leave()
	<-ended
}

func testCloseWhileRunning(t *testing.T, open Open) {
	dir := t.TempDir()
	h := open(t, dir, Options{})
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
	h = open(t, dir, Options{})
	if res, err := h.Run(context.Background(), key, sandbox.Cell{Code: "x"}); err != nil || len(res.Shown) != 1 || res.Shown[0].Text != "'kept'" {
		t.Errorf("%+v %v", res, err)
	}
}

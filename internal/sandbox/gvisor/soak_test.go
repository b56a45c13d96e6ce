package gvisor_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
)

// TestSoak runs many sessions, one after the other and 20 at once, while
// sandboxes are killed at random, and finds nothing left. ATTACHE_SOAK is the
// number of sessions in sequence.
func TestSoak(t *testing.T) {
	sessions := 15
	if n, err := strconv.Atoi(os.Getenv("ATTACHE_SOAK")); err == nil {
		sessions = n
	}
	dir := gvisortest.Dir(t)
	gvisortest.Python(t)
	var before, after footprint
	t.Run("host", func(t *testing.T) {
		h := gvisortest.OpenIn(t, dir, gvisor.Options{Pool: 2, Max: 8, Idle: 500 * time.Millisecond})
		one := func(user int, code string) (sandbox.Result, error) {
			return h.Run(context.Background(), sandbox.Key{User: uint64(user), Conversation: "soak"}, sandbox.Cell{Code: code})
		}
		one(1, "1")
		awaitRest(t, h, 2) // a sandbox that waits has six descriptors
		before = measure(t, dir)

		var kills atomic.Int64
		var killer sync.WaitGroup
		kill := func() { // as often as code runs, so that a busy machine gets as far
			time.Sleep(time.Duration(rand.IntN(500)) * time.Millisecond)
			if pids := gvisortest.Sandboxes(); len(pids) > 0 {
				syscall.Kill(pids[rand.IntN(len(pids))], syscall.SIGKILL)
				kills.Add(1)
			}
		}
		outcomes := map[sandbox.Outcome]int{}
		var mu sync.Mutex
		run := func(user int) {
			n := rand.IntN(1000)
			if n%3 != 0 {
				killer.Go(kill)
			}
			res, err := one(user, fmt.Sprintf("x = %d\nopen('f.txt', 'w').write('x' * x)\nprint(x)", n))
			if err == nil && res.Outcome == sandbox.OK && res.Output != fmt.Sprintf("%d\n", n) {
				t.Errorf("%+v", res)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Logf("refused: %v", err)
				outcomes["refused"]++
			} else {
				outcomes[res.Outcome]++
			}
			if rand.IntN(2) == 0 {
				if err := h.Reset(context.Background(), sandbox.Key{User: uint64(user), Conversation: "soak"}); err != nil {
					t.Errorf("reset: %v", err)
				}
			}
		}
		for i := range sessions {
			run(100 + i)
		}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				for range max(1, sessions/50) {
					run(10_000 + i)
				}
			})
		}
		wg.Wait()
		killer.Wait()
		t.Logf("%d sessions, %d kills: %v", sessions, kills.Load(), outcomes)
		if outcomes[sandbox.OK] < sessions/2 || kills.Load() == 0 {
			t.Errorf("outcomes %v", outcomes)
		}
		for i := range sessions {
			h.Reset(context.Background(), sandbox.Key{User: uint64(100 + i), Conversation: "soak"})
		}
		for i := range 20 {
			h.Reset(context.Background(), sandbox.Key{User: uint64(10_000 + i), Conversation: "soak"})
		}
		h.Reset(context.Background(), sandbox.Key{User: 1, Conversation: "soak"})
		awaitRest(t, h, 2)
		after = measure(t, dir)
		for end := time.Now().Add(time.Minute); after.fds > before.fds+2 && time.Now().Before(end); {
			after = measure(t, dir) // what was killed last is still being closed
		}
		if after.fds > before.fds+2 {
			logOpenFiles(t)
		}
	})
	if after.fds > before.fds+2 || after.goroutines > before.goroutines+4 || after.mounts != before.mounts || after.memory > before.memory+32<<20 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	gvisortest.AwaitNoSandboxes(t)
	left := leftIn(dir)
	for end := time.Now().Add(time.Minute); len(left) > 0 && time.Now().Before(end); left = leftIn(dir) {
		time.Sleep(50 * time.Millisecond) // runsc still clears away what was killed last
	}
	for _, path := range left {
		t.Errorf("left: %s", path)
	}
}

// awaitRest waits until a host has no session, and its pool is full.
func awaitRest(t *testing.T, h *gvisor.Host, pool int) {
	t.Helper()
	sandboxtest.AwaitNoSessions(t, h)
	for end := time.Now().Add(time.Minute); h.Stats().Ready < pool; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d of %d sandboxes are ready", h.Stats().Ready, pool)
		}
	}
}

// leftIn returns what is left of sandboxes in a host's folder.
func leftIn(dir string) (left []string) {
	for _, sub := range []string{"run", "state", "sessions"} {
		filepath.WalkDir(filepath.Join(dir, sub), func(path string, d os.DirEntry, err error) error {
			if err == nil && path != filepath.Join(dir, sub) {
				left = append(left, path)
			}
			return nil
		})
	}
	return left
}

func logOpenFiles(t *testing.T) {
	fds, _ := os.ReadDir("/proc/self/fd")
	for _, fd := range fds {
		to, _ := os.Readlink("/proc/self/fd/" + fd.Name())
		t.Logf("descriptor %s: %s", fd.Name(), to)
	}
}

type footprint struct {
	fds, goroutines, mounts int
	memory                  int64
}

// measure takes the footprint when it has settled; of mounts, those in dir. The
// descriptors of databases are not counted: as many connections stay open as were
// needed at once.
func measure(t *testing.T, dir string) footprint {
	t.Helper()
	runtime.GC()
	time.Sleep(300 * time.Millisecond)
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	open := 0
	for _, fd := range fds {
		if to, _ := os.Readlink("/proc/self/fd/" + fd.Name()); !strings.Contains(to, ".db") {
			open++
		}
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{fds: open, goroutines: runtime.NumGoroutine(), mounts: strings.Count(string(mounts), " "+dir), memory: int64(m.HeapInuse)}
}

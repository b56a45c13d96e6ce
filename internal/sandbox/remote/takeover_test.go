package remote_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/attachebot/attache/internal/nats"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/remote"
)

// The next question of a session whose worker is killed is answered elsewhere while
// its lease lasts; a cell that it was in is told to be lost, and not run again.
func TestTakeOver(t *testing.T) {
	for _, name := range []string{"idle", "in a call"} {
		t.Run(name, func(t *testing.T) { takeOver(t, name == "in a call") })
	}
}

func takeOver(t *testing.T, busy bool) {
	remote.SetLeaseTime(5 * time.Minute) // nobody waits for its end
	t.Cleanup(func() { remote.SetLeaseTime(remote.LeaseTime) })
	f := openFarm(t, nil)
	kill := f.addProcess("a")
	if res := f.run(1, ""); res.Output != "a 1" {
		t.Fatalf("%+v", res)
	}
	b, _ := f.add("b", 4)
	ended := make(chan sandbox.Result, 1)
	if busy {
		began := make(chan struct{})
		go func() {
			res, err := f.Run(context.Background(), key(1), sandbox.Cell{Code: "sleep 1m", Status: func(s sandbox.Status) {
				if s.State == sandbox.Running {
					close(began)
				}
			}})
			if err != nil {
				t.Error(err)
			}
			ended <- res
		}()
		<-began
	}
	began := time.Now()
	kill()
	if busy {
		if res := <-ended; res.Outcome != sandbox.Crashed || !res.Lost || !strings.Contains(res.Error, "not run again") {
			t.Errorf("%+v", res)
		}
	}
	res := f.run(1, "")
	t.Logf("answered elsewhere after %s", time.Since(began).Round(time.Millisecond))
	if leases, err := f.store.Leases(context.Background(), "worker/a"); err != nil || len(leases) != 1 {
		t.Errorf("the lease of the dead one is over: %v, %v", leases, err)
	}
	if res.Output != "b 1" || !strings.Contains(fmt.Sprint(res.Notes), "lost: all variables") || b.ran.Load() != 1 {
		t.Errorf("%+v, %d cells on b", res, b.ran.Load())
	}
}

// addProcess starts a worker with a counting driver in a process of its own, which
// knows nothing but the line of its invitation.
func (f *farm) addProcess(name string) (kill func()) {
	f.t.Helper()
	line, err := nats.Invite(context.Background(), f.store, name, f.server.Addr())
	if err != nil {
		f.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestWorkerProcess$", "-test.v")
	cmd.Env = append(os.Environ(), "ATTACHE_TEST_INVITE="+line, "ATTACHE_TEST_DIR="+f.t.TempDir())
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return func() {
		leases, err := f.store.Leases(context.Background(), "worker/"+name)
		if err != nil || len(leases) != 1 {
			f.t.Fatalf("%+v, %v", leases, err)
		}
		cmd.Process.Kill()
		cmd.Wait()
		for { // the server has noticed
			if _, err := f.nc.Request("att.w."+name+"."+leases[0].Holder+".ping", nil, time.Second); errors.Is(err, natsgo.ErrNoResponders) {
				return
			}
		}
	}
}

func TestWorkerProcess(t *testing.T) {
	line, dir := os.Getenv("ATTACHE_TEST_INVITE"), os.Getenv("ATTACHE_TEST_DIR")
	if line == "" {
		t.Skip("a helper of TestTakeOver")
	}
	nc, name, err := nats.Join(line, nil)
	if err != nil {
		t.Fatal(err)
	}
	open := func(context.Context) (remote.Local, error) { return newCounting(name), nil }
	w, err := remote.NewWorker(nc, name, filepath.Join(dir, "epochs"), open, remote.WorkerOptions{Max: 16})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(w.Run(context.Background()))
}

// Two hundred sessions on three workers keep their states, and the workers share them.
func TestManySessions(t *testing.T) {
	const sessions, cells = 200, 10
	f := openFarm(t, nil)
	for _, name := range []string{"a", "b", "c"} {
		f.addProcess(name)
	}
	for all := 0; all < 3; {
		reports, err := remote.Workers(t.Context(), f.store)
		if err != nil {
			t.Fatal(err)
		}
		all = len(reports)
	}
	time.Sleep(1200 * time.Millisecond) // all have reported to the driver
	var wg sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	on := map[string]int{}
	began := time.Now()
	for n := range sessions {
		wg.Go(func() {
			name := ""
			for i := range cells {
				began := time.Now()
				res, err := f.Run(context.Background(), key(n+1), sandbox.Cell{Code: "print 20", Output: func(string) {}})
				at, count, _ := strings.Cut(res.Output, " ")
				if err != nil || count != strconv.Itoa(i+1) || name != "" && at != name || len(res.Notes) > 0 {
					t.Errorf("session %d, cell %d: %+v, %v", n, i, res, err)
				}
				name = at
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
			}
			mu.Lock()
			on[name]++
			mu.Unlock()
		})
	}
	wg.Wait()
	all := time.Since(began)
	slices.Sort(took)
	t.Logf("%d sessions on %v: %d cells in %s, %.0f a second; half of the cells within %s", sessions, on, len(took), all.Round(time.Millisecond),
		float64(len(took))/all.Seconds(), took[len(took)/2].Round(time.Microsecond))
	if len(on) != 3 {
		t.Errorf("the workers have %v sessions", on)
	}
}

package clustertest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

const (
	childEnv = "ATTACHE_CLUSTER_CHILD"
	raceTTL  = 400 * time.Millisecond
)

// Child does in a process of its own what Race asks for; the test that calls it
// is skipped otherwise. Its name is what Race is told.
func Child(t *testing.T, open func(t *testing.T, where string) cluster.Store) {
	where := os.Getenv(childEnv)
	if where == "" {
		t.Skip("only as a process of the race")
	}
	s := open(t, where)
	key := sandbox.Key{User: 1, Conversation: "race"}
	holder := fmt.Sprint("pid-", os.Getpid())
	for {
		l, err := s.Acquire(t.Context(), "race", holder, raceTTL, "")
		if err != nil {
			if !fault.Is(err, fault.Exists) {
				fmt.Println("failed", err)
			}
			time.Sleep(5 * time.Millisecond)
			continue
		}
		// The work under the lease: a counter in the record, guarded by what was read.
		for range 3 {
			r, err := s.Session(t.Context(), key)
			if err != nil || r.Generation > l.Generation {
				break
			}
			r.Generation, r.Worker = l.Generation, holder
			if r, err = s.SaveSession(t.Context(), r); err != nil {
				break
			}
			fmt.Println("did", r.Revision, l.Generation, holder)
			time.Sleep(2 * time.Millisecond)
		}
		if l.Generation%2 == 0 {
			s.Release(t.Context(), l) // the others go on until it ends
		} else {
			time.Sleep(raceTTL)
		}
	}
}

// Race has processes compete for one lease while some of them are stopped for
// longer than it lasts, and others killed. Test is the name of the test that
// calls Child. Every change counts once, and none of an older generation
// after one of a newer.
func Race(t *testing.T, test, where string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	type change struct {
		revision, generation uint64
		holder               string
	}
	var mu sync.Mutex
	var changes []change
	start := func() *exec.Cmd {
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+test+"$", "-test.v")
		cmd.Env = append(os.Environ(), childEnv+"="+where)
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for lines := bufio.NewScanner(out); lines.Scan(); {
				var c change
				if n, _ := fmt.Sscanf(lines.Text(), "did %d %d %s", &c.revision, &c.generation, &c.holder); n == 3 {
					mu.Lock()
					changes = append(changes, c)
					mu.Unlock()
				} else if strings.HasPrefix(lines.Text(), "failed") {
					t.Error(lines.Text())
				}
			}
		}()
		return cmd
	}
	children := make([]*exec.Cmd, 6)
	for i := range children {
		children[i] = start()
	}
	stop := func() {
		for _, c := range children {
			c.Process.Kill()
			c.Wait()
		}
	}
	defer stop()
	for i := range 8 {
		c := children[i%len(children)]
		c.Process.Signal(syscall.SIGSTOP)
		time.Sleep(2 * raceTTL)
		c.Process.Signal(syscall.SIGCONT)
		if i%4 == 3 {
			c.Process.Kill()
			c.Wait()
			children[i%len(children)] = start()
		}
	}
	stop()
	mu.Lock()
	defer mu.Unlock()
	slices.SortFunc(changes, func(a, b change) int { return int(a.revision) - int(b.revision) })
	holders := map[uint64]string{}
	for i, c := range changes {
		if i > 0 && c.revision == changes[i-1].revision {
			t.Errorf("revision %d was written by %s and %s", c.revision, changes[i-1].holder, c.holder)
		}
		if i > 0 && c.generation < changes[i-1].generation {
			t.Errorf("revision %d is of generation %d, the one before of %d", c.revision, c.generation, changes[i-1].generation)
		}
		if h := holders[c.generation]; h != "" && h != c.holder {
			t.Errorf("generation %d was %s's and %s's", c.generation, h, c.holder)
		}
		holders[c.generation] = c.holder
	}
	if len(holders) < 8 {
		t.Errorf("only %d generations did %d changes", len(holders), len(changes))
	}
}

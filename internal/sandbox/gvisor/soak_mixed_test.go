package gvisor_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// TestSoakMixed lets people work while others attack and are stopped, and measures
// the host at rest after each round: memory, disk, descriptors and goroutines do
// not grow. ATTACHE_SOAK_MINUTES is how long it goes on in rounds of a minute, in
// which everybody thinks for some seconds between two questions; two short rounds
// without a pause are made without it.
func TestSoakMixed(t *testing.T) {
	round, rounds, limit, thinking := 2*time.Second, 2, 2*time.Second, time.Duration(0)
	if n, err := strconv.Atoi(os.Getenv("ATTACHE_SOAK_MINUTES")); err == nil {
		round, rounds, limit, thinking = time.Minute, max(n, 2), 3*time.Second, 5*time.Second
	}
	dir := gvisortest.Dir(t)
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Pool: 1, Max: 6, Idle: 300 * time.Millisecond, Limits: sandbox.Limits{Time: limit}})
	run := func(ctx context.Context, user uint64, code string) sandbox.Result {
		res, err := h.Run(ctx, sandbox.Key{User: user, Conversation: "soak"}, sandbox.Cell{Code: code})
		if err != nil && ctx.Err() == nil {
			t.Errorf("user %d: %v", user, err)
		}
		return res
	}
	pause := func(most time.Duration) { time.Sleep(time.Duration(rand.Int64N(int64(most) + 1))) }
	names := slices.Sorted(maps.Keys(attacks))
	one := func() map[sandbox.Outcome]int {
		var mu sync.Mutex
		outcomes := map[sandbox.Outcome]int{}
		count := func(o sandbox.Outcome) {
			mu.Lock()
			defer mu.Unlock()
			outcomes[o]++
		}
		over, cancel := context.WithTimeout(t.Context(), round)
		defer cancel()
		var all sync.WaitGroup
		for user := range uint64(3) {
			all.Go(func() {
				for ; over.Err() == nil; pause(thinking) {
					n := rand.IntN(1000)
					res := run(t.Context(), user, fmt.Sprintf("x = %d\nopen('f.txt', 'w').write('x' * x)\nprint(x)", n))
					if want := fmt.Sprintf("%d\n", n); res.Outcome != sandbox.OK || res.Output != want {
						t.Errorf("user %d: %+v", user, res)
					}
					if count(res.Outcome); rand.IntN(5) == 0 {
						time.Sleep(600 * time.Millisecond) // it is stored
					}
					if rand.IntN(20) == 0 {
						h.Reset(context.Background(), sandbox.Key{User: user, Conversation: "soak"})
					}
				}
			})
		}
		for user := uint64(10); user < 12; user++ {
			all.Go(func() {
				for ; over.Err() == nil; pause(6 * thinking) {
					ctx, stop := context.WithCancel(t.Context())
					if rand.IntN(2) == 0 {
						time.AfterFunc(time.Duration(rand.IntN(1500))*time.Millisecond, stop)
					}
					count(run(ctx, user, attackStart+attacks[names[rand.IntN(len(names))]]).Outcome)
					stop()
				}
			})
		}
		all.Wait()
		return outcomes
	}
	var first footprint
	var firstDisk int64
	for i := range rounds {
		outcomes := one()
		awaitRest(t, h, 1)
		now, disk := measure(t, dir), wheels.DiskBytes(dir)
		for end := time.Now().Add(time.Minute); i > 0 && now.fds > first.fds+4 && time.Now().Before(end); {
			now = measure(t, dir) // what was killed last is still being closed
		}
		t.Logf("round %d: %v; %d MB of memory, %d MB on disk, %d descriptors, %d goroutines", i+1, outcomes, now.memory>>20, disk>>20, now.fds, now.goroutines)
		if i == 0 {
			first, firstDisk = now, disk
			continue
		}
		if now.fds > first.fds+4 || now.goroutines > first.goroutines+8 || now.mounts != first.mounts || now.memory > first.memory+48<<20 || disk > firstDisk+64<<20 {
			t.Errorf("after the first round %+v and %d MB on disk, after round %d %+v and %d MB", first, firstDisk>>20, i+1, now, disk>>20)
		}
	}
}

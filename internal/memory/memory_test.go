package memory

import (
	"context"
	"sync"
	"testing"
	"time"
)

const (
	all    = 128 << 20
	atOnce = 4
)

func TestOnePersonHoldsNobodyUp(t *testing.T) {
	q := New(all, atOnce)
	release, err := q.Wait(t.Context(), 1, all/2)
	if err != nil {
		t.Fatal(err)
	}
	var waiting sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for range 50 {
		waiting.Go(func() {
			if _, err := q.Wait(ctx, 1, all/2); err != context.Canceled {
				t.Errorf("a second turn of the same person: %v", err)
			}
		})
	}
	for owner := uint64(2); owner < 20; owner++ {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		done, err := q.Wait(ctx, owner, all/2)
		cancel()
		if err != nil {
			t.Fatalf("person %d waits: %v", owner, err)
		}
		done()
	}
	cancel()
	waiting.Wait()
	release()
	if len(q.busy) != 0 {
		t.Errorf("%d people are still busy", len(q.busy))
	}
	done, err := q.Wait(t.Context(), 1, 2*all)
	if err != nil {
		t.Fatal(err)
	}
	done()
}

func TestTurnsAreBounded(t *testing.T) {
	q := New(all, atOnce)
	waits := func(owner uint64, bytes int64) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := q.Wait(ctx, owner, bytes); err != context.DeadlineExceeded {
			t.Errorf("person %d has a turn: %v", owner, err)
		}
	}
	for _, many := range [][]int64{{1, 1, 1, 1}, {all / 2, all / 2}, {all}} {
		var done []func()
		for i, bytes := range many {
			release, err := q.Wait(t.Context(), uint64(i+1), bytes)
			if err != nil {
				t.Fatal(err)
			}
			done = append(done, release)
		}
		waits(99, 1)
		for _, release := range done {
			release()
		}
	}
}

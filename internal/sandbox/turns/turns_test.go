package turns

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// One user who asks for much does not starve another.
func TestSlotsAreFair(t *testing.T) {
	s := New(1)
	ctx := context.Background()
	if err := s.Acquire(ctx, 1, func() { t.Error("full") }, func(int) {}); err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 10)
	var wg sync.WaitGroup
	ask := func(user uint64, name string) {
		queued := make(chan bool, 1)
		wg.Go(func() {
			if err := s.Acquire(ctx, user, func() { queued <- true }, func(int) {}); err != nil {
				t.Error(err)
			}
			order <- name
			s.Release()
		})
		<-queued
	}
	for i := range 4 {
		ask(1, fmt.Sprintf("a%d", i))
	}
	ask(2, "b0")
	ask(3, "c0")
	ask(2, "b1")
	s.Release()
	wg.Wait()
	close(order)
	var got []string
	for n := range order {
		got = append(got, n)
	}
	if fmt.Sprint(got) != "[a0 b0 c0 a1 b1 a2 a3]" {
		t.Errorf("order %v", got)
	}
	if s.Available() != 1 || s.Waits() {
		t.Errorf("%d free", s.Available())
	}
}

func TestSlotsTellPlaces(t *testing.T) {
	s := New(0)
	ctx, cancel := context.WithCancel(context.Background())
	places := make(chan int, 20)
	var wg sync.WaitGroup
	wait := func(user uint64, on func(int)) {
		queued := make(chan bool, 1)
		wg.Go(func() { s.Acquire(ctx, user, func() { queued <- true }, on) })
		<-queued
	}
	wait(1, func(int) {})
	wait(1, func(int) {})
	wait(2, func(n int) { places <- n })
	if n := <-places; n != 2 {
		t.Errorf("place %d, want 2", n)
	}
	s.Release()
	if n := <-places; n != 1 {
		t.Errorf("place %d, want 1", n)
	}
	cancel()
	wg.Wait()
}

// A waiter who leaves takes no place along, whenever it leaves.
func TestSlotsAndLeavers(t *testing.T) {
	s := New(2)
	var wg sync.WaitGroup
	for i := range 400 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeoutCause(context.Background(), time.Duration(i%20)*100*time.Microsecond, errors.New("left"))
			defer cancel()
			if s.Acquire(ctx, uint64(i%5), func() {}, func(int) {}) == nil {
				time.Sleep(50 * time.Microsecond)
				s.Release()
			}
		})
	}
	wg.Wait()
	if s.Available() != 2 || s.Waits() || len(s.waiting) != 0 {
		t.Errorf("%d free, %v waiting", s.Available(), s.waiting)
	}
}

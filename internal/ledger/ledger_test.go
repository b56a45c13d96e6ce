package ledger_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sqlite"
)

const anna, ben = 7, 8

func open(t *testing.T) ledger.Store {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "attache.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return sqlite.NewChats(db)
}

// What is put aside counts until it is given back, once.
func TestReserve(t *testing.T) {
	now := time.Date(2026, 11, 22, 20, 48, 0, 0, time.UTC)
	l := ledger.New(open(t), ledger.Options{Now: func() time.Time { return now }, Budgets: func() ledger.Budgets {
		return ledger.Budgets{UserTokens: 1000, GlobalCost: ledger.Dollar}
	}})
	est := ledger.Usage{Input: 500, Output: 100, Cost: ledger.Dollar / 2}
	left, release, err := l.Reserve(t.Context(), anna, est)
	if err != nil || left.Tokens != 1000 || left.Cost != ledger.Dollar {
		t.Fatalf("%+v, %v", left, err)
	}
	_, _, err = l.Reserve(t.Context(), anna, est)
	if want := "Your daily budget is used up: 600 of 1,000 tokens are spent, and this takes about 600. It resets at 00:00 UTC, in 3 h 12 min."; !fault.Is(err, fault.Exhausted) || fault.Message(err) != want {
		t.Errorf("got %v", err)
	}
	for code, want := range map[string]string{"de": "600 von 1,000 Tokens", "ja": "3時間 12分"} {
		if said := fault.In(err, locale.For(code).T); !strings.Contains(said, want) {
			t.Errorf("%q is not in %s", want, said)
		}
	}
	if _, _, err = l.Reserve(t.Context(), ben, ledger.Usage{Cost: ledger.Dollar * 2 / 3}); !fault.Is(err, fault.Exhausted) || !strings.Contains(err.Error(), "all users") {
		t.Errorf("got %v", err)
	}
	release()
	release()
	if left, release, err = l.Reserve(t.Context(), anna, est); err != nil || left.Tokens != 1000 || left.Cost != ledger.Dollar {
		t.Errorf("%+v, %v", left, err)
	}
	// The real usage takes the place of the estimate.
	l.Add(t.Context(), ledger.Usage{User: anna, Model: "m", Day: ledger.Day(now), Requests: 1, Input: 300})
	release()
	b, err := l.Budget(t.Context(), anna)
	if err != nil || b.Today.Tokens() != 300 || b.TokenLimit != 1000 || !b.ResetsAt.Equal(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", b, err)
	}
	if left, _, err = l.Reserve(t.Context(), anna, est); err != nil || left.Tokens != 700 {
		t.Errorf("%+v, %v", left, err)
	}
}

// broken is a store that takes no usage for a while.
type broken struct {
	ledger.Store
	on atomic.Bool
}

func (b *broken) AddUsage(ctx context.Context, u ledger.Usage) error {
	if b.on.Load() {
		return errors.New("the disk is gone")
	}
	return b.Store.AddUsage(ctx, u)
}

func TestUsageOutlivesAStoreThatFails(t *testing.T) {
	store := &broken{Store: open(t)}
	l := ledger.New(store, ledger.Options{})
	store.on.Store(true)
	for range 2 {
		l.Add(t.Context(), ledger.Usage{User: anna, Model: "m", Day: "2026-11-22", Requests: 1})
	}
	if err := l.Flush(t.Context()); err == nil {
		t.Error("nothing is pending")
	}
	store.on.Store(false)
	if err := l.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	rows, err := l.Usage(t.Context(), ledger.Query{})
	if err != nil || len(rows) != 1 || rows[0].Requests != 2 {
		t.Errorf("%+v, %v", rows, err)
	}
}

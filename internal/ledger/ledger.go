// Package ledger keeps what requests to models cost, and watches over daily
// budgets.
package ledger

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// Options bend a [Ledger]. The zero value works: there is no budget.
type Options struct {
	Budgets func() Budgets // of now; nil: no limits

	Location *time.Location   // of times told to people; default UTC
	Log      *slog.Logger     // of what the store did not take; nil: none
	Now      func() time.Time // nil: time.Now
}

// Budgets bound what is used in one day of UTC. 0: no limit.
type Budgets struct {
	UserCost   NanoDollars // of one user
	UserTokens int64       // the same in tokens, input and output
	GlobalCost NanoDollars // of all users together
}

// Ledger keeps usage. It is safe for concurrent use.
type Ledger struct {
	store Store
	opts  Options

	mu       sync.Mutex
	pending  []Usage // that the store did not take yet
	reserved map[files.UserID]Usage
	all      Usage // sum of reserved
}

// New returns a ledger of what a store holds.
func New(store Store, o Options) *Ledger {
	if o.Budgets == nil {
		o.Budgets = func() Budgets { return Budgets{} }
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Ledger{store: store, opts: o, reserved: map[files.UserID]Usage{}}
}

// Usage returns what was used. See [Query].
func (l *Ledger) Usage(ctx context.Context, q Query) ([]Usage, error) { return l.store.Usage(ctx, q) }

// Budget is how a user stands today. A limit of 0 is none.
type Budget struct {
	Today      Usage // of the user, since 00:00 UTC
	CostLimit  NanoDollars
	TokenLimit int64
	ResetsAt   time.Time // the next 00:00 UTC
}

// Budget returns how the user stands today.
func (l *Ledger) Budget(ctx context.Context, user files.UserID) (Budget, error) {
	now := l.opts.Now().UTC()
	today, err := l.today(ctx, user, now)
	o := l.opts.Budgets()
	return Budget{today, o.UserCost, o.UserTokens, nextDay(now)}, err
}

func nextDay(now time.Time) time.Time { return now.Truncate(24 * time.Hour).Add(24 * time.Hour) }

// today sums up what a user (0: everybody) used since midnight.
func (l *Ledger) today(ctx context.Context, user files.UserID, now time.Time) (Usage, error) {
	day := Day(now)
	rows, err := l.store.Usage(ctx, Query{User: user, From: day, To: day})
	if err != nil || len(rows) == 0 {
		return Usage{}, err
	}
	return rows[0], nil
}

// Allowance is what a request may take at most.
type Allowance struct {
	Tokens int64
	Cost   NanoDollars
}

// Unlimited is an allowance without a bound.
var Unlimited = Allowance{math.MaxInt64, math.MaxInt64}

// Reserve puts the estimate of a request aside if the budgets allow it. It
// returns the most that the request may take, and a function that gives the
// estimate back: call it when the real usage is added. An error of kind
// Exhausted says which budget is used up, and until when.
func (l *Ledger) Reserve(ctx context.Context, user files.UserID, est Usage) (left Allowance, release func(), err error) {
	o := l.opts.Budgets()
	left = Unlimited
	if o.UserCost <= 0 && o.UserTokens <= 0 && o.GlobalCost <= 0 {
		return left, func() {}, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.opts.Now().UTC()
	if o.UserCost > 0 || o.UserTokens > 0 {
		spent, err := l.today(ctx, user, now)
		if err != nil {
			return left, nil, err
		}
		spent = spent.Plus(l.reserved[user])
		if limit := o.UserCost; limit > 0 {
			if left.Cost = limit - spent.Cost; est.Cost > left.Cost {
				return left, nil, l.usedUp(now, yours, spent.Cost.String(), limit.String(), est.Cost.String())
			}
		}
		if limit := o.UserTokens; limit > 0 {
			if left.Tokens = limit - spent.Tokens(); est.Tokens() > left.Tokens {
				return left, nil, l.usedUp(now, yours, humanize.Comma(spent.Tokens()), locale.Later("%s tokens", humanize.Comma(limit)), humanize.Comma(est.Tokens()))
			}
		}
	}
	if limit := o.GlobalCost; limit > 0 {
		spent, err := l.today(ctx, 0, now)
		if err != nil {
			return left, nil, err
		}
		spent.Cost += l.all.Cost
		if left.Cost = min(left.Cost, limit-spent.Cost); est.Cost > limit-spent.Cost {
			return left, nil, l.usedUp(now, shared, spent.Cost.String(), limit.String(), est.Cost.String())
		}
	}
	l.reserve(user, est)
	return left, sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.reserve(user, Usage{Input: -est.Input, Output: -est.Output, Cost: -est.Cost})
	}), nil
}

var (
	yours  = locale.Key("Your daily budget is used up: %s of %s are spent, and this takes about %s. It resets at %s, in %s.")
	shared = locale.Key("The daily budget that all users of this bot share is used up: %s of %s are spent, and this takes about %s. It resets at %s, in %s.")
)

func (l *Ledger) usedUp(now time.Time, sentence, spent string, limit any, need string) error {
	resets := nextDay(now)
	return fault.New(fault.Exhausted, sentence, spent, limit, need, locale.Clock{Time: resets.In(l.opts.Location)}, hours(resets.Sub(now)))
}

// hours writes what is left of a day, rounded up: "14 h", "3 h 12 min", "5 min".
func hours(d time.Duration) locale.Measured {
	minutes := max(int((d+time.Minute-1)/time.Minute), 1)
	text := fmt.Sprintf("%d min", minutes)
	switch h := minutes / 60; {
	case h == 0:
	case h < 10:
		text = fmt.Sprintf("%d h %d min", h, minutes%60)
	default:
		text = fmt.Sprintf("%d h", h)
	}
	return locale.Measured(text)
}

// reserve changes what is put aside for a user. l.mu is held.
func (l *Ledger) reserve(user files.UserID, u Usage) {
	u = Usage{Input: u.Input, Output: u.Output, Cost: u.Cost}
	sum := l.reserved[user].Plus(u)
	if l.reserved[user] = sum; sum == (Usage{}) {
		delete(l.reserved, user)
	}
	l.all = l.all.Plus(u)
}

// Add keeps usage. When it returns, that is on the disk: each store waits for it. So
// what an answer took is kept before the answer is at its end, also over a power cut.
// What the store does not take now is kept in memory, and tried again at the next Add
// or Flush.
func (l *Ledger) Add(ctx context.Context, u Usage) {
	l.mu.Lock()
	l.pending = append(l.pending, u)
	l.mu.Unlock()
	if err := l.Flush(ctx); err != nil {
		l.opts.Log.Warn("usage is not stored yet", "error", err)
	}
}

// Flush stores what the store did not take before.
func (l *Ledger) Flush(ctx context.Context) error {
	for {
		l.mu.Lock()
		if len(l.pending) == 0 {
			l.mu.Unlock()
			return nil
		}
		u := l.pending[0]
		l.pending = l.pending[1:]
		l.mu.Unlock()
		if err := l.store.AddUsage(ctx, u); err != nil {
			l.mu.Lock()
			l.pending = append(l.pending, u)
			l.mu.Unlock()
			return err
		}
	}
}

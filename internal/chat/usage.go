package chat

import (
	"cmp"
	"context"
	"math"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
)

// assumedOutput is how many tokens an answer is expected to have when it is
// decided whether a budget allows the request.
const assumedOutput = 500

// nearBound is how many tokens of output the bounds must leave for a request
// to be made without a limit of its own.
const nearBound = 32_000

// ledger keeps what requests cost, and watches over the daily budgets.
type ledger struct {
	store Store
	opts  Options

	mu       sync.Mutex
	pending  []Usage // that the store did not take yet
	reserved map[files.UserID]Usage
	all      Usage // sum of reserved
}

const dayLayout = "2006-01-02"

// Usage returns what was used, for /usage. See UsageQuery.
func (e *Engine) Usage(ctx context.Context, q UsageQuery) ([]Usage, error) {
	rows, err := e.store.Usage(ctx, q)
	return rows, err
}

// Budget is how a user stands today. A limit of 0 is none.
type Budget struct {
	Today      Usage // of the user, since 00:00 UTC
	CostLimit  Nano
	TokenLimit int64
	Frees      time.Time // the next 00:00 UTC
}

// Budget returns how the user stands today.
func (e *Engine) Budget(ctx context.Context, user files.UserID) (Budget, error) {
	now := e.opts.Now().UTC()
	today, err := e.ledger.today(ctx, user, now)
	return Budget{today, e.opts.UserDailyCost, e.opts.UserDailyTokens, nextDay(now)}, err
}

func nextDay(now time.Time) time.Time { return now.Truncate(24 * time.Hour).Add(24 * time.Hour) }

// today sums up what a user (0: everybody) used since midnight.
func (l *ledger) today(ctx context.Context, user files.UserID, now time.Time) (Usage, error) {
	day := now.Format(dayLayout)
	rows, err := l.store.Usage(ctx, UsageQuery{User: user, From: day, To: day})
	if err != nil || len(rows) == 0 {
		return Usage{}, err
	}
	return rows[0], nil
}

// allowance is what a request may take at most.
type allowance struct {
	tokens int64
	cost   Nano
}

var unlimited = allowance{math.MaxInt64, math.MaxInt64}

// reserve puts the estimate of a request aside if the budgets allow it, and
// returns what the request may take at most, and how to give the estimate back
// when it is accounted for.
func (l *ledger) reserve(ctx context.Context, user files.UserID, est Usage) (left allowance, release func(), err error) {
	left = unlimited
	if l.opts.UserDailyCost <= 0 && l.opts.UserDailyTokens <= 0 && l.opts.GlobalDailyCost <= 0 {
		return left, func() {}, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.opts.Now().UTC()
	if l.opts.UserDailyCost > 0 || l.opts.UserDailyTokens > 0 {
		spent, err := l.today(ctx, user, now)
		if err != nil {
			return left, nil, err
		}
		spent.add(l.reserved[user])
		if limit := l.opts.UserDailyCost; limit > 0 {
			if left.cost = limit - spent.Cost; est.Cost > left.cost {
				return left, nil, l.used(now, "Your daily budget", spent.Cost.String(), limit.String(), est.Cost.String())
			}
		}
		if limit := l.opts.UserDailyTokens; limit > 0 {
			if left.tokens = limit - spent.Tokens(); est.Tokens() > left.tokens {
				return left, nil, l.used(now, "Your daily budget", humanize.Comma(spent.Tokens()), humanize.Comma(limit)+" tokens", humanize.Comma(est.Tokens()))
			}
		}
	}
	if limit := l.opts.GlobalDailyCost; limit > 0 {
		spent, err := l.today(ctx, 0, now)
		if err != nil {
			return left, nil, err
		}
		spent.Cost += l.all.Cost
		if left.cost = min(left.cost, limit-spent.Cost); est.Cost > limit-spent.Cost {
			return left, nil, l.used(now, "The daily budget that all users of this bot share", spent.Cost.String(), limit.String(), est.Cost.String())
		}
	}
	l.change(user, est, 1)
	return left, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.change(user, est, -1)
	}, nil
}

func (l *ledger) used(now time.Time, what, spent, limit, need string) error {
	frees := nextDay(now)
	return fault.New(fault.Exhausted, "%s is used up: %s of %s are spent, and this takes about %s. It frees at %s, in %s.",
		what, spent, limit, need, frees.In(l.opts.Location).Format("15:04 MST"), until(frees.Sub(now)))
}

func (l *ledger) change(user files.UserID, u Usage, sign int64) {
	if l.reserved == nil {
		l.reserved = map[files.UserID]Usage{}
	}
	u.Input, u.Output, u.Cost = sign*u.Input, sign*u.Output, Nano(sign)*u.Cost
	sum := l.reserved[user]
	sum.add(u)
	if l.reserved[user] = sum; sum == (Usage{}) {
		delete(l.reserved, user)
	}
	l.all.add(u)
}

// add keeps usage. What the store does not take now is kept for the next time.
func (l *ledger) add(ctx context.Context, u Usage) {
	l.mu.Lock()
	l.pending = append(l.pending, u)
	l.mu.Unlock()
	if err := l.flush(ctx); err != nil {
		l.opts.Log.Warn("usage is not stored yet", "error", err)
	}
}

func (l *ledger) flush(ctx context.Context) error {
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

func (u *Usage) add(v Usage) {
	u.Requests += v.Requests
	u.Estimated += v.Estimated
	u.Unpriced += v.Unpriced
	u.Input += v.Input
	u.Cached += v.Cached
	u.Output += v.Output
	u.Reasoning += v.Reasoning
	u.Cost += v.Cost
}

// admit decides whether a request of so many tokens may be made, by the
// bounds of the turn and by the budgets. It returns the most tokens that the
// answer may have; 0 if nothing is near that bounds it.
func (r *run) admit(ctx context.Context, round, size int) (maxOutput int, release func(), err error) {
	if r.free() {
		return 0, func() {}, nil
	}
	o := r.e.opts
	price := func(in, out int) Nano {
		cost, _ := r.e.meter(r.model).cost(llm.Usage{Input: in, Output: out}, o.Now())
		return cost
	}
	est := Usage{Input: int64(size), Output: assumedOutput, Cost: price(size, assumedOutput)}
	left := unlimited
	if o.MaxTurnTokens > 0 {
		left.tokens = o.MaxTurnTokens - int64(r.result.Usage.Input+r.result.Usage.Output)
	}
	if o.MaxTurnCost > 0 {
		left.cost = o.MaxTurnCost - r.result.Cost
	}
	switch {
	case est.Tokens() > left.tokens:
		err = fault.New(fault.TooLarge, "That takes more than the %s tokens that one answer may take.", humanize.Comma(o.MaxTurnTokens))
	case est.Cost > left.cost:
		err = fault.New(fault.TooLarge, "That costs more than the %s that one answer may cost.", o.MaxTurnCost)
	default:
		var today allowance
		today, release, err = r.e.ledger.reserve(ctx, r.turn.User, est)
		left = allowance{min(left.tokens, today.tokens), min(left.cost, today.cost)}
	}
	if err != nil && round > 1 && !fault.Is(err, fault.Unavailable) {
		// There is an answer so far: it ends here, and says why.
		r.notice(fault.Message(err))
		r.mark("", fault.Message(err))
		return 0, nil, errEnough
	}
	if err != nil {
		return 0, nil, err
	}
	output := left.tokens - est.Input
	if per := price(0, 1000); per > 0 {
		output = min(output, int64((left.cost-price(size, 0))/per)*1000)
	}
	if output < nearBound {
		return max(int(output), assumedOutput), release, nil
	}
	return 0, release, nil
}

// free tells whether the model runs here and costs nothing.
func (r *run) free() bool { return cmp.Or(r.rec.Model, r.model) == llm.BuiltinName }

// account adds up what a request took. What the API did not report is counted.
func (r *run) account(ctx context.Context, size int, reply llm.Reply, err error) {
	u := reply.Usage
	arrived := len(reply.Message.Parts)+len(reply.Message.Calls) > 0
	model := cmp.Or(r.model, reply.Model)
	if model == llm.BuiltinName || err != nil && !arrived && u == (llm.Usage{}) {
		return // it took nothing
	}
	m := r.e.meter(model)
	if u == (llm.Usage{}) {
		u = llm.Usage{Input: size, Output: m.messages([]llm.Message{reply.Message}), Estimated: true}
	}
	now := r.e.opts.Now().UTC()
	row := Usage{
		User: r.turn.User, Model: model, Day: now.Format(dayLayout), Requests: 1,
		Input: int64(u.Input), Cached: int64(u.Cached), Output: int64(u.Output), Reasoning: int64(u.Reasoning),
	}
	if u.Estimated {
		row.Estimated = 1
	}
	var known bool
	if row.Cost, known = m.cost(u, now); !known {
		row.Unpriced = 1
	}
	sum := &r.result.Usage
	sum.Input += u.Input
	sum.Cached += u.Cached
	sum.Output += u.Output
	sum.Reasoning += u.Reasoning
	sum.Estimated = sum.Estimated || u.Estimated
	r.result.Cost += row.Cost

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	r.e.ledger.add(ctx, row)
}

package chat

import (
	"cmp"
	"context"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/builtin"
)

// assumedOutput is how many tokens an answer is expected to have when it is
// decided whether a budget allows the request.
const assumedOutput = 500

// nearBound is how many tokens of output the bounds must leave for a request
// to be made without a limit of its own.
const nearBound = 32_000

// Usage returns what was used, for /usage. See ledger.Query.
func (e *Engine) Usage(ctx context.Context, q ledger.Query) ([]ledger.Usage, error) {
	return e.ledger.Usage(ctx, q)
}

// Budget returns how the user stands today.
func (e *Engine) Budget(ctx context.Context, user files.UserID) (ledger.Budget, error) {
	return e.ledger.Budget(ctx, user)
}

// Pay does something that costs a user beside their turns, and keeps what it took.
// Kind Exhausted: the estimate is more than the budgets have left; then it is not
// done.
func (e *Engine) Pay(ctx context.Context, user files.UserID, estimate ledger.NanoDollars, do func() (ledger.Usage, error)) error {
	_, release, err := e.ledger.Reserve(ctx, user, ledger.Usage{Cost: estimate})
	if err != nil {
		return err
	}
	defer release()
	u, err := do()
	if err != nil {
		return err
	}
	u.User, u.Day, u.Requests = user, ledger.Day(e.opts.Now().UTC()), 1
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	e.ledger.Add(ctx, u)
	return nil
}

// admit decides whether a request of so many tokens may be made, by the
// bounds of the turn and by the budgets. It returns the most tokens that the
// answer may have; 0 if nothing is near that bounds it.
func (r *run) admit(ctx context.Context, round, size int) (maxOutput int, release func(), err error) {
	if r.free() {
		return 0, func() {}, nil
	}
	o := r.e.opts
	price := func(in, out int) ledger.NanoDollars {
		cost, _ := r.e.meter(r.model).cost(llm.Usage{Input: in, Output: out}, o.Now())
		return cost
	}
	est := ledger.Usage{Input: int64(size), Output: assumedOutput, Cost: price(size, assumedOutput)}
	left := ledger.Unlimited
	if o.MaxTurnTokens > 0 {
		left.Tokens = o.MaxTurnTokens - int64(r.result.Usage.Input+r.result.Usage.Output)
	}
	if o.MaxTurnCost > 0 {
		left.Cost = o.MaxTurnCost - r.result.Cost
	}
	switch {
	case est.Tokens() > left.Tokens:
		err = fault.New(fault.TooLarge, "That takes more than the %s tokens that one answer may take.", humanize.Comma(o.MaxTurnTokens))
	case est.Cost > left.Cost:
		err = fault.New(fault.TooLarge, "That costs more than the %s that one answer may cost.", o.MaxTurnCost)
	default:
		var today ledger.Allowance
		today, release, err = r.e.ledger.Reserve(ctx, r.turn.User, est)
		left = ledger.Allowance{Tokens: min(left.Tokens, today.Tokens), Cost: min(left.Cost, today.Cost)}
	}
	if err != nil && round > 1 && !fault.Is(err, fault.Unavailable) {
		// There is an answer so far: it ends here, and says why.
		r.tellOnce(fault.In(err, r.turn.FrontEnd.T))
		r.mark("", fault.Message(err))
		return 0, nil, errEnough
	}
	if err != nil {
		return 0, nil, err
	}
	output := left.Tokens - est.Input
	if per := price(0, 1000); per > 0 {
		output = min(output, int64((left.Cost-price(size, 0))/per)*1000)
	}
	if output < nearBound {
		return max(int(output), assumedOutput), release, nil
	}
	return 0, release, nil
}

// free tells whether the model runs here and costs nothing.
func (r *run) free() bool { return cmp.Or(r.rec.Model, r.model) == builtin.Name }

// account adds up what a request took. What the API did not report is counted.
func (r *run) account(ctx context.Context, size int, reply llm.Reply, err error) {
	u := reply.Usage
	arrived := len(reply.Message.Parts)+len(reply.Message.Calls) > 0
	model := cmp.Or(r.model, reply.Model)
	if model == builtin.Name || err != nil && !arrived && u == (llm.Usage{}) {
		return // it took nothing
	}
	m := r.e.meter(model)
	if u == (llm.Usage{}) {
		u = llm.Usage{Input: size, Output: m.messages([]llm.Message{reply.Message}), Estimated: true}
	}
	now := r.e.opts.Now().UTC()
	row := ledger.Usage{
		User: r.turn.User, Model: model, Conversation: r.turn.Conversation, Day: ledger.Day(now), Requests: 1,
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
	r.e.ledger.Add(ctx, row)
}

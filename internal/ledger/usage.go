package ledger

import (
	"context"
	"time"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/tokens"
)

// Usage counts what requests to models took. Tokens are as the API reported
// them, or counted here for as many of the requests as Estimated says.
type Usage struct {
	User         files.UserID // 0: of several
	Model        string       // "": of several
	Day          string       // in UTC, as Day writes it; "": of several
	Conversation string       // "": of several, or of none
	Requests     int64
	Estimated    int64 // of Requests
	Unpriced     int64 // of Requests: Cost lacks them
	Input        int64 // tokens
	Cached       int64 // of Input
	Output       int64 // tokens
	Reasoning    int64 // of Output
	Cost         NanoDollars
}

// Tokens returns input and output together.
func (u Usage) Tokens() int64 { return u.Input + u.Output }

// CostText writes what is known of the cost: "$0.12", "≥ $0.12", "no price".
func (u Usage) CostText() string {
	switch {
	case u.Unpriced == 0:
		return u.Cost.String()
	case u.Unpriced == u.Requests:
		return "no price"
	}
	return "≥ " + u.Cost.String()
}

// Plus returns the sum of two usages. Who used it, which model, where and when is u's.
func (u Usage) Plus(v Usage) Usage {
	u.Requests += v.Requests
	u.Estimated += v.Estimated
	u.Unpriced += v.Unpriced
	u.Input += v.Input
	u.Cached += v.Cached
	u.Output += v.Output
	u.Reasoning += v.Reasoning
	u.Cost += v.Cost
	return u
}

// Day writes the day of a time in UTC: "2026-11-28".
func Day(t time.Time) string { return t.UTC().Format("2006-01-02") }

// Query selects and groups usage. Without a grouping the sum is one row, or
// none if there was no request.
type Query struct {
	User                   files.UserID // 0: everybody
	From, To               string       // days, both included; "": without a bound
	ByUser, ByModel, ByDay bool
	ByConversation         bool
}

// Store keeps usage. It is safe for concurrent use, also by several programs.
// Errors are of kind Unavailable. The contract is the suite in ledgertest.
type Store interface {
	// AddUsage adds to the row of the same user, model, conversation and day.
	AddUsage(ctx context.Context, u Usage) error

	// Usage returns sums, ordered by day, then user, model and conversation.
	Usage(ctx context.Context, q Query) ([]Usage, error)
}

// Cost prices a request made at a time; false if the model's price is unknown.
func Cost(m *tokens.Model, u tokens.Usage, at time.Time) (NanoDollars, bool) {
	cost, ok := m.Cost(u, at)
	return NanoDollars(cost), ok
}

package assistant

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/tokens"
)

const dayLayout = "2006-01-02"

// UsageReport is what a user, or everybody, used in the last days of UTC.
type UsageReport struct {
	Everybody     bool
	Total         ledger.Usage   // of all days
	Days          []ledger.Usage // one a day, the earliest first; a day without requests has a Day only
	Models        []ledger.Usage // one a model, the most expensive first
	Users         []ledger.Usage // one a user, the most expensive first; of Everybody only
	Conversations []ledger.Usage // one a conversation and its user, the most expensive first
	Budget        *ledger.Budget // how the user stands today; nil for Everybody
	Prices        []ModelPrice   // of the models that the user may care for, theirs first
}

// ModelPrice is what a model costs.
type ModelPrice struct {
	Model string
	Price *tokens.Price // in dollars for a million tokens
}

// Admin tells whether a user may see what everybody used.
func (a *Assistant) Admin(user files.UserID) bool { return slices.Contains(a.live().Admins, user) }

// Usage returns what a user used in so many days, today included. Everybody's is
// for admins: kind Denied.
func (a *Assistant) Usage(ctx context.Context, user files.UserID, everybody bool, days int) (UsageReport, error) {
	if everybody && !a.Admin(user) {
		return UsageReport{}, fault.New(fault.Denied, "Only the bot's admins see what everybody used.")
	}
	now := a.opts.Now().UTC()
	q := ledger.Query{User: user, From: now.AddDate(0, 0, -days+1).Format(dayLayout), ByDay: true, ByModel: true}
	if everybody {
		q.User = 0
	}
	rows, err := a.engine.Usage(ctx, q)
	if err != nil {
		return UsageReport{}, err
	}
	r := UsageReport{Everybody: everybody, Days: byDay(rows, now, days), Models: sumBy(rows, func(u ledger.Usage) string { return u.Model })}
	for _, u := range rows {
		r.Total = r.Total.Plus(u)
	}
	q.ByDay, q.ByModel, q.ByConversation, q.ByUser = false, false, true, everybody
	if r.Conversations, err = a.engine.Usage(ctx, q); err != nil {
		return UsageReport{}, err
	}
	slices.SortFunc(r.Conversations, dearest)
	if everybody {
		q.ByConversation = false
		users, err := a.engine.Usage(ctx, q)
		if err != nil {
			return UsageReport{}, err
		}
		slices.SortFunc(users, dearest)
		r.Users = users
	} else {
		budget, err := a.engine.Budget(ctx, user)
		if err != nil {
			return UsageReport{}, err
		}
		r.Budget = &budget
	}
	r.Prices = a.prices(ctx, user, rows)
	return r, nil
}

// Since returns what was used in the last so many days, today included.
func (r UsageReport) Since(days int) (sum ledger.Usage) {
	for _, u := range r.Days[max(len(r.Days)-days, 0):] {
		sum = sum.Plus(u)
	}
	return sum
}

func byDay(rows []ledger.Usage, now time.Time, days int) []ledger.Usage {
	sums := map[string]ledger.Usage{}
	for _, u := range rows {
		sums[u.Day] = sums[u.Day].Plus(u)
	}
	var out []ledger.Usage
	for i := days - 1; i >= 0; i-- {
		day := now.AddDate(0, 0, -i).Format(dayLayout)
		u := sums[day]
		u.Day, u.Model = day, ""
		out = append(out, u)
	}
	return out
}

func sumBy(rows []ledger.Usage, key func(ledger.Usage) string) (out []ledger.Usage) {
	at := map[string]int{}
	for _, u := range rows {
		k := key(u)
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, ledger.Usage{Model: u.Model})
		}
		out[i] = out[i].Plus(u)
	}
	slices.SortFunc(out, dearest)
	return out
}

// dearest sorts what cost most first.
func dearest(x, y ledger.Usage) int {
	return cmp.Or(cmp.Compare(y.Cost, x.Cost), cmp.Compare(y.Tokens(), x.Tokens()), strings.Compare(x.Model, y.Model), cmp.Compare(x.User, y.User), strings.Compare(x.Conversation, y.Conversation))
}

// maxPrices is how many models a report has the prices of.
const maxPrices = 100

func (a *Assistant) prices(ctx context.Context, user files.UserID, rows []ledger.Usage) (out []ModelPrice) {
	var names []string
	if current, err := a.engine.ModelOf(ctx, user); err == nil && current != "" {
		names = append(names, current)
	}
	for _, r := range rows {
		names = append(names, r.Model)
	}
	seen := map[string]bool{}
	for _, n := range append(names, a.engine.Models(ctx)...) {
		if p, ok := a.live().Catalog.Model(n).Price(a.opts.Now()); ok && !seen[n] && len(out) < maxPrices {
			seen[n] = true
			out = append(out, ModelPrice{n, p})
		}
	}
	return out
}

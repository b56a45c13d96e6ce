package web

import (
	"fmt"
	"strings"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/ledger"
)

// Of how much the usage is shown, the dearest first.
const (
	usageDays    = 30
	maxPeople    = 200
	maxUsedConvs = 20
	maxPrices    = 20
)

// used is a line of a table of usage.
type used struct {
	Name, Link, Cost, In, Out, Both string
	Requests                        int64
}

func (v *visit) used(name string, u ledger.Usage) used {
	return used{name, "", v.cost(u), v.lang.Number(u.Input), v.lang.Number(u.Output), v.lang.Number(u.Tokens()), u.Requests}
}

// usedDay is a day with its bar.
type usedDay struct {
	used
	Tokens, Most int64
}

// usage shows what the user used, and admins what everybody did.
func (s *Server) usage(v *visit) error {
	all := v.r.FormValue("all") != ""
	r, err := s.a.Usage(v.r.Context(), v.user, all, usageDays)
	if err != nil {
		return err
	}
	convs, err := s.usedConversations(v, r)
	if err != nil {
		return err
	}
	spans := []used{v.used(v.T("Today"), r.Since(1)), v.used(v.T("%d days", 7), r.Since(7)), v.used(v.T("%d days", usageDays), r.Since(usageDays))}
	var models, prices, users []used
	for _, u := range r.Users[:min(len(r.Users), maxPeople)] {
		users = append(users, v.used(u.User.String(), u))
	}
	for _, u := range r.Models {
		models = append(models, v.used(u.Model, u))
	}
	for _, p := range r.Prices[:min(len(r.Prices), maxPrices)] {
		prices = append(prices, used{Name: p.Model, In: fmt.Sprint(p.Price.Input), Out: fmt.Sprint(p.Price.Output)})
	}
	s.render(v.w, v.lang, "usage", s.frame(v.lang, "usage", v.T("Usage"), map[string]any{"Spans": spans, "Budget": v.budget(r.Budget), "Days": v.usedDays(r.Days), "Models": models,
		"Convs": convs, "MoreConvs": len(r.Conversations) - len(convs), "Prices": prices, "Users": users, "MoreUsers": len(r.Users) - len(users), "All": all, "Admin": s.a.Admin(v.user)}))
	return nil
}

// usedDays are the days from the first one on that has requests, the last one first.
func (v *visit) usedDays(days []ledger.Usage) (out []usedDay) {
	most := int64(1)
	for _, u := range days {
		most = max(most, u.Tokens())
	}
	for _, u := range days {
		if u.Requests > 0 || len(out) > 0 {
			out = append([]usedDay{{v.used(u.Day, u), u.Tokens(), most}}, out...)
		}
	}
	return out
}

// usedConversations are the dearest ones with their titles. Those of others have
// none: an admin sees whose one it is and where.
func (s *Server) usedConversations(v *visit, r assistant.UsageReport) (out []used, err error) {
	titles := map[string][2]string{} // by conversation: its title and its name in addresses
	if !r.Everybody {
		list, err := s.listed(v.r.Context(), v.user, "")
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			titles[conversationID(v.user, c.ID)] = [2]string{listTitle(c.Title, 80), c.ID}
		}
	}
	for _, u := range r.Conversations[:min(len(r.Conversations), maxUsedConvs)] {
		place, _, _ := strings.Cut(u.Conversation, "/")
		title, known := titles[u.Conversation]
		switch {
		case u.Conversation == "":
			out = append(out, v.used(v.T("In no conversation"), u))
		case known:
			one := v.used(title[0], u)
			one.Link = s.base + "/c/" + title[1]
			out = append(out, one)
		case r.Everybody:
			out = append(out, v.used(u.User.String()+" • "+brief.Chars(u.Conversation, 80), u))
		default:
			out = append(out, v.used(v.T("Not in the list (%s)", place), u))
		}
	}
	return out, nil
}

// budget writes what is left of today's budget, or nothing where there is none.
func (v *visit) budget(b *ledger.Budget) (lines []string) {
	if b == nil {
		return nil
	}
	if b.CostLimit > 0 {
		lines = append(lines, v.T("%s of %s", b.Today.Cost, b.CostLimit)+" • "+v.T("%s left", max(b.CostLimit-b.Today.Cost, 0)))
	}
	if b.TokenLimit > 0 {
		lines = append(lines, v.T("%s of %s tokens", v.lang.Number(b.Today.Tokens()), v.lang.Number(b.TokenLimit))+" • "+v.T("%s left", v.lang.Number(max(b.TokenLimit-b.Today.Tokens(), 0))))
	}
	if lines != nil {
		lines = append(lines, v.T("resets at %s", b.ResetsAt.Format("15:04 MST")))
	}
	return lines
}

// cost writes what is known of a cost, and nothing where nothing was asked.
func (v *visit) cost(u ledger.Usage) string {
	switch {
	case u.Requests == 0:
		return "–"
	case u.Unpriced == u.Requests:
		return v.T("no price")
	}
	return u.CostText()
}

// Package usage shows in Discord what people used and what it cost.
package usage

import (
	"fmt"
	"strings"
	"time"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/locale"
)

// Days are those of a report.
const Days = 30

const (
	chartDays = 14
	chartBar  = 14 // characters of the longest bar
)

// Embed shows a report of Days days: of a user, or of everybody.
func Embed(l *locale.Language, r assistant.UsageReport, everybody bool) dg.Embed {
	e := dg.Embed{Title: "📊 " + l.T("Your Usage"), Description: usageChart(l, r)}
	if everybody {
		e.Title = "📊 " + l.T("Everybody's Usage")
	}
	yes := true
	for _, span := range []struct {
		name string
		days int
	}{{l.T("Today"), 1}, {l.T("%d days", 7), 7}, {l.T("%d days", Days), Days}} {
		e.Fields = append(e.Fields, dg.EmbedField{Name: span.name, Value: usageText(l, r.Since(span.days)), Inline: &yes})
	}
	add := func(name, value string) {
		if value != "" {
			e.Fields = append(e.Fields, dg.EmbedField{Name: name, Value: value})
		}
	}
	add(l.T("Models, 30 days"), topList(l, r.Models, func(u ledger.Usage) string { return "**" + markdown.Escape(brief.Chars(u.Model, 50)) + "**" }))
	add(l.T("Who used most"), topList(l, r.Users, func(u ledger.Usage) string { return "<@" + u.User.String() + ">" }))
	if r.Budget != nil {
		add(l.T("Budget of today"), budgetLine(l, *r.Budget))
	}
	add(l.T("Prices of a million tokens"), priceTable(l, r.Prices))
	e.Footer = &dg.EmbedFooter{Text: l.T("Days are in UTC.") + estimates(l, r.Total)}
	return e
}

func usageText(l *locale.Language, u ledger.Usage) string {
	if u.Requests == 0 {
		return "–"
	}
	return "**" + u.CostText() + "**\n" + l.T("%s in", short(u.Input)) + "\n" + l.T("%s out", short(u.Output)) + "\n" + l.T("%d requests", u.Requests)
}

// short writes a number of tokens: "812", "12.3k", "4.5M".
func short(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprint(n)
	case n < 999_950:
		return fmt.Sprintf("%.1fk", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1fM", float64(n)/1e6)
}

// usageChart draws the tokens of the last days as bars.
func usageChart(l *locale.Language, r assistant.UsageReport) string {
	days := r.Days[max(len(r.Days)-chartDays, 0):]
	most := int64(0)
	for _, u := range days {
		most = max(most, u.Tokens())
	}
	if most == 0 {
		return l.T("Nothing in the last two weeks.")
	}
	var b strings.Builder
	b.WriteString("```\n")
	for _, u := range days {
		day, n := u.Day, u.Tokens()
		if t, err := time.Parse("2006-01-02", u.Day); err == nil {
			day = l.T(t.Format("Mon")) + t.Format(" 02")
		}
		if n == 0 {
			fmt.Fprintf(&b, "%s\n", day)
			continue
		}
		bar := strings.Repeat("▆", max(int((n*chartBar+most/2)/most), 1))
		fmt.Fprintf(&b, "%s %s %s\n", day, bar, short(n))
	}
	return b.String() + "```"
}

// topList writes the first sums, a line each.
func topList(l *locale.Language, sums []ledger.Usage, name func(ledger.Usage) string) string {
	var lines []string
	for i, u := range sums {
		if i == 10 {
			lines = append(lines, "… "+l.T("and %d more", len(sums)-i))
			break
		}
		lines = append(lines, name(u)+": "+l.T("%s tokens", short(u.Tokens()))+", "+u.CostText())
	}
	return brief.Chars(strings.Join(lines, "\n"), 1024)
}

func budgetLine(l *locale.Language, g ledger.Budget) string {
	var parts []string
	if g.CostLimit > 0 {
		parts = append(parts, l.T("%s of %s", g.Today.Cost, g.CostLimit))
	}
	if g.TokenLimit > 0 {
		parts = append(parts, l.T("%s of %s tokens", short(g.Today.Tokens()), short(g.TokenLimit)))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, " • ") + " • " + l.T("resets at %s", markdown.Time(g.ResetsAt, markdown.Clock)+" ("+markdown.Time(g.ResetsAt, markdown.Relative)+")")
}

func estimates(l *locale.Language, sum ledger.Usage) string {
	s := ""
	if sum.Estimated > 0 {
		s += " " + l.T("I counted the tokens of %d requests myself.", sum.Estimated)
	}
	if sum.Unpriced > 0 {
		s += " " + l.T("%d requests used a model without a known price.", sum.Unpriced)
	}
	return s
}

// maxPrices is how many models the price table has.
const maxPrices = 8

// priceTable lists what models cost.
func priceTable(l *locale.Language, prices []assistant.ModelPrice) string {
	var lines []string
	for _, m := range prices[:min(len(prices), maxPrices)] {
		line := markdown.Escape(brief.Chars(m.Model, 50)) + ": " + l.T("%s in", "$"+fmt.Sprint(m.Price.Input)) + ", "
		if p := m.Price.Cached; p != nil {
			line += l.T("%s cached", "$"+fmt.Sprint(p)) + ", "
		}
		lines = append(lines, line+l.T("%s out", "$"+fmt.Sprint(m.Price.Output)))
	}
	return brief.Chars(strings.Join(lines, "\n"), 1024)
}

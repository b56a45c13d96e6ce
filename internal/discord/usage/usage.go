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
)

// Days are those of a report.
const Days = 30

const (
	chartDays = 14
	chartBar  = 20 // characters of the longest bar
)

// Embed shows a report of Days days: of a user, or of everybody.
func Embed(r assistant.UsageReport, everybody bool, zone *time.Location) dg.Embed {
	e := dg.Embed{Title: "📊 Your Usage", Description: usageChart(r)}
	if everybody {
		e.Title = "📊 Everybody's Usage"
	}
	yes := true
	for _, span := range []struct {
		name string
		days int
	}{{"Today", 1}, {"7 days", 7}, {"30 days", Days}} {
		e.Fields = append(e.Fields, dg.EmbedField{Name: span.name, Value: usageText(r.Since(span.days)), Inline: &yes})
	}
	add := func(name, value string) {
		if value != "" {
			e.Fields = append(e.Fields, dg.EmbedField{Name: name, Value: value})
		}
	}
	add("Models, 30 days", topList(r.Models, func(u ledger.Usage) string { return "**" + markdown.Escape(brief.Chars(u.Model, 50)) + "**" }))
	add("Who used most", topList(r.Users, func(u ledger.Usage) string { return "<@" + u.User.String() + ">" }))
	if r.Budget != nil {
		add("Budget of today", budgetLine(*r.Budget, zone))
	}
	add("Prices of a million tokens", priceTable(r.Prices))
	e.Footer = &dg.EmbedFooter{Text: "Days are those of UTC." + estimates(r.Total)}
	return e
}

func usageText(u ledger.Usage) string {
	if u.Requests == 0 {
		return "–"
	}
	return fmt.Sprintf("**%s**\n%s in\n%s out\n%s", u.CostText(), short(u.Input), short(u.Output), requests(u.Requests))
}

func requests(n int64) string {
	if n == 1 {
		return "1 request"
	}
	return fmt.Sprintf("%d requests", n)
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
func usageChart(r assistant.UsageReport) string {
	days := r.Days[max(len(r.Days)-chartDays, 0):]
	most := int64(0)
	for _, u := range days {
		most = max(most, u.Tokens())
	}
	if most == 0 {
		return "Nothing in the last two weeks."
	}
	var b strings.Builder
	b.WriteString("```\n")
	for _, u := range days {
		day, n := u.Day, u.Tokens()
		if t, err := time.Parse("2006-01-02", u.Day); err == nil {
			day = t.Format("Mon 02")
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
func topList(sums []ledger.Usage, name func(ledger.Usage) string) string {
	var lines []string
	for i, u := range sums {
		if i == 10 {
			lines = append(lines, fmt.Sprintf("… and %d more", len(sums)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("%s: %s tokens, %s", name(u), short(u.Tokens()), u.CostText()))
	}
	return brief.Chars(strings.Join(lines, "\n"), 1024)
}

func budgetLine(g ledger.Budget, zone *time.Location) string {
	var parts []string
	if g.CostLimit > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s", g.Today.Cost, g.CostLimit))
	}
	if g.TokenLimit > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s tokens", short(g.Today.Tokens()), short(g.TokenLimit)))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, " • ") + " • resets at " + g.ResetsAt.In(zone).Format("15:04 MST")
}

func estimates(sum ledger.Usage) string {
	s := ""
	if sum.Estimated > 0 {
		s += fmt.Sprintf(" Tokens of %s are counted by me.", requests(sum.Estimated))
	}
	if sum.Unpriced > 0 {
		s += fmt.Sprintf(" %s of a model without a price.", requests(sum.Unpriced))
	}
	return s
}

// maxPrices is how many models the price table has.
const maxPrices = 8

// priceTable lists what models cost.
func priceTable(prices []assistant.ModelPrice) string {
	var lines []string
	for _, m := range prices[:min(len(prices), maxPrices)] {
		line := fmt.Sprintf("%s: $%s in, ", markdown.Escape(brief.Chars(m.Model, 50)), m.Price.Input)
		if p := m.Price.Cached; p != nil {
			line += fmt.Sprintf("$%s cached, ", p)
		}
		lines = append(lines, line+fmt.Sprintf("$%s out", m.Price.Output))
	}
	return brief.Chars(strings.Join(lines, "\n"), 1024)
}

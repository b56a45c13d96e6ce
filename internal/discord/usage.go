package discord

import (
	"context"
	"fmt"
	"strings"
	"time"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/ledger"
)

const (
	usageDays = 30
	chartDays = 14
	chartBar  = 20 // characters of the longest bar
)

// usageCommand shows what the user used, or for admins what everybody did.
func (b *Bot) usageCommand(ctx context.Context, it *interaction, data dg.SlashCommandInteractionData) error {
	everybody, _ := option[bool](data, "everybody")
	r, err := b.assistant.Usage(ctx, it.user, everybody, usageDays)
	if err != nil {
		return err
	}
	e := dg.Embed{Title: "📊 Your Usage", Color: blurple, Description: usageChart(r)}
	if everybody {
		e.Title = "📊 Everybody's Usage"
	}
	for _, span := range []struct {
		name string
		days int
	}{{"Today", 1}, {"7 days", 7}, {"30 days", usageDays}} {
		e.Fields = append(e.Fields, inline(span.name, usageText(r.Since(span.days))))
	}
	add := func(name, value string) {
		if value != "" {
			e.Fields = append(e.Fields, dg.EmbedField{Name: name, Value: value})
		}
	}
	add("Models, 30 days", topList(r.Models, func(u ledger.Usage) string { return "**" + escape(brief.Chars(u.Model, 50)) + "**" }))
	add("Who used most", topList(r.Users, func(u ledger.Usage) string { return "<@" + u.User.String() + ">" }))
	if r.Budget != nil {
		add("Budget of today", b.budgetLine(*r.Budget))
	}
	add("Prices of a million tokens", priceTable(r.Prices))
	e.Footer = &dg.EmbedFooter{Text: "Days are those of UTC." + estimates(r.Total)}
	return it.reply(ctx, client.Post{Embeds: []dg.Embed{e}})
}

func usageText(u ledger.Usage) string {
	if u.Requests == 0 {
		return "–"
	}
	return fmt.Sprintf("**%s**\n%s in\n%s out\n%s", u.CostText(), short(u.Input), short(u.Output), count(int(u.Requests), "request"))
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

func (b *Bot) budgetLine(g ledger.Budget) string {
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
	return strings.Join(parts, " • ") + " • resets at " + g.ResetsAt.In(b.opts.Location).Format("15:04 MST")
}

func estimates(sum ledger.Usage) string {
	s := ""
	if sum.Estimated > 0 {
		s += fmt.Sprintf(" Tokens of %s are counted by me.", count(int(sum.Estimated), "request"))
	}
	if sum.Unpriced > 0 {
		s += fmt.Sprintf(" %s of a model without a price.", count(int(sum.Unpriced), "request"))
	}
	return s
}

// maxPrices is how many models the price table has.
const maxPrices = 8

// priceTable lists what models cost.
func priceTable(prices []assistant.ModelPrice) string {
	var lines []string
	for _, m := range prices[:min(len(prices), maxPrices)] {
		line := fmt.Sprintf("%s: $%s in, ", escape(brief.Chars(m.Model, 50)), m.Price.Input)
		if p := m.Price.Cached; p != nil {
			line += fmt.Sprintf("$%s cached, ", p)
		}
		lines = append(lines, line+fmt.Sprintf("$%s out", m.Price.Output))
	}
	return brief.Chars(strings.Join(lines, "\n"), 1024)
}

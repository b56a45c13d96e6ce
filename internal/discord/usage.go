package discord

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

const (
	dayLayout = "2006-01-02"
	usageDays = 30
	chartDays = 14
	chartBar  = 20 // characters of the longest bar
)

// usageCommand shows what the user used, or for admins what everybody did.
func (b *Bot) usageCommand(ctx context.Context, it *interaction, data dg.SlashCommandInteractionData) error {
	everybody, _ := option[bool](data, "everybody")
	if everybody && !slices.Contains(b.opts.Admins, uint64(it.user)) {
		return fault.New(fault.Denied, "Only the bot's admins see what everybody used.")
	}
	now := b.opts.Now().UTC()
	q := chat.UsageQuery{User: it.user, From: now.AddDate(0, 0, -usageDays+1).Format(dayLayout), ByDay: true, ByModel: true}
	if everybody {
		q.User = 0
	}
	rows, err := b.engine.Usage(ctx, q)
	if err != nil {
		return err
	}
	e := dg.Embed{Title: "📊 Your Usage", Color: blurple}
	if everybody {
		e.Title = "📊 Everybody's Usage"
	}
	e.Description = usageChart(rows, now)
	for _, span := range []struct {
		name string
		days int
	}{{"Today", 1}, {"7 days", 7}, {"30 days", usageDays}} {
		e.Fields = append(e.Fields, inline(span.name, usageText(sumSince(rows, now.AddDate(0, 0, -span.days+1)))))
	}
	if table := b.byModel(rows); table != "" {
		e.Fields = append(e.Fields, dg.EmbedField{Name: "Models, 30 days", Value: table})
	}
	if everybody {
		table, err := b.byUser(ctx, q)
		if err != nil {
			return err
		}
		if table != "" {
			e.Fields = append(e.Fields, dg.EmbedField{Name: "Who used most", Value: table})
		}
	} else {
		budget, err := b.engine.Budget(ctx, it.user)
		if err != nil {
			return err
		}
		if line := b.budgetLine(budget); line != "" {
			e.Fields = append(e.Fields, dg.EmbedField{Name: "Budget of today", Value: line})
		}
	}
	if prices := b.priceTable(ctx, it.user, rows); prices != "" {
		e.Fields = append(e.Fields, dg.EmbedField{Name: "Prices of a million tokens", Value: prices})
	}
	e.Footer = &dg.EmbedFooter{Text: "Days are those of UTC." + estimates(rows)}
	return it.reply(ctx, client.Post{Embeds: []dg.Embed{e}})
}

// sumSince adds up the rows from a day on.
func sumSince(rows []chat.Usage, from time.Time) (sum chat.Usage) {
	day := from.Format(dayLayout)
	for _, r := range rows {
		if r.Day >= day {
			sum = plus(sum, r)
		}
	}
	return sum
}

func plus(a, b chat.Usage) chat.Usage {
	a.Requests += b.Requests
	a.Estimated += b.Estimated
	a.Unpriced += b.Unpriced
	a.Input += b.Input
	a.Cached += b.Cached
	a.Output += b.Output
	a.Reasoning += b.Reasoning
	a.Cost += b.Cost
	return a
}

func usageText(u chat.Usage) string {
	if u.Requests == 0 {
		return "–"
	}
	return fmt.Sprintf("**%s**\n%s in\n%s out\n%s", cost(u), short(u.Input), short(u.Output), count(int(u.Requests), "request"))
}

// cost writes what is known of a cost: "$0.12", "≥ $0.12", "no price".
func cost(u chat.Usage) string {
	switch {
	case u.Unpriced == 0:
		return u.Cost.String()
	case u.Unpriced == u.Requests:
		return "no price"
	}
	return "≥ " + u.Cost.String()
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
func usageChart(rows []chat.Usage, now time.Time) string {
	byDay := map[string]int64{}
	most := int64(0)
	for _, r := range rows {
		byDay[r.Day] += r.Tokens()
	}
	for i := range chartDays {
		most = max(most, byDay[now.AddDate(0, 0, -i).Format(dayLayout)])
	}
	if most == 0 {
		return "Nothing in the last two weeks."
	}
	var b strings.Builder
	b.WriteString("```\n")
	for i := chartDays - 1; i >= 0; i-- {
		day := now.AddDate(0, 0, -i)
		n := byDay[day.Format(dayLayout)]
		if n == 0 {
			fmt.Fprintf(&b, "%s\n", day.Format("Mon 02"))
			continue
		}
		bar := strings.Repeat("▆", max(int((n*chartBar+most/2)/most), 1))
		fmt.Fprintf(&b, "%s %s %s\n", day.Format("Mon 02"), bar, short(n))
	}
	return b.String() + "```"
}

// byModel lists the models that were used, the most expensive first.
func (b *Bot) byModel(rows []chat.Usage) string {
	sums := map[string]chat.Usage{}
	for _, r := range rows {
		sums[r.Model] = plus(sums[r.Model], r)
	}
	return topList(sums, func(model string) string { return "**" + escape(clip(model, 50)) + "**" })
}

func (b *Bot) byUser(ctx context.Context, q chat.UsageQuery) (string, error) {
	q.ByDay, q.ByModel, q.ByUser = false, false, true
	rows, err := b.engine.Usage(ctx, q)
	sums := map[files.UserID]chat.Usage{}
	for _, r := range rows {
		sums[r.User] = r
	}
	return topList(sums, func(u files.UserID) string { return "<@" + u.String() + ">" }), err
}

// topList writes the largest sums, a line each.
func topList[K cmp.Ordered](sums map[K]chat.Usage, name func(K) string) string {
	keys := make([]K, 0, len(sums))
	for k := range sums {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y K) int {
		return cmp.Or(cmp.Compare(sums[y].Cost, sums[x].Cost), cmp.Compare(sums[y].Tokens(), sums[x].Tokens()), cmp.Compare(x, y))
	})
	var lines []string
	for i, k := range keys {
		if i == 10 {
			lines = append(lines, fmt.Sprintf("… and %d more", len(keys)-i))
			break
		}
		u := sums[k]
		lines = append(lines, fmt.Sprintf("%s: %s tokens, %s", name(k), short(u.Tokens()), cost(u)))
	}
	return clip(strings.Join(lines, "\n"), 1024)
}

func (b *Bot) budgetLine(g chat.Budget) string {
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

func estimates(rows []chat.Usage) string {
	var sum chat.Usage
	for _, r := range rows {
		sum = plus(sum, r)
	}
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

// priceTable lists what those models cost that the user may care for.
func (b *Bot) priceTable(ctx context.Context, user files.UserID, rows []chat.Usage) string {
	var names []string
	if current, err := b.engine.ModelOf(ctx, user); err == nil && current != "" {
		names = append(names, current)
	}
	for _, r := range rows {
		names = append(names, r.Model)
	}
	names = append(names, b.engine.Models(ctx)...)
	var lines []string
	seen := map[string]bool{}
	for _, n := range names {
		p, ok := b.opts.Catalog.Model(n).Price(b.opts.Now())
		if !ok || seen[n] {
			continue
		}
		seen[n] = true
		line := fmt.Sprintf("%s: $%s in, ", escape(clip(n, 50)), p.Input)
		if p.Cached != nil {
			line += fmt.Sprintf("$%s cached, ", p.Cached)
		}
		if lines = append(lines, line+fmt.Sprintf("$%s out", p.Output)); len(lines) == maxPrices {
			break
		}
	}
	return clip(strings.Join(lines, "\n"), 1024)
}

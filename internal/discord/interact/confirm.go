package interact

import (
	"context"
	"log/slog"
	"time"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/compose"
	"github.com/attachebot/attache/internal/discord/pending"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
)

// Deleting takes two confirmations. Each is an embed with a button that counts
// for a while: its custom id says since when, and a timer takes it away.

const ( // keys
	firstTitle  = "Confirm Deletion"
	secondTitle = "Final Confirmation"
)

// Confirmations are those that a bot asks for.
type Confirmations struct {
	Within   time.Duration // that one can be given
	Now      func() time.Time
	Log      *slog.Logger
	Expiries *pending.Expiries
	Base     context.Context // ends when nothing may be shown any more
}

// Confirmation is one that is asked for: the first, or the second and last.
type Confirmation struct {
	Last    bool
	Text    string
	Yes, No ID
}

// Ask shows a confirmation with its two buttons, and takes them away after a while.
func (c *Confirmations) Ask(ctx context.Context, it *Interaction, i dg.ComponentInteraction, what Confirmation) error {
	e := dg.Embed{Title: "⚠️ " + it.Lang.T(firstTitle), Color: Yellow, Description: what.Text,
		Footer: &dg.EmbedFooter{Text: "⏳ " + it.Lang.T("Within %s", it.Lang.Measure(compose.Seconds(c.Within.Round(time.Second))))}}
	yes := Button(dg.ButtonStyleDanger, "⚠️", it.Lang.T("Yes, Delete"), what.Yes)
	if what.Last {
		e.Title, e.Color = "⚠️ "+it.Lang.T(secondTitle), Red
		yes = Button(dg.ButtonStyleSecondary, "🔴", it.Lang.T("Click Again to Confirm"), what.Yes)
	}
	no := Button(dg.ButtonStyleSecondary, "❌", it.Lang.T("Cancel"), what.No)
	if err := it.Update(ctx, client.Post{Embeds: []dg.Embed{e}, Rows: []dg.LayoutComponent{Row(yes, no)}}); err != nil {
		return err
	}
	c.Expiries.After(i.Message.ID, c.Within, func() {
		defer client.Rescue(c.Log, "expiry")
		ctx, cancel := context.WithTimeout(c.Base, client.Timeout)
		defer cancel()
		if err := it.Update(ctx, TimedOut(it.Lang)); err != nil && !fault.Is(err, fault.NotFound) {
			c.Log.Debug("a confirmation can't be ended", "error", err)
		}
	})
	return nil
}

// TooLate tells whether a confirmation that was asked for at asked is void. One
// second is given for what a moment is cut by.
func (c *Confirmations) TooLate(asked time.Time) bool {
	age := c.Now().Sub(asked)
	return age > c.Within+time.Second || age < -time.Minute
}

// TimedOut is shown instead of a confirmation that was not given in time.
func TimedOut(l *locale.Language) client.Post {
	return client.Post{Embeds: []dg.Embed{{Title: "⌛ " + l.T("Timed out"), Color: Grey, Description: l.T("Nothing was deleted. `/files` shows your files.")}}}
}

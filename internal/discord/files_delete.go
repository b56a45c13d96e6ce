package discord

import (
	"context"
	"time"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/compose"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// Deleting takes two confirmations. Each is an embed with a button that counts
// for tuning.confirm: its custom id says since when, and a timer takes it away.

const ( // keys
	firstTitle  = "Confirm Deletion"
	secondTitle = "Final Confirmation"
)

// confirmDelete asks for the first confirmation, and then for the second.
func (b *Bot) confirmDelete(ctx context.Context, it *interaction, id customID, i dg.ComponentInteraction) error {
	v := viewOf(id, 1)
	if id.action == actDelete2 && b.tooLate(id.moment(3)) {
		return it.update(ctx, b.timedOut(it.lang))
	}
	f, err := b.assistant.Files().Get(ctx, it.user, files.ID(id.args[0]))
	if err != nil {
		return b.notThere(ctx, it, v, err)
	}
	args := append([]string{string(f.ID)}, v.args()...)
	yes := customID{actDelete2, it.user, append(args[:3:3], moment(b.opts.Now()))}
	e := dg.Embed{Title: "⚠️ " + it.lang.T(firstTitle), Color: yellow,
		Description: it.lang.T("Are you sure you want to delete:") + "\n" + named(f) + "?\n\n" + it.lang.T("This action cannot be undone!")}
	press := button(dg.ButtonStyleDanger, "⚠️", it.lang.T("Yes, Delete"), yes)
	if id.action == actDelete2 {
		yes.action = actDelete3
		e.Title, e.Color = "⚠️ "+it.lang.T(secondTitle), red
		e.Description = it.lang.T("Click 'Click Again to Confirm' to permanently delete:") + "\n" + named(f) + "\n\n" + it.lang.T("This is your last chance to cancel!")
		press = button(dg.ButtonStyleSecondary, "🔴", it.lang.T("Click Again to Confirm"), yes)
	}
	return b.confirm(ctx, it, i, e, press, button(dg.ButtonStyleSecondary, "❌", it.lang.T("Cancel"), customID{actDetails, it.user, args}))
}

func named(f files.File) string { return "**" + escape(brief.Chars(f.Name, 200)) + "**" }

// deleteFile deletes a file that was confirmed twice.
func (b *Bot) deleteFile(ctx context.Context, it *interaction, id customID, _ dg.ComponentInteraction) error {
	v := viewOf(id, 1)
	if b.tooLate(id.moment(3)) {
		return it.update(ctx, b.timedOut(it.lang))
	}
	f, err := b.assistant.Files().Get(ctx, it.user, files.ID(id.args[0]))
	if err == nil {
		err = b.assistant.Files().Delete(ctx, it.user, f.ID)
	}
	if err != nil {
		return b.notThere(ctx, it, v, err)
	}
	p, err := b.listPost(ctx, it, v)
	if err != nil { // it is deleted all the same
		p = client.Post{}
	}
	p.Text = it.lang.T("**✅ File Deleted**\nSuccessfully deleted: %s", "**"+escape(f.Name)+"**")
	return it.update(ctx, p)
}

// confirm shows a confirmation with its two buttons, and takes them away after
// tuning.confirm.
func (b *Bot) confirm(ctx context.Context, it *interaction, i dg.ComponentInteraction, e dg.Embed, yes, no dg.ButtonComponent) error {
	d := b.opts.tune.confirm
	e.Footer = &dg.EmbedFooter{Text: "⏳ " + it.lang.T("Within %s", it.lang.Measure(compose.Seconds(d.Round(time.Second))))}
	if err := it.update(ctx, client.Post{Embeds: []dg.Embed{e}, Rows: []dg.LayoutComponent{row(yes, no)}}); err != nil {
		return err
	}
	b.expiries.After(i.Message.ID, d, func() {
		defer b.rescue("expiry")
		ctx, cancel := b.detached(client.Timeout)
		defer cancel()
		if err := it.update(ctx, b.timedOut(it.lang)); err != nil && !fault.Is(err, fault.NotFound) {
			b.log.Debug("a confirmation can't be ended", "error", err)
		}
	})
	return nil
}

// tooLate tells whether a confirmation that was asked for at asked is void. One
// second is given for what a moment is cut by.
func (b *Bot) tooLate(asked time.Time) bool {
	age := b.opts.Now().Sub(asked)
	return age > b.opts.tune.confirm+time.Second || age < -time.Minute
}

func (b *Bot) timedOut(l *locale.Language) client.Post {
	return client.Post{Embeds: []dg.Embed{{Title: "⌛ " + l.T("Timed out"), Color: grey, Description: l.T("Nothing was deleted. `/files` shows your files.")}}}
}

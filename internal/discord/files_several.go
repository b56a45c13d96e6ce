package discord

import (
	"context"
	"fmt"
	"strings"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// Several files are deleted as one is, with two confirmations. Which ones is
// remembered for as long as a confirmation counts.

// chooseSeveral lets the user choose among the files of a page.
func (b *Bot) chooseSeveral(ctx context.Context, it *interaction, id customID, _ dg.ComponentInteraction) error {
	v := viewOf(id, 0)
	p, err := b.listPost(ctx, it, v)
	if err != nil {
		return err
	}
	page, err := b.assistant.Files().List(ctx, it.user, files.Query{Kind: v.kind, Offset: v.page * pageSize, Limit: pageSize})
	if err != nil || len(page.Files) == 0 {
		return b.updateList(ctx, it, v)
	}
	m := b.fileMenu(it, v, page.Files, b.opts.Now())
	m.CustomID, m.Placeholder, m.MaxValues = customID{actSeveral1, it.user, v.args()}.String(), it.lang.T("Select files to delete..."), len(m.Options)
	p.Rows = []dg.LayoutComponent{row(m), row(button(dg.ButtonStyleSecondary, "◀️", it.lang.T("Back"), customID{actList, it.user, v.args()}))}
	return it.update(ctx, p)
}

// confirmSeveral asks for the first confirmation, and then for the second.
func (b *Bot) confirmSeveral(ctx context.Context, it *interaction, id customID, i dg.ComponentInteraction) error {
	v := viewOf(id, 0)
	first := id.action == actSeveral1
	if !first && b.tooLate(id.moment(2)) {
		return it.update(ctx, b.timedOut(it.lang))
	}
	if first {
		var ids []files.ID
		for _, s := range chosenValues(i) {
			ids = append(ids, files.ID(s))
		}
		b.several.Put(i.Message.ID, ids)
	}
	fs, err := b.chosenFiles(ctx, it.user, i)
	if err != nil {
		return b.notThere(ctx, it, v, err)
	}
	var names []string
	for _, f := range fs {
		names = append(names, named(f))
	}
	yes := customID{actSeveral2, it.user, append(v.args(), moment(b.opts.Now()))}
	e := dg.Embed{Title: "⚠️ " + it.lang.T(firstTitle), Color: yellow,
		Description: it.lang.T("Are you sure you want to delete:") + "\n" + strings.Join(names, "\n") + "?\n\n" + it.lang.T("This action cannot be undone!")}
	press := button(dg.ButtonStyleDanger, "⚠️", it.lang.T("Yes, Delete"), yes)
	if !first {
		yes.action = actSeveral3
		e.Title, e.Color = "⚠️ "+it.lang.T(secondTitle), red
		e.Description = it.lang.T("Click 'Click Again to Confirm' to permanently delete:") + "\n" + strings.Join(names, "\n") + "\n\n" + it.lang.T("This is your last chance to cancel!")
		press = button(dg.ButtonStyleSecondary, "🔴", it.lang.T("Click Again to Confirm"), yes)
	}
	return b.confirm(ctx, it, i, e, press, button(dg.ButtonStyleSecondary, "❌", it.lang.T("Cancel"), customID{actList, it.user, v.args()}))
}

// chosenFiles are the files that a message asks to delete, as far as they are there.
func (b *Bot) chosenFiles(ctx context.Context, user files.UserID, i dg.ComponentInteraction) (fs []files.File, err error) {
	ids, _ := b.several.Get(i.Message.ID)
	for _, id := range ids {
		f, err := b.assistant.Files().Get(ctx, user, id)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		fs = append(fs, f)
	}
	if len(fs) == 0 {
		return nil, fault.New(fault.NotFound, "These files are gone.")
	}
	return fs, nil
}

// deleteSeveral deletes files that were confirmed twice.
func (b *Bot) deleteSeveral(ctx context.Context, it *interaction, id customID, i dg.ComponentInteraction) error {
	v := viewOf(id, 0)
	if b.tooLate(id.moment(2)) {
		return it.update(ctx, b.timedOut(it.lang))
	}
	fs, err := b.chosenFiles(ctx, it.user, i)
	if err != nil {
		return b.notThere(ctx, it, v, err)
	}
	var names []string
	for _, f := range fs {
		switch err := b.assistant.Files().Delete(ctx, it.user, f.ID); {
		case err == nil:
			names = append(names, "**"+escape(f.Name)+"**")
		case !fault.Is(err, fault.NotFound):
			return err
		}
	}
	p, err := b.listPost(ctx, it, v)
	if err != nil { // they are deleted all the same
		p = client.Post{}
	}
	p.Text = fmt.Sprintf("**✅ %s**\n%s", it.lang.T("%d files deleted", len(names)), it.lang.T("Successfully deleted: %s", strings.Join(names, ", ")))
	return it.update(ctx, p)
}

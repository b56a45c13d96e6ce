package filemanager

import (
	"context"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// confirmDelete asks for the first confirmation, and then for the second.
func (m *Manager) confirmDelete(ctx context.Context, it *interact.Interaction, id interact.ID, i dg.ComponentInteraction) error {
	v := viewOf(id, 1)
	if id.Action == actDelete2 && m.opts.Confirmations.TooLate(id.Moment(3)) {
		return it.Update(ctx, interact.TimedOut(it.Lang))
	}
	f, err := m.assistant.Files().Get(ctx, it.UserID, files.ID(id.Arg(0)))
	if err != nil {
		return m.notThere(ctx, it, v, err)
	}
	args := append([]string{string(f.ID)}, v.args()...)
	now := interact.Moment(m.opts.Now())
	c := interact.Confirmation{Last: id.Action == actDelete2,
		Yes: interact.NewID(actDelete2, it.UserID, append(args[:3:3], now)...), No: interact.NewID(actDetails, it.UserID, args...)}
	if c.Last {
		c.Yes.Action = actDelete3
	}
	c.Text = askToDelete(it.Lang, c.Last, named(f))
	return m.opts.Confirmations.Ask(ctx, it, i, c)
}

// askToDelete is what is asked before names are deleted, first and last.
func askToDelete(l *locale.Language, last bool, names string) string {
	if last {
		return l.T("Click 'Click Again to Confirm' to permanently delete:") + "\n" + names + "\n\n" + l.T("This is your last chance to cancel!")
	}
	return l.T("Are you sure you want to delete:") + "\n" + names + "?\n\n" + l.T("This action cannot be undone!")
}

func named(f files.File) string { return "**" + markdown.Escape(brief.Chars(f.Name, 200)) + "**" }

// deleteFile deletes a file that was confirmed twice.
func (m *Manager) deleteFile(ctx context.Context, it *interact.Interaction, id interact.ID, _ dg.ComponentInteraction) error {
	v := viewOf(id, 1)
	if m.opts.Confirmations.TooLate(id.Moment(3)) {
		return it.Update(ctx, interact.TimedOut(it.Lang))
	}
	f, err := m.assistant.Files().Get(ctx, it.UserID, files.ID(id.Arg(0)))
	if err == nil {
		m.confirmed.Put(id.String(), true)
		err = m.assistant.Files().Delete(ctx, it.UserID, f.ID)
	}
	if _, before := m.confirmed.Get(id.String()); before && fault.Is(err, fault.NotFound) {
		return it.Acknowledge(ctx)
	}
	if err != nil {
		return m.notThere(ctx, it, v, err)
	}
	p, err := m.listPost(ctx, it, v)
	if err != nil { // it is deleted all the same
		p = client.Post{}
	}
	p.Text = it.Lang.T("**✅ File Deleted**\nSuccessfully deleted: %s", "**"+markdown.Escape(f.Name)+"**")
	return it.Update(ctx, p)
}

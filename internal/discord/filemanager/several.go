package filemanager

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// Several files are deleted as one is, with two confirmations. Which ones is
// remembered for as long as a confirmation counts. Each choice has a name, which the
// buttons bear that ask about it: one message may be answered by two choices, from two
// clients.

// chooseSeveral lets the user choose among the files of a page.
func (m *Manager) chooseSeveral(ctx context.Context, it *interact.Interaction, id interact.ID, _ dg.ComponentInteraction) error {
	v := viewOf(id, 0)
	p, err := m.listPost(ctx, it, v)
	if err != nil {
		return err
	}
	page, err := m.assistant.Files().List(ctx, it.UserID, files.Query{Kind: v.kind, Offset: v.page * pageSize, Limit: pageSize})
	if err != nil || len(page.Files) == 0 {
		return m.updateList(ctx, it, v)
	}
	menu := m.fileMenu(it, v, page.Files, m.opts.Now())
	menu.CustomID, menu.Placeholder, menu.MaxValues = interact.NewID(actSeveral1, it.UserID, v.args()...).String(), it.Lang.T("Select files to delete..."), len(menu.Options)
	p.Rows = []dg.LayoutComponent{interact.Row(menu), interact.Row(interact.Button(dg.ButtonStyleSecondary, "◀️", it.Lang.T("Back"), interact.NewID(actList, it.UserID, v.args()...)))}
	return it.Update(ctx, p)
}

// confirmSeveral asks for the first confirmation, and then for the second.
func (m *Manager) confirmSeveral(ctx context.Context, it *interact.Interaction, id interact.ID, i dg.ComponentInteraction) error {
	v := viewOf(id, 0)
	first := id.Action == actSeveral1
	if !first && m.opts.Confirmations.TooLate(id.Moment(2)) {
		return it.Update(ctx, interact.TimedOut(it.Lang))
	}
	choice := id.Arg(3)
	if first {
		choice = rand.Text()[:12]
		var ids []files.ID
		for _, s := range interact.Chosen(i) {
			ids = append(ids, files.ID(s))
		}
		m.several.Put(choice, ids)
	}
	fs, err := m.chosenFiles(ctx, it.UserID, choice)
	if err != nil {
		return m.notThere(ctx, it, v, err)
	}
	var names []string
	for _, f := range fs {
		names = append(names, named(f))
	}
	c := interact.Confirmation{Last: !first, Text: askToDelete(it.Lang, !first, strings.Join(names, "\n")),
		Yes: interact.NewID(actSeveral2, it.UserID, append(v.args(), interact.Moment(m.opts.Now()), choice)...), No: interact.NewID(actList, it.UserID, v.args()...)}
	if c.Last {
		c.Yes.Action = actSeveral3
	}
	return m.opts.Confirmations.Ask(ctx, it, i, c)
}

// chosenFiles are the files of a choice, as far as they are there.
func (m *Manager) chosenFiles(ctx context.Context, user files.UserID, choice string) (fs []files.File, err error) {
	ids, _ := m.several.Get(choice)
	for _, id := range ids {
		f, err := m.assistant.Files().Get(ctx, user, id)
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
func (m *Manager) deleteSeveral(ctx context.Context, it *interact.Interaction, id interact.ID, _ dg.ComponentInteraction) error {
	v := viewOf(id, 0)
	if m.opts.Confirmations.TooLate(id.Moment(2)) {
		return it.Update(ctx, interact.TimedOut(it.Lang))
	}
	fs, err := m.chosenFiles(ctx, it.UserID, id.Arg(3))
	if _, before := m.confirmed.Get(id.String()); before && fault.Is(err, fault.NotFound) {
		return it.Acknowledge(ctx)
	}
	if err != nil {
		return m.notThere(ctx, it, v, err)
	}
	before := !m.confirmed.Put(id.String(), true)
	var names []string
	for _, f := range fs {
		switch err := m.assistant.Files().Delete(ctx, it.UserID, f.ID); {
		case err == nil:
			names = append(names, "**"+markdown.Escape(f.Name)+"**")
		case !fault.Is(err, fault.NotFound):
			return err
		}
	}
	if before && len(names) == 0 {
		return it.Acknowledge(ctx)
	}
	p, err := m.listPost(ctx, it, v)
	if err != nil { // they are deleted all the same
		p = client.Post{}
	}
	p.Text = fmt.Sprintf("**✅ %s**\n%s", it.Lang.T("%d files deleted", len(names)), it.Lang.T("Successfully deleted: %s", strings.Join(names, ", ")))
	return it.Update(ctx, p)
}

package filemanager

import (
	"context"
	"fmt"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// chosen shows the file that was chosen in the list.
func (m *Manager) chosen(ctx context.Context, it *interact.Interaction, id interact.ID, i dg.ComponentInteraction) error {
	return m.details(ctx, it, files.ID(chosenValue(i)), viewOf(id, 0))
}

// showDetails goes back from a confirmation to the file.
func (m *Manager) showDetails(ctx context.Context, it *interact.Interaction, id interact.ID, _ dg.ComponentInteraction) error {
	return m.details(ctx, it, files.ID(id.Arg(0)), viewOf(id, 1))
}

// details shows one file with a preview of its content.
func (m *Manager) details(ctx context.Context, it *interact.Interaction, id files.ID, v view) error {
	f, err := m.assistant.Files().Get(ctx, it.UserID, id)
	if err != nil {
		return m.notThere(ctx, it, v, err)
	}
	e := dg.Embed{Title: brief.Chars(f.Emoji()+" "+markdown.Escape(f.Name), 256), Color: interact.Blurple,
		Description: it.Lang.T("Type: %s\nSize: %s", f.Kind, it.Lang.Measure(files.ExactSize(f.Size))),
		Fields:      []dg.EmbedField{inline(it.Lang.T("Kept"), m.left(it.Lang, f))}}
	origin := it.Lang.T("Uploaded")
	if f.Generated {
		origin = it.Lang.T("Made by code")
	}
	e.Fields = append(e.Fields, inline(origin, markdown.Time(f.UploadedAt, markdown.Moment)))
	if f.Width > 0 && f.Height > 0 {
		e.Fields = append(e.Fields, inline(it.Lang.T("Pixels"), fmt.Sprintf("%d × %d", f.Width, f.Height)))
	}
	e.Fields = append(e.Fields, dg.EmbedField{Name: "ID", Value: "`" + string(f.ID) + "`"})
	args := append([]string{string(f.ID)}, v.args()...)
	p := client.Post{Embeds: []dg.Embed{e}, Rows: []dg.LayoutComponent{interact.Row(
		interact.Button(dg.ButtonStylePrimary, "⬇️", it.Lang.T("Download"), interact.NewID(actDownload, it.UserID, args...)),
		interact.Button(dg.ButtonStyleDanger, "🗑️", it.Lang.T("Delete"), interact.NewID(actDelete, it.UserID, args...)),
		interact.Button(dg.ButtonStyleSecondary, "◀️", it.Lang.T("Back"), interact.NewID(actList, it.UserID, v.args()...)))}}
	shown, later := m.assistant.Previews().Now(ctx, f)
	if later {
		return m.showLater(ctx, it, f, p)
	}
	return it.Update(ctx, withPreview(p, markdownOf(shown)))
}

// withPreview adds a preview to the details of a file.
func withPreview(p client.Post, shown shown) client.Post {
	e := p.Embeds[0]
	switch {
	case shown.picture != nil:
		p.Files = []client.Upload{client.NewUpload("preview."+shown.format, shown.picture)}
		e.Image = &dg.EmbedResource{URL: "attachment://preview." + shown.format}
	case shown.text != "":
		e.Description += "\n" + shown.text
	}
	p.Embeds = []dg.Embed{e}
	return p
}

// showLater shows details at once, and the preview when it is made, unless
// that takes too long or the message shows something else by then.
func (m *Manager) showLater(ctx context.Context, it *interact.Interaction, f files.File, p client.Post) error {
	i, ok := it.Interaction.(dg.ComponentInteraction)
	if !ok {
		return it.Update(ctx, p)
	}
	making, end := m.opts.Views.Begin(ctx, i.Message.ID, m.opts.View)
	defer end()
	if err := it.Update(ctx, p); err != nil {
		return err
	}
	shown := m.assistant.Previews().Make(making, f)
	if making.Err() != nil || shown.Empty() {
		return nil
	}
	if err := it.Update(ctx, withPreview(p, markdownOf(shown))); err != nil {
		m.opts.Log.Debug("a preview can't be shown", "error", err)
	}
	return nil
}

// left tells how long a file is still kept, and counts down.
func (m *Manager) left(l *locale.Language, f files.File) string {
	left := f.Countdown(l, m.opts.Now())
	if !f.ExpiresAt.IsZero() {
		left += " (" + markdown.Time(f.ExpiresAt, markdown.Relative) + ")"
	}
	return left
}

func inline(name, value string) dg.EmbedField {
	yes := true
	return dg.EmbedField{Name: name, Value: value, Inline: &yes}
}

// notThere says kindly that a file is gone, and shows what is left.
func (m *Manager) notThere(ctx context.Context, it *interact.Interaction, v view, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	p, listErr := m.listPost(ctx, it, v)
	if listErr != nil {
		return err
	}
	p.Text = "🔎 " + it.Lang.T("**File not found or expired.** Here is what you have now.")
	return it.Update(ctx, p)
}

// download sends a file by direct message, or in the reply where direct
// messages are closed or take less.
func (m *Manager) download(ctx context.Context, it *interact.Interaction, id interact.ID, _ dg.ComponentInteraction) error {
	f, err := m.assistant.Files().Get(ctx, it.UserID, files.ID(id.Arg(0)))
	if err != nil {
		return m.notThere(ctx, it, viewOf(id, 1), err)
	}
	limit := min(m.opts.MaxDownload(), client.MaxRequest)
	if here := int64(it.AttachmentSizeLimit()); here > 0 {
		limit = min(limit, here)
	}
	if f.Size > limit {
		return it.Reply(ctx, m.tooLarge(it.Lang, f, limit))
	}
	if err := it.Acknowledge(ctx); err != nil {
		return err
	}
	_, r, err := m.assistant.Files().Open(ctx, it.UserID, f.ID)
	if err != nil {
		return m.notThere(ctx, it, viewOf(id, 1), err)
	}
	r.Close()
	done := "✅ " + it.Lang.T("Downloaded: %s", "**"+markdown.Escape(f.Name)+"**")
	if f.Size <= m.opts.MaxDirect() {
		err = m.downloadByDM(ctx, it, f)
		if err == nil {
			m.downloaded(f)
			return it.Reply(ctx, client.Post{Text: done + "\n-# " + it.Lang.T("It is in our direct messages.")})
		}
		if !fault.Is(err, fault.Denied) && !fault.Is(err, fault.TooLarge) {
			return err
		}
	}
	note := ""
	if fault.Is(err, fault.Denied) {
		note = "\n-# " + it.Lang.T("I can't send you direct messages, so the file is here.")
	}
	err = it.Reply(ctx, client.Post{Text: done + note, Files: []client.Upload{m.Upload(ctx, f)}})
	if err == nil {
		m.downloaded(f)
	}
	if fault.Is(err, fault.TooLarge) {
		return it.Reply(ctx, m.tooLarge(it.Lang, f, 0))
	}
	return err
}

// downloaded logs that a file was handed to its user.
func (m *Manager) downloaded(f files.File) {
	m.opts.Log.Info("file downloaded", "user", f.User, "id", f.ID, "kind", f.Kind, "size", f.Size)
}

func (m *Manager) downloadByDM(ctx context.Context, it *interact.Interaction, f files.File) error {
	channel, err := m.api.DM(ctx, it.User().ID)
	if err == nil {
		_, err = m.api.Send(ctx, channel, client.Post{Text: "📎 **" + markdown.Escape(f.Name) + "**", Files: []client.Upload{m.Upload(ctx, f)}})
	}
	return err
}

// tooLarge tells about a file that Discord does not take. limit 0: it is not
// known how much it would take.
func (m *Manager) tooLarge(l *locale.Language, f files.File, limit int64) client.Post {
	size := l.Measure(files.Size(f.Size))
	text := "📦 " + l.T("**File too large to download**: %s has %s. You can still use it in code.", markdown.Escape(f.Name), size)
	if limit > 0 {
		text = "📦 " + l.T("**File too large to download**: %s has %s, and %s can be sent here. You can still use it in code.", markdown.Escape(f.Name), size, l.Measure(files.Size(limit)))
	}
	if link := m.LinkTo(l, f); link != "" {
		text += "\n" + l.T("Or get it from the web") + link
	}
	return client.Post{Text: text}
}

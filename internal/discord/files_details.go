package discord

import (
	"context"
	"fmt"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// chosen shows the file that was chosen in the list.
func (b *Bot) chosen(ctx context.Context, it *interaction, id customID, i dg.ComponentInteraction) error {
	return b.details(ctx, it, files.ID(chosenValue(i)), viewOf(id, 0))
}

// showDetails goes back from a confirmation to the file.
func (b *Bot) showDetails(ctx context.Context, it *interaction, id customID, _ dg.ComponentInteraction) error {
	return b.details(ctx, it, files.ID(id.args[0]), viewOf(id, 1))
}

// details shows one file with a preview of its content.
func (b *Bot) details(ctx context.Context, it *interaction, id files.ID, v view) error {
	f, err := b.assistant.Files().Get(ctx, it.user, id)
	if err != nil {
		return b.notThere(ctx, it, v, err)
	}
	e := dg.Embed{Title: brief.Chars(f.Emoji()+" "+escape(f.Name), 256), Color: blurple,
		Description: it.lang.T("Type: %s\nSize: %s", f.Kind, it.lang.Measure(files.ExactSize(f.Size))),
		Fields:      []dg.EmbedField{inline(it.lang.T("Kept"), f.Countdown(it.lang, b.opts.Now()))}}
	origin := it.lang.T("Uploaded")
	if f.Generated {
		origin = it.lang.T("Made by code")
	}
	e.Fields = append(e.Fields, inline(origin, b.when(f.UploadedAt)))
	if f.Width > 0 && f.Height > 0 {
		e.Fields = append(e.Fields, inline(it.lang.T("Pixels"), fmt.Sprintf("%d × %d", f.Width, f.Height)))
	}
	e.Fields = append(e.Fields, dg.EmbedField{Name: "ID", Value: "`" + string(f.ID) + "`"})
	args := append([]string{string(f.ID)}, v.args()...)
	p := client.Post{Embeds: []dg.Embed{e}, Rows: []dg.LayoutComponent{row(
		button(dg.ButtonStylePrimary, "⬇️", it.lang.T("Download"), customID{actDownload, it.user, args}),
		button(dg.ButtonStyleDanger, "🗑️", it.lang.T("Delete"), customID{actDelete, it.user, args}),
		button(dg.ButtonStyleSecondary, "◀️", it.lang.T("Back"), customID{actList, it.user, v.args()}))}}
	shown, later := b.assistant.Previews().Now(ctx, f)
	if later {
		return b.showLater(ctx, it, f, p)
	}
	return it.update(ctx, withPreview(p, previewMarkdown(shown)))
}

// with adds a preview to the details of a file.
func withPreview(p client.Post, shown preview) client.Post {
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
func (b *Bot) showLater(ctx context.Context, it *interaction, f files.File, p client.Post) error {
	i, ok := it.Interaction.(dg.ComponentInteraction)
	if !ok {
		return it.update(ctx, p)
	}
	open, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(b.ctx, cancel)()
	making, end := b.views.Begin(open, i.Message.ID, b.opts.tune.view)
	defer end()
	if err := it.update(ctx, p); err != nil {
		return err
	}
	shown := b.assistant.Previews().Make(making, f)
	if making.Err() != nil || shown.Empty() {
		return nil
	}
	if err := it.update(ctx, withPreview(p, previewMarkdown(shown))); err != nil {
		b.log.Debug("a preview can't be shown", "error", err)
	}
	return nil
}

func inline(name, value string) dg.EmbedField {
	yes := true
	return dg.EmbedField{Name: name, Value: value, Inline: &yes}
}

// notThere says kindly that a file is gone, and shows what is left.
func (b *Bot) notThere(ctx context.Context, it *interaction, v view, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	p, listErr := b.listPost(ctx, it, v)
	if listErr != nil {
		return err
	}
	p.Text = "🔎 " + it.lang.T("**File not found or expired.** Here is what you have now.")
	return it.update(ctx, p)
}

// download sends a file by direct message, or in the reply where direct
// messages are closed or take less.
func (b *Bot) download(ctx context.Context, it *interaction, id customID, _ dg.ComponentInteraction) error {
	f, err := b.assistant.Files().Get(ctx, it.user, files.ID(id.args[0]))
	if err != nil {
		return b.notThere(ctx, it, viewOf(id, 1), err)
	}
	limit := min(b.opts.MaxDownload, client.MaxRequest)
	if here := int64(it.AttachmentSizeLimit()); here > 0 {
		limit = min(limit, here)
	}
	if f.Size > limit {
		return it.reply(ctx, b.tooLarge(it.lang, f, limit))
	}
	if err := it.quietly(ctx); err != nil {
		return err
	}
	_, r, err := b.assistant.Files().Open(ctx, it.user, f.ID)
	if err != nil {
		return b.notThere(ctx, it, viewOf(id, 1), err)
	}
	r.Close()
	done := "✅ " + it.lang.T("Downloaded: %s", "**"+escape(f.Name)+"**")
	if f.Size <= b.places.FileLimit(0) {
		err = b.downloadByDM(ctx, it, f)
		if err == nil {
			b.downloaded(f)
			return it.reply(ctx, client.Post{Text: done + "\n-# " + it.lang.T("It is in our direct messages.")})
		}
		if !fault.Is(err, fault.Denied) && !fault.Is(err, fault.TooLarge) {
			return err
		}
	}
	note := ""
	if fault.Is(err, fault.Denied) {
		note = "\n-# " + it.lang.T("Your direct messages are closed to me, so it is here.")
	}
	err = it.reply(ctx, client.Post{Text: done + note, Files: []client.Upload{b.uploadOf(f)}})
	if err == nil {
		b.downloaded(f)
	}
	if fault.Is(err, fault.TooLarge) {
		return it.reply(ctx, b.tooLarge(it.lang, f, 0))
	}
	return err
}

// downloaded logs that a file was handed to its user.
func (b *Bot) downloaded(f files.File) {
	b.log.Info("file downloaded", "user", f.User, "id", f.ID, "kind", f.Kind, "size", f.Size)
}

func (b *Bot) downloadByDM(ctx context.Context, it *interaction, f files.File) error {
	channel, err := b.api.DM(ctx, it.Interaction.User().ID)
	if err == nil {
		_, err = b.api.Send(ctx, channel, client.Post{Text: "📎 **" + escape(f.Name) + "**", Files: []client.Upload{b.uploadOf(f)}})
	}
	return err
}

// tooLarge tells about a file that Discord does not take. limit 0: it is not
// known how much it would take.
func (b *Bot) tooLarge(l *locale.Language, f files.File, limit int64) client.Post {
	size := l.Measure(files.Size(f.Size))
	text := "📦 " + l.T("**File too large to download**: %s has %s. You can still use it in code.", escape(f.Name), size)
	if limit > 0 {
		text = "📦 " + l.T("**File too large to download**: %s has %s, and %s can be sent here. You can still use it in code.", escape(f.Name), size, l.Measure(files.Size(limit)))
	}
	if link := b.linkTo(l, f); link != "" {
		text += "\n" + l.T("Or get it from the web") + link
	}
	return client.Post{Text: text}
}

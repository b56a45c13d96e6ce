package discord

import (
	"context"
	"fmt"
	"io"
	"strings"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// uploaded is an attachment for the assistant to save.
func (b *Bot) uploaded(a dg.Attachment) assistant.Upload {
	u := assistant.Upload{
		Key: "discord/" + a.ID.String(), Name: client.NameOf(a), Size: int64(a.Size),
		Open: func(ctx context.Context) (io.ReadCloser, error) { return b.fetch(ctx, a), nil },
	}
	if a.Width != nil && a.Height != nil {
		u.Width, u.Height = *a.Width, *a.Height
	}
	return u
}

// fetch returns the content of an attachment.
func (b *Bot) fetch(ctx context.Context, a dg.Attachment) io.ReadCloser {
	return b.cdn.Open(ctx, a, func(ctx context.Context) (string, error) { return b.api.Refresh(ctx, a.URL) })
}

// confirmation tells what became of attachments, each in its own lines. Those
// that were saved before are passed over.
func (b *Bot) confirmation(l *locale.Language, all []assistant.Saving) string {
	var parts []string
	life := ""
	for _, s := range all {
		if s.Known {
			continue
		}
		if s.Err != nil {
			if sentence := b.explain(l, s.Err, "saving an attachment"); sentence != "" {
				parts = append(parts, "⚠️ "+escape(sentence))
			}
			continue
		}
		f := s.Saved
		saved := l.T("File saved! ID: `%s`", f.ID)
		if s.Full != nil {
			saved = l.T("A copy for this conversation. ID: `%s`", f.ID)
		}
		if len(all) > fewFiles {
			line := fmt.Sprintf("%s **%s** • %s • %s", f.Emoji(), escape(brief.Chars(f.Name, 60)), saved, l.Measure(files.Size(f.Size)))
			if f.Twin != nil {
				line += " • ♊"
			}
			parts, life = append(parts, line), lifetime(l, f.File)
			continue
		}
		lines := []string{
			fmt.Sprintf("%s **%s**", f.Emoji(), escape(f.Name)),
			saved,
			fmt.Sprintf("%s • %s • %s", l.Measure(files.Size(f.Size)), f.Kind, lifetime(l, f.File)),
		}
		if f.Note != "" {
			lines = append(lines, "-# ℹ️ "+escape(f.Note))
		}
		if f.Twin != nil {
			lines = append(lines, "-# ♊ "+l.T("Same content as %s (%s), so it is stored once.", "**"+escape(f.Twin.Name)+"**", "`"+string(f.Twin.ID)+"`"))
		}
		parts = append(parts, strings.Join(lines, "\n"))
	}
	if len(all) > fewFiles {
		if life != "" {
			parts = append(parts, "-# "+life)
		}
		return strings.Join(parts, "\n")
	}
	return strings.Join(parts, "\n\n")
}

// lifetime tells until when a file is kept, in a message that stays for long.
func lifetime(l *locale.Language, f files.File) string {
	if f.ExpiresAt.IsZero() {
		return f.Lifetime(l, f.UploadedAt)
	}
	return l.T("⏰ Expires %s", markdown.Time(f.ExpiresAt, markdown.Relative))
}

// fewFiles are confirmed with all that is to be said about them; of more, each has
// a line.
const fewFiles = 3

// say sends a text of any length as a reply, in several messages if need be.
func (b *Bot) say(ctx context.Context, q *question, replyTo snowflake.ID, text string) error {
	_, err := b.sayAll(ctx, q, replyTo, text)
	return err
}

// sayAll is say, and returns the messages.
func (b *Bot) sayAll(ctx context.Context, q *question, replyTo snowflake.ID, text string) (ids []snowflake.ID, err error) {
	for _, part := range markdown.Split(text, client.MaxContent) {
		m, err := b.send(ctx, q, client.Post{Text: part, ReplyTo: replyTo})
		if err != nil {
			return ids, err
		}
		ids = append(ids, m.ID)
		replyTo = 0
	}
	return ids, nil
}

// rootOf returns the known root of a message, or the message.
func (b *Bot) rootOf(id snowflake.ID) snowflake.ID {
	if r, ok := b.roots.Get(id); ok {
		return r
	}
	return id
}

// escape takes the meaning of Markdown out of a text, such as a file's name.
func escape(s string) string { return markdown.Escape(s) }

package discord

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/files"
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

func (b *Bot) fetchText(ctx context.Context, a dg.Attachment) (string, error) {
	body := b.fetch(ctx, a)
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, maxPastedText))
	return strings.TrimSpace(strings.ToValidUTF8(string(data), "\uFFFD")), err
}

// confirmation tells what became of attachments, each in its own lines. Those
// that were saved before are passed over.
func (b *Bot) confirmation(all []assistant.Saving) string {
	var parts []string
	for _, s := range all {
		if s.Known {
			continue
		}
		if s.Err != nil {
			if sentence := b.explain(s.Err, "saving an attachment"); sentence != "" {
				parts = append(parts, "⚠️ "+escape(sentence))
			}
			continue
		}
		f := s.Saved
		lines := []string{
			fmt.Sprintf("%s **%s**", f.Emoji(), escape(f.Name)),
			fmt.Sprintf("File saved! ID: `%s`", f.ID),
			fmt.Sprintf("%s • %s • %s", files.Size(f.Size), f.Kind, f.Lifetime(f.UploadedAt)),
		}
		if f.Note != "" {
			lines = append(lines, "-# ℹ️ "+escape(f.Note))
		}
		if f.Twin != nil {
			lines = append(lines, fmt.Sprintf("-# ♊ Same content as **%s** (`%s`), so it is stored once.", escape(f.Twin.Name), f.Twin.ID))
		}
		parts = append(parts, strings.Join(lines, "\n"))
	}
	return strings.Join(parts, "\n\n")
}

// say sends a text of any length as a reply, in several messages if need be.
func (b *Bot) say(ctx context.Context, channel, replyTo snowflake.ID, text string) error {
	_, err := b.sayAll(ctx, channel, replyTo, text)
	return err
}

// sayAll is say, and returns the messages.
func (b *Bot) sayAll(ctx context.Context, channel, replyTo snowflake.ID, text string) (ids []snowflake.ID, err error) {
	for _, part := range markdown.Split(text, client.MaxContent) {
		m, err := b.api.Send(ctx, channel, client.Post{Text: part, ReplyTo: replyTo})
		if err != nil {
			return ids, err
		}
		ids = append(ids, m.ID)
		b.roots.put(m.ID, b.rootOf(replyTo))
		replyTo = 0
	}
	return ids, nil
}

// rootOf returns the known root of a message, or the message.
func (b *Bot) rootOf(id snowflake.ID) snowflake.ID {
	if r, ok := b.roots.get(id); ok {
		return r
	}
	return id
}

// escape takes the meaning of Markdown and mentions out of a text, such as a
// file's name, that stands between other text. An underscore between letters
// has none.
func escape(s string) string {
	var out strings.Builder
	rs := []rune(s)
	inWord := func(i int) bool { return i >= 0 && i < len(rs) && (unicode.IsLetter(rs[i]) || unicode.IsDigit(rs[i])) }
	for i, r := range rs {
		if strings.ContainsRune("\\*~`|<>[]#", r) || r == '_' && !(inWord(i-1) && inWord(i+1)) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

package discord

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/markdown"
	"github.com/attachebot/attache/internal/files"
)

// parallelSaves is how many attachments of a message are fetched at a time.
const parallelSaves = 3

// saving is what became of one attachment.
type saving struct {
	name  string
	saved files.Saved
	err   error
}

// save saves the attachments of a message as the user's files. The results
// are in the order of the attachments.
func (b *Bot) save(ctx context.Context, m dg.Message, user files.UserID, as []dg.Attachment) []saving {
	out := make([]saving, len(as))
	slots := make(chan struct{}, parallelSaves)
	var all sync.WaitGroup
	for i, a := range as {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			defer b.rescue("attachment")
			out[i] = b.saveOne(ctx, m, user, a)
		})
	}
	all.Wait()
	return out
}

func (b *Bot) saveOne(ctx context.Context, m dg.Message, user files.UserID, a dg.Attachment) saving {
	body := b.fetch(ctx, m, a)
	defer body.Close()
	u := files.Upload{User: user, Name: client.NameOf(a), Size: int64(a.Size), Body: body}
	if a.Width != nil && a.Height != nil {
		u.Width, u.Height = *a.Width, *a.Height
	}
	saved, err := b.files.Save(ctx, u)
	return saving{name: u.Name, saved: saved, err: err}
}

// fetch returns the content of an attachment of m, or of a message that m
// replies to or forwards.
func (b *Bot) fetch(ctx context.Context, m dg.Message, a dg.Attachment) io.ReadCloser {
	return b.cdn.Open(ctx, a, func(ctx context.Context) (string, error) { return b.api.Refresh(ctx, a.URL) })
}

func (b *Bot) fetchText(ctx context.Context, m dg.Message, a dg.Attachment) (string, error) {
	body := b.fetch(ctx, m, a)
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, maxPastedText))
	return strings.TrimSpace(strings.ToValidUTF8(string(data), "\uFFFD")), err
}

// confirmation tells what became of attachments, each in its own lines.
func (b *Bot) confirmation(all []saving) string {
	var parts []string
	for _, s := range all {
		if s.err != nil {
			if sentence := b.explain(s.err, "saving an attachment"); sentence != "" {
				parts = append(parts, "⚠️ "+escape(sentence))
			}
			continue
		}
		f := s.saved
		lines := []string{
			fmt.Sprintf("%s **%s**", f.Emoji(), escape(f.Name)),
			fmt.Sprintf("File saved! ID: `%s`", f.ID),
			fmt.Sprintf("%s • %s • %s", files.Size(f.Size), f.Kind, lifetime(f.File)),
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

// lifetime tells how long a file is kept from its upload on.
func lifetime(f files.File) string {
	if f.ExpiresAt.IsZero() {
		return "♾️ This file never expires (permanent storage)"
	}
	return "⏰ Expires in " + hours(f.ExpiresAt.Sub(f.UploadedAt))
}

// hours writes how long a file is still kept: "36h", "45min", "30d".
func hours(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%dmin", max(int((d+time.Minute-1)/time.Minute), 1))
	case d <= 14*24*time.Hour:
		return fmt.Sprintf("%dh", int((d+30*time.Minute)/time.Hour))
	}
	return fmt.Sprintf("%dd", int((d+12*time.Hour)/(24*time.Hour)))
}

// notSaved tells the model which attachments it can't have.
func notSaved(all []saving, explain func(error) string) string {
	var lines []string
	for _, s := range all {
		if s.err != nil {
			lines = append(lines, fmt.Sprintf("[The attachment %q was not saved: %s]", files.SafeName(s.name), explain(s.err)))
		}
	}
	return strings.Join(lines, "\n")
}

// say sends a text of any length as a reply, in several messages if need be.
func (b *Bot) say(ctx context.Context, channel, replyTo snowflake.ID, text string) error {
	for _, part := range markdown.Split(text, client.MaxContent) {
		m, err := b.api.Send(ctx, channel, client.Post{Text: part, ReplyTo: replyTo})
		if err != nil {
			return err
		}
		b.roots.put(m.ID, b.rootOf(replyTo))
		replyTo = 0
	}
	return nil
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

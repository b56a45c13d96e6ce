package discord

import (
	"context"
	"strings"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/discord/client"
)

// tellInterrupted tells the users of turns that a restart broke off, and lets
// them run these again.
func (b *Bot) tellInterrupted() {
	b.background("telling about interrupted turns", func(ctx context.Context) {
		for _, r := range b.assistant.Interrupted("discord/") {
			if ctx.Err() != nil {
				return
			}
			if err := b.tellOne(ctx, r); err != nil {
				b.log.Warn("somebody can't be told that their turn was interrupted", "turn", r.ID, "error", err)
			}
		}
	})
}

func (b *Bot) tellOne(ctx context.Context, r chat.Record) error {
	channel, message, ok := parseTurnID(r.ID)
	if !ok {
		return nil // of another front end
	}
	q := newQuestion(dg.Message{ID: message, ChannelID: channel, Author: dg.User{ID: snowflake.ID(r.User)}})
	if parts := strings.Split(r.ID, "/"); len(parts) == 4 {
		q.again = parts[3]
	}
	if q.again == byInteraction { // there is no message to answer
		dm, err := b.api.DM(ctx, snowflake.ID(r.User))
		if err == nil {
			_, err = b.api.Send(ctx, dm, client.Post{Text: "-# ⏸️ " + b.heard.At(nil, snowflake.ID(r.User)).T("I was restarted in the middle of an answer to you in %s. Please ask again.", "<#"+channel.String()+">")})
		}
		return err
	}
	q.lang = b.languageOf(q)
	line := "-# ⏸️ " + q.lang.T("I was restarted in the middle of this answer. 🔁 Retry runs it again.")
	rows := (&answered{q: q}).rows(false)
	after, err := b.api.Messages(ctx, channel, message, 0, 25)
	if err != nil {
		return err
	}
	for _, m := range after {
		if m.Author.ID != b.self() || buttonOf(m, actStop) != message {
			continue
		}
		p := client.Post{Text: withoutStatus(m.Content) + "\n" + line, Rows: rows}
		for _, a := range m.Attachments {
			p.Keep = append(p.Keep, a.ID)
		}
		_, err := b.api.Edit(ctx, channel, m.ID, p)
		return err
	}
	_, err = b.api.Send(ctx, channel, client.Post{Text: line, Rows: rows, ReplyTo: message})
	return err
}

// withoutStatus takes the status line off what an unfinished answer shows.
func withoutStatus(text string) string {
	i := strings.LastIndexByte(text, '\n')
	if strings.HasPrefix(text[i+1:], "-# ") {
		return text[:max(i, 0)]
	}
	return text
}

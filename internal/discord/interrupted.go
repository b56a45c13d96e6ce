package discord

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/discord/around"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/files"
)

// An answer is noted as open from its turn's start on, until Discord has its end or
// refused it for good. What is still noted when the program starts, and what the
// engine had not finished, was cut off: it is told about, and is open until then.

// setOpen notes whether the answer to a question is open.
func (b *Bot) setOpen(q *question, open bool) {
	ctx, cancel := b.detached(10 * time.Second)
	defer cancel()
	if err := b.memory().SetOpen(ctx, q.turnID(), uint64(q.user()), open); err != nil && ctx.Err() == nil {
		b.log.Warn("keeping that an answer is under way", "turn", q.turnID(), "error", err)
	}
}

// cutOff returns the turns whose answers were open when the program ended, with
// their users. The engine tells of its own once: they are noted at once.
func (b *Bot) cutOff(ctx context.Context) map[string]uint64 {
	turns, err := b.memory().Open(ctx)
	if err != nil {
		b.log.Warn("recalling which answers were under way", "error", err)
	}
	if turns == nil {
		turns = map[string]uint64{}
	}
	for _, r := range b.assistant.Interrupted("discord/") {
		turns[r.ID] = uint64(r.User)
		if err := b.memory().SetOpen(ctx, r.ID, uint64(r.User), true); err != nil {
			b.log.Warn("keeping that an answer was under way", "turn", r.ID, "error", err)
		}
	}
	return turns
}

// tellInterrupted tells the users of turns that a restart broke off, and lets
// them run these again. Those who can't be told now are told at the next start.
func (b *Bot) tellInterrupted(cutOff map[string]uint64) {
	b.background("telling about interrupted turns", func(ctx context.Context) {
		var all sync.WaitGroup
		slots := make(chan struct{}, absenceReading)
		for turn, user := range cutOff {
			slots <- struct{}{}
			all.Go(func() {
				defer func() { <-slots }()
				defer client.Rescue(b.log, "telling about an interrupted turn")
				r := chat.Record{ID: turn, User: files.UserID(user)}
				err := b.sessions.Patiently(ctx, func() error { return b.tellOne(ctx, r) })
				if err != nil && ctx.Err() == nil {
					b.log.Warn("somebody can't be told that their turn was interrupted", "turn", turn, "error", err)
				}
				if ctx.Err() != nil || client.MayPass(err) {
					return
				}
				if err := b.memory().SetOpen(ctx, turn, user, false); err != nil && ctx.Err() == nil {
					b.log.Warn("forgetting an answer that was under way", "turn", turn, "error", err)
				}
			})
		}
		all.Wait()
	})
}

// Gone is another process of the same bot that is there no more, and the turns
// that it had not finished.
type Gone struct {
	Instance string
	Turns    []chat.Record
}

// tellGone tells the users of other processes that are there no more.
func (b *Bot) tellGone(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case g := <-b.opts.Gone:
			b.tellInterrupted(b.adopt(ctx, g))
		}
	}
}

// adopt makes the answers that another process had open this one's: if this
// one ends before they are told about, they are told about in its place.
func (b *Bot) adopt(ctx context.Context, g Gone) map[string]uint64 {
	its := b.memory()
	its.Instance = g.Instance
	turns, err := its.Open(ctx)
	if err != nil {
		b.log.Warn("recalling which answers of another process were under way", "instance", g.Instance, "error", err)
	}
	cutOff := maps.Clone(turns)
	if cutOff == nil {
		cutOff = map[string]uint64{}
	}
	for _, r := range g.Turns {
		if _, _, ok := parseTurnID(r.ID); ok { // others are of another front end
			cutOff[r.ID] = uint64(r.User)
		}
	}
	for turn, user := range cutOff {
		err := b.memory().SetOpen(ctx, turn, user, true)
		if _, noted := turns[turn]; noted && err == nil {
			err = its.SetOpen(ctx, turn, user, false)
		}
		if err != nil && ctx.Err() == nil {
			b.log.Warn("keeping that an answer was under way", "turn", turn, "error", err)
		}
	}
	return cutOff
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
	after, err := b.api.Messages(ctx, channel, message, 0, 100)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(after, func(m dg.Message) bool {
		sorry := around.RepliedTo(m) == message && strings.HasPrefix(m.Content, "⚠️ ")
		return m.Author.ID == b.self() && (sorry || finalOf(m, message, q.again))
	}) {
		return nil // it was shown, or said, and only that was not kept
	}
	for _, m := range after {
		if m.Author.ID != b.self() || buttonOf(m, actStop) != message {
			continue
		}
		p := client.Post{Text: withoutStatus(m.Content) + "\n" + line, Rows: rows}
		for _, a := range m.Attachments {
			p.Keep = append(p.Keep, a.ID)
		}
		if _, err := b.api.Edit(ctx, channel, m.ID, p); !client.TooOldToEdit(err) {
			return err
		}
	}
	_, err = b.api.Send(ctx, channel, client.Post{Text: line, Rows: rows, ReplyTo: message})
	return err
}

// finalOf tells whether a message has the buttons of a finished answer.
func finalOf(m dg.Message, prompt snowflake.ID, again string) bool {
	for c := range m.AllComponents() {
		if button, ok := c.(dg.ButtonComponent); ok {
			id, err := interact.ParseID(button.CustomID)
			if err == nil && id.Action == actRetry && id.Snowflake(0) == prompt && id.Arg(1) == again {
				return true
			}
		}
	}
	return false
}

// withoutStatus takes the status line off what an unfinished answer shows.
func withoutStatus(text string) string {
	i := strings.LastIndexByte(text, '\n')
	if strings.HasPrefix(text[i+1:], "-# ") {
		return text[:max(i, 0)]
	}
	return text
}

package discord

import (
	"context"
	"slices"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/discord/client"
)

// Threads says what the bot answers in threads that it was called into.
type Threads string

const (
	OnlyMentions Threads = "mention" // messages that call it
	OwnThreads   Threads = "own"     // all of those that are its own, or in which one person writes; elsewhere those that call it
	AllThreads   Threads = "all"     // everything
)

// calls tells whether a message calls the bot by itself: with a mention, or as a
// reply to it.
func (b *Bot) calls(m dg.Message) bool {
	me := b.self()
	if m.ReferencedMessage != nil && m.ReferencedMessage.Author.ID == me || slices.ContainsFunc(m.Mentions, func(u dg.User) bool { return u.ID == me }) {
		return true
	}
	if m.GuildID == nil {
		return false
	}
	role := b.places.ownRole(*m.GuildID)
	return role != 0 && slices.Contains(m.MentionRoles, role)
}

// readsAlong tells whether what is said in a thread without calling the bot is
// for it; unknown if Discord has to be asked.
func (b *Bot) readsAlong(channel snowflake.ID) membership {
	called, own, writers, quiet := b.places.manners(channel)
	switch {
	case called != member, b.opts.Threads == AllThreads:
		return called
	case quiet, b.opts.Threads == OnlyMentions:
		return stranger
	case own == stranger && writers == 1:
		return member
	}
	return own
}

// findOut asks Discord whether the bot was called into a thread, and whose it is.
func (b *Bot) findOut(ctx context.Context, channel snowflake.ID) membership {
	if b.places.calledInto(channel) == unknown {
		m := member
		if err := b.api.Do(ctx, client.Request{To: rest.GetThreadMember.Compile(nil, channel, b.self())}); err != nil {
			m = stranger
			if client.Code(err) == 0 {
				return m // not known
			}
		}
		b.places.setCalled(channel, m)
	}
	if _, own, _, _ := b.places.manners(channel); own == unknown && b.places.calledInto(channel) == member {
		b.places.setOwn(channel, b.own(ctx, channel))
	}
	return b.readsAlong(channel)
}

// company tells who else speaks in a message's conversation. In a chain of
// replies, and in the bot's own threads, whoever writes joins a conversation with
// the bot.
func (b *Bot) company(ctx context.Context, m dg.Message) assistant.Company {
	if m.GuildID == nil {
		return assistant.Alone
	}
	if b.places.parent(m.ChannelID) == 0 {
		return assistant.Joining
	}
	_, own, _, _ := b.places.manners(m.ChannelID)
	if own == unknown {
		own = b.own(ctx, m.ChannelID)
		b.places.setOwn(m.ChannelID, own)
	}
	if own == member {
		return assistant.Joining
	}
	return assistant.Among
}

// own tells whether a thread is the bot's own: begun from an answer of it, or by
// a message that called it: the first in it too, if its author began the thread.
func (b *Bot) own(ctx context.Context, channel snowflake.ID) membership {
	parent, _ := b.places.thread(channel)
	if starter, err := b.starter(ctx, parent, channel); err == nil && (starter.Author.ID == b.self() || b.calls(starter)) {
		return member
	}
	ms, err := b.api.Messages(ctx, channel, channel, 0, 3)
	if err != nil {
		return stranger
	}
	for _, m := range slices.Backward(ms) { // the oldest first
		if m.Type == dg.MessageTypeDefault || m.Type == dg.MessageTypeReply {
			if m.Author.ID == b.places.owner(channel) && b.calls(m) {
				return member
			}
			break
		}
	}
	return stranger
}

// hush makes the bot answer in a thread only when it is called, on a press of
// "Only when mentioned".
func (b *Bot) hush(ctx context.Context, it *interaction, _ customID, i dg.ComponentInteraction) error {
	b.places.setQuiet(it.channel())
	return it.reply(ctx, client.Post{Text: "🔇 In this thread I answer only those who mention me or reply to me, from now on."})
}

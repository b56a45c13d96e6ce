package discord

import (
	"context"
	"slices"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/places"
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
	role := b.places.OwnRole(*m.GuildID)
	return role != 0 && slices.Contains(m.MentionRoles, role)
}

// readsAlong tells whether what is said in a thread without calling the bot is
// for it; unknown if Discord has to be asked.
func (b *Bot) readsAlong(channel snowflake.ID) places.Membership {
	m := b.places.Manners(channel)
	switch {
	case m.Called != places.Member, b.live().Threads == AllThreads:
		return m.Called
	case m.Quiet, b.live().Threads == OnlyMentions:
		return places.Stranger
	case m.Own == places.Stranger && m.Writers == 1:
		return places.Member
	}
	return m.Own
}

// findOut asks Discord whether the bot was called into a thread, and whose it is.
func (b *Bot) findOut(ctx context.Context, channel snowflake.ID) places.Membership {
	if b.places.CalledInto(channel) == places.Unknown {
		m := places.Member
		if err := b.api.Do(ctx, client.Request{To: rest.GetThreadMember.Compile(nil, channel, b.self())}); err != nil {
			m = places.Stranger
			if client.Code(err) == 0 {
				return m // not known
			}
		}
		b.places.SetCalled(channel, m)
	}
	if m := b.places.Manners(channel); m.Own == places.Unknown && m.Called == places.Member {
		b.places.SetOwn(channel, b.own(ctx, channel))
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
	if b.places.Parent(m.ChannelID) == 0 {
		return assistant.Joining
	}
	own := b.places.Manners(m.ChannelID).Own
	if own == places.Unknown {
		own = b.own(ctx, m.ChannelID)
		b.places.SetOwn(m.ChannelID, own)
	}
	if own == places.Member {
		return assistant.Joining
	}
	return assistant.Among
}

// own tells whether a thread is the bot's own: begun from an answer of it, or by
// a message that called it: the first in it too, if its author began the thread. It
// also finds out who wrote there before the bot was started.
func (b *Bot) own(ctx context.Context, channel snowflake.ID) places.Membership {
	parent, _ := b.places.Thread(channel)
	if starter, err := b.around.Starter(ctx, parent, channel); err == nil && (starter.Author.ID == b.self() || b.calls(starter)) {
		return places.Member
	}
	first, err := b.api.Messages(ctx, channel, channel, 0, 3)
	if err != nil {
		return places.Stranger
	}
	for _, m := range slices.Backward(first) { // the oldest first
		if byPerson(m) {
			if m.Author.ID == b.places.Owner(channel) && b.calls(m) {
				return places.Member
			}
			break
		}
	}
	lately, _ := b.api.Messages(ctx, channel, 0, 0, 50)
	for _, m := range lately {
		if byPerson(m) {
			b.places.Wrote(channel, m.Author.ID)
		}
	}
	return places.Stranger
}

// hush makes the bot answer in a thread only when it is called, on a press of
// "Only when mentioned".
func (b *Bot) hush(ctx context.Context, it *interact.Interaction, _ interact.ID, i dg.ComponentInteraction) error {
	b.places.SetQuiet(it.ChannelID())
	if err := b.memory().SetQuiet(ctx, it.ChannelID()); err != nil {
		b.log.Warn("keeping that the bot is quiet in a thread", "thread", it.ChannelID(), "error", err)
	}
	return it.Reply(ctx, client.Post{Text: "🔇 " + it.Lang.T("In this thread I answer only those who mention me or reply to me, from now on.")})
}

// join makes the bot a member of a thread that it is called into: Discord
// remembers that, over a restart of the bot too.
func (b *Bot) join(ctx context.Context, channel snowflake.ID) {
	if b.places.CalledInto(channel) == places.Member || b.places.Parent(channel) == 0 {
		return
	}
	b.places.SetCalled(channel, places.Member)
	if err := b.api.Do(ctx, client.Request{To: rest.JoinThread.Compile(nil, channel)}); err != nil {
		b.log.Debug("a thread can't be joined", "error", err)
	}
}

package discord

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/discord/around"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/places"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// onMessage queues a message that is for the bot. It must not take long.
func (b *Bot) onMessage(m dg.Message) {
	if !byPerson(m) {
		return
	}
	b.places.Wrote(m.ChannelID, m.Author.ID)
	if m.GuildID == nil {
		b.keepDM(m)
	}
	called := b.addressed(m)
	if called == places.Stranger || !b.admits(m.Author.ID, rolesOf(m.Member), m.ChannelID) || !b.seen.Put(m.ID, called == places.Member) {
		return
	}
	if called == places.Member {
		b.ask(newQuestion(m))
		return
	}
	b.spawn("message in a thread", func(ctx context.Context) {
		if b.findOut(ctx, m.ChannelID) == places.Member {
			b.seen.Put(m.ID, true)
			b.ask(newQuestion(m))
		}
	})
}

// byPerson tells whether a person wrote a message, for others to see.
func byPerson(m dg.Message) bool {
	return !m.Author.Bot && !m.Author.System && m.WebhookID == nil && !m.Flags.Has(dg.MessageFlagEphemeral) &&
		(m.Type == dg.MessageTypeDefault || m.Type == dg.MessageTypeReply)
}

func rolesOf(m *dg.Member) []snowflake.ID {
	if m == nil {
		return nil
	}
	return m.RoleIDs
}

// addressed tells whether a message is for the bot: member if it is, unknown if
// that depends on whether the bot was called into the thread.
func (b *Bot) addressed(m dg.Message) places.Membership {
	switch {
	case m.GuildID == nil, b.calls(m):
		return places.Member
	case m.ReferencedMessage != nil || len(m.Mentions) > 0, m.Content == "" && len(m.Attachments) == 0:
		return places.Stranger // for somebody else, or not to be read
	}
	return b.readsAlong(m.ChannelID)
}

// question is a message that is to be answered, or to be answered again.
type question struct {
	turn  *assistant.Turn // set when the assistant has it
	shown chan struct{}   // closed when all of the turn is shown; set with turn

	mu  sync.Mutex // held while msg is read or edited in the turn
	msg dg.Message

	waits   sync.Once
	marking sync.Mutex
	marked  bool // with an hourglass
	begun   bool // it does not wait any more

	by      *interact.Interaction // asked by a command or a button, and answered through it; nil: by a message
	quoted  bool                  // its text is not in the person's own words
	private bool                  // only who asked sees the answer
	with    []files.File          // what it is about
	lang    *locale.Language      // of who reads the answer

	missed bool  // it was written while the bot could not hear
	late   error // says why it is not answered
	passed bool  // so does another message's

	deleted atomic.Bool    // by its author
	nowhere atomic.Bool    // its place is gone: nothing can be shown
	told    []snowflake.ID // messages about its attachments; of the goroutine that follows

	// To answer it again:
	old      *replaced // the answer that this one takes the place of
	again    string    // names the attempt; empty the first time
	replaces string    // the turn that it replaces
	same     bool      // the earlier text and files are used
}

// byInteraction names the attempt of a question that a command or a button asked.
const byInteraction = "by"

func newQuestion(m dg.Message) *question {
	return &question{msg: m}
}

// own is what the person wrote in their own words.
func (q *question) own(m dg.Message) string {
	if q.quoted {
		return ""
	}
	return m.Content
}

func (q *question) user() files.UserID      { return files.UserID(q.msg.Author.ID) }
func (q *question) channel() snowflake.ID   { return q.msg.ChannelID }
func (q *question) turnID() string          { return turnID(q.msg.ChannelID, q.msg.ID, q.again) }
func (q *question) guild() (g snowflake.ID) { return orZero(q.msg.GuildID) }

func orZero(id *snowflake.ID) snowflake.ID {
	if id == nil {
		return 0
	}
	return *id
}

// turnID names a turn for the engine: "discord/channel/message", with what
// names another attempt behind it.
func turnID(channel, message snowflake.ID, again string) string {
	id := "discord/" + channel.String() + "/" + message.String()
	if again != "" {
		id += "/" + again
	}
	return id
}

// parseTurnID is the reverse of turnID.
func parseTurnID(id string) (channel, message snowflake.ID, ok bool) {
	parts := strings.Split(id, "/")
	if len(parts) < 3 || len(parts) > 4 || parts[0] != "discord" {
		return 0, 0, false
	}
	channel, err1 := snowflake.Parse(parts[1])
	message, err2 := snowflake.Parse(parts[2])
	return channel, message, err1 == nil && err2 == nil && channel != 0 && message != 0
}

// conversation names the history that a message continues: all direct messages
// with a person, a thread, or a chain of replies by its first message.
func (b *Bot) conversation(ctx context.Context, m dg.Message) string {
	switch {
	case m.GuildID == nil:
		return "discord/dm/" + m.ChannelID.String()
	case b.places.Parent(m.ChannelID) != 0:
		return "discord/thread/" + m.ChannelID.String()
	}
	return "discord/chain/" + m.ChannelID.String() + "/" + b.root(ctx, m).String()
}

// maxChain bounds the messages that are read to find the first of a chain.
const maxChain = 50

// root returns the first message of the chain of replies that m is in: questions
// and the bot's answers by turns. It is remembered for the next time.
func (b *Bot) root(ctx context.Context, m dg.Message) snowflake.ID {
	first := m.ID
	var passed []snowflake.ID
	at := &m
	for range maxChain {
		if known, ok := b.roots.Get(at.ID); ok {
			first = known
			break
		}
		passed = append(passed, at.ID)
		mine := at.Author.ID == b.self()
		if !mine {
			first = at.ID
		}
		up := around.RepliedTo(*at)
		if up == 0 && mine {
			up = promptOf(*at)
		}
		if up == 0 {
			break
		}
		next := at.ReferencedMessage
		if next == nil || next.ID != up {
			if known, ok := b.roots.Get(up); ok {
				first = known
				break
			}
			got, err := b.api.Message(ctx, m.ChannelID, up)
			if err != nil {
				break
			}
			next = &got
		}
		if !mine && next.Author.ID != b.self() {
			break // a reply to somebody else begins a conversation
		}
		at = next
	}
	for _, id := range passed {
		b.roots.Put(id, first)
	}
	return first
}

// promptOf returns the message that one of the bot's answers is for, which its
// buttons name, or 0.
func promptOf(m dg.Message) snowflake.ID { return buttonOf(m, actRetry, actStop) }

// buttonOf returns the first argument of a button with one of the actions, or 0.
func buttonOf(m dg.Message, actions ...string) snowflake.ID {
	for c := range m.AllComponents() {
		if button, ok := c.(dg.ButtonComponent); ok {
			if id, err := interact.ParseID(button.CustomID); err == nil && slices.Contains(actions, id.Action) {
				return id.Snowflake(0)
			}
		}
	}
	return 0
}

// onEdit takes in that a message was edited, if somebody did.
func (b *Bot) onEdit(m dg.Message) {
	_, mine := b.seen.Get(m.ID)
	switch {
	case m.EditedTimestamp == nil || b.edited(m):
		return
	case !mine: // who forgot to call the bot does so by an edit; what was answered is claimed
		if b.calls(m) && b.opts.Now().Sub(m.ID.Time()) <= editWindow {
			b.onMessage(m)
		}
		return
	}
	b.offerEdited(m)
}

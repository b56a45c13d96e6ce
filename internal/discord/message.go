package discord

import (
	"context"
	"crypto/rand"
	"strconv"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"
)

// Limits of messages: https://discord.com/developers/docs/resources/message
const (
	maxContent = 2000 // characters of a message's text
	maxFiles   = 10   // of a message
	maxRequest = 25<<20 - 64<<10
)

// post is a message to be sent, or how one is to be after an edit: what an
// edit leaves empty is removed. It pings nobody, and its links are not opened by
// Discord for a preview: the text may be anybody's.
type post struct {
	text   string
	embeds []dg.Embed
	rows   []dg.LayoutComponent
	files  []upload
	keep   []snowflake.ID // of the attachments that are there, those that stay; edits only

	passing   bool         // it will be edited again soon
	replyTo   snowflake.ID // 0: no reply
	ephemeral bool         // answers to interactions only
}

type (
	object = map[string]any
	list   = []any
)

var noMentions = object{"parse": list{}}

func (p post) body(edit bool) object {
	flags := dg.MessageFlags(0)
	if len(p.embeds) == 0 {
		flags |= dg.MessageFlagSuppressEmbeds
	}
	if p.ephemeral {
		flags |= dg.MessageFlagEphemeral
	}
	attachments := list{}
	for _, id := range p.keep {
		attachments = append(attachments, object{"id": id})
	}
	for i, f := range p.files {
		a := object{"id": strconv.Itoa(i), "filename": headerName(f.name)}
		if f.alt != "" {
			a["description"] = clip(f.alt, 1000)
		}
		attachments = append(attachments, a)
	}
	b := object{"allowed_mentions": noMentions, "flags": flags}
	if edit || p.text != "" {
		b["content"] = p.text
	}
	if edit || len(p.embeds) > 0 {
		b["embeds"] = orEmpty(p.embeds)
	}
	if edit || len(p.rows) > 0 {
		b["components"] = orEmpty(p.rows)
	}
	if edit || len(attachments) > 0 {
		b["attachments"] = attachments
	}
	if p.replyTo != 0 && !edit {
		b["message_reference"] = object{"message_id": p.replyTo, "fail_if_not_exists": false}
	}
	return b
}

func orEmpty[T any](v []T) []T {
	if v == nil {
		return []T{}
	}
	return v
}

// send sends a message to a channel.
func (a *api) send(ctx context.Context, channel snowflake.ID, p post) (m dg.Message, err error) {
	body := p.body(false)
	// The nonce makes a repeated request the same message.
	body["nonce"], body["enforce_nonce"] = rand.Text()[:25], true
	err = a.do(ctx, call{to: rest.CreateMessage.Compile(nil, channel), body: body, files: p.files, into: &m})
	return m, err
}

// edit makes a message of the bot be as p says.
func (a *api) edit(ctx context.Context, channel, message snowflake.ID, p post) (m dg.Message, err error) {
	err = a.do(ctx, call{to: rest.UpdateMessage.Compile(nil, channel, message), body: p.body(true), files: p.files, into: &m, low: p.passing})
	return m, err
}

func (a *api) delete(ctx context.Context, channel, message snowflake.ID) error {
	return a.do(ctx, call{to: rest.DeleteMessage.Compile(nil, channel, message)})
}

func (a *api) message(ctx context.Context, channel, message snowflake.ID) (m dg.Message, err error) {
	err = a.do(ctx, call{to: rest.GetMessage.Compile(nil, channel, message), into: &m})
	return m, err
}

// messages returns up to limit messages, newest first: those after the message
// given, or before it, or the last ones.
func (a *api) messages(ctx context.Context, channel, after, before snowflake.ID, limit int) (ms []dg.Message, err error) {
	q := dg.QueryValues{"limit": limit}
	if after != 0 {
		q["after"] = after
	}
	if before != 0 {
		q["before"] = before
	}
	err = a.do(ctx, call{to: rest.GetMessages.Compile(q, channel), into: &ms})
	return ms, err
}

// typing shows for ten seconds that the bot is at work.
func (a *api) typing(ctx context.Context, channel snowflake.ID) error {
	return a.do(ctx, call{to: rest.SendTyping.Compile(nil, channel), low: true})
}

func (a *api) react(ctx context.Context, channel, message snowflake.ID, emoji string, on bool) error {
	to := rest.AddReaction
	if !on {
		to = rest.RemoveOwnReaction
	}
	return a.do(ctx, call{to: to.Compile(nil, channel, message, emoji), low: true})
}

// dm returns the channel of direct messages with a user.
func (a *api) dm(ctx context.Context, user snowflake.ID) (snowflake.ID, error) {
	var c struct {
		ID snowflake.ID `json:"id"`
	}
	err := a.do(ctx, call{to: rest.CreateDMChannel.Compile(nil), body: object{"recipient_id": user}, into: &c})
	return c.ID, err
}

// clip cuts s to n characters; an ellipsis is the last one then.
func clip(s string, n int) string {
	count := 0
	for i := range s {
		if count++; count == n {
			if rest := s[i:]; len([]rune(rest)) > 1 {
				return s[:i] + "…"
			}
		}
	}
	return s
}

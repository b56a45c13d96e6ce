package client

import (
	"context"
	"crypto/rand"
	"strconv"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/brief"
)

// Limits of messages: https://discord.com/developers/docs/resources/message
const (
	MaxContent = 2000            // characters of a message's text
	MaxFiles   = 10              // of a message
	MaxRequest = 25<<20 - 64<<10 // bytes of the files of a request
	maxAlt     = 1000
)

// A Post is a message to be sent, or how one is to be after an edit: what an
// edit leaves empty is removed. It pings nobody but whom Ping names, and its links are not opened by
// Discord for a preview: the text may be anybody's.
type Post struct {
	Text   string
	Embeds []dg.Embed
	Rows   []dg.LayoutComponent
	Files  []Upload
	Keep   []snowflake.ID // of the attachments that are there, those that stay; edits only

	Pictures  bool         // made by NewPictures; Text and Embeds are empty then
	Passing   bool         // it will be edited again soon
	ReplyTo   snowflake.ID // 0: no reply
	Ephemeral bool         // answers to interactions only
	Ping      snowflake.ID // somebody whom the text mentions, to be notified; 0: nobody
}

type (
	object = map[string]any
	list   = []any
)

var noMentions = object{"parse": list{}}

// Body is the post as Discord wants it, for a new message or for an edit.
func (p Post) Body(edit bool) object {
	flags := dg.MessageFlags(0)
	if len(p.Embeds) == 0 {
		flags |= dg.MessageFlagSuppressEmbeds
	}
	if p.Ephemeral {
		flags |= dg.MessageFlagEphemeral
	}
	attachments := list{}
	for _, id := range p.Keep {
		attachments = append(attachments, object{"id": id})
	}
	for i, f := range p.Files {
		a := object{"id": strconv.Itoa(i), "filename": headerName(f.Name)}
		if f.Alt != "" {
			a["description"] = brief.Chars(f.Alt, maxAlt)
		}
		if f.Title != "" {
			a["title"] = brief.Chars(f.Title, maxAlt)
		}
		attachments = append(attachments, a)
	}
	b := object{"allowed_mentions": noMentions, "flags": flags}
	if p.Ping != 0 {
		b["allowed_mentions"] = object{"parse": list{}, "users": list{p.Ping}}
	}
	if edit || p.Text != "" {
		b["content"] = p.Text
	}
	if edit || len(p.Embeds) > 0 {
		b["embeds"] = orEmpty(p.Embeds)
	}
	switch {
	case p.Pictures:
		b["flags"] = flags | dg.MessageFlagIsComponentsV2
		b["components"] = p.shown()
	case edit || len(p.Rows) > 0:
		b["components"] = orEmpty(p.Rows)
	}
	if edit || len(attachments) > 0 {
		b["attachments"] = attachments
	}
	if p.ReplyTo != 0 && !edit {
		b["message_reference"] = object{"message_id": p.ReplyTo, "fail_if_not_exists": false}
	}
	return b
}

func orEmpty[T any](v []T) []T {
	if v == nil {
		return []T{}
	}
	return v
}

// Send sends a message to a channel.
func (a *Client) Send(ctx context.Context, channel snowflake.ID, p Post) (m dg.Message, err error) {
	body := p.Body(false)
	// The nonce makes a repeated request the same message.
	body["nonce"], body["enforce_nonce"] = rand.Text()[:25], true
	err = a.Do(ctx, Request{To: rest.CreateMessage.Compile(nil, channel), Body: body, Files: p.Files, Into: &m})
	if p.ReplyTo != 0 && Code(err) == noHistory { // it may write, only not as a reply
		delete(body, "message_reference")
		err = a.Do(ctx, Request{To: rest.CreateMessage.Compile(nil, channel), Body: body, Files: p.Files, Into: &m})
	}
	return m, err
}

// noHistory refuses replies in channels whose history the bot may not read.
const noHistory = 160002

// Edit makes a message of the bot be as p says.
func (a *Client) Edit(ctx context.Context, channel, message snowflake.ID, p Post) (m dg.Message, err error) {
	err = a.Do(ctx, Request{To: rest.UpdateMessage.Compile(nil, channel, message), Body: p.Body(true), Files: p.Files, Into: &m, Low: p.Passing})
	return m, err
}

// Delete deletes a message.
func (a *Client) Delete(ctx context.Context, channel, message snowflake.ID) error {
	return a.Do(ctx, Request{To: rest.DeleteMessage.Compile(nil, channel, message)})
}

// Message returns a message as it is now.
func (a *Client) Message(ctx context.Context, channel, message snowflake.ID) (m dg.Message, err error) {
	err = a.Do(ctx, Request{To: rest.GetMessage.Compile(nil, channel, message), Into: &m})
	return m, err
}

// Messages returns up to limit messages, newest first: those after the message
// given, or before it, or the last ones.
func (a *Client) Messages(ctx context.Context, channel, after, before snowflake.ID, limit int) (ms []dg.Message, err error) {
	q := dg.QueryValues{"limit": limit}
	if after != 0 {
		q["after"] = after
	}
	if before != 0 {
		q["before"] = before
	}
	err = a.Do(ctx, Request{To: rest.GetMessages.Compile(q, channel), Into: &ms})
	return ms, err
}

// Typing shows for ten seconds that the bot is at work.
func (a *Client) Typing(ctx context.Context, channel snowflake.ID) error {
	return a.Do(ctx, Request{To: rest.SendTyping.Compile(nil, channel), Low: true})
}

// React adds a reaction of the bot to a message, or takes it away.
func (a *Client) React(ctx context.Context, channel, message snowflake.ID, emoji string, on bool) error {
	to := rest.AddReaction
	if !on {
		to = rest.RemoveOwnReaction
	}
	return a.Do(ctx, Request{To: to.Compile(nil, channel, message, emoji), Low: true})
}

// DM returns the channel of direct messages with a user.
func (a *Client) DM(ctx context.Context, user snowflake.ID) (snowflake.ID, error) {
	var c struct {
		ID snowflake.ID `json:"id"`
	}
	err := a.Do(ctx, Request{To: rest.CreateDMChannel.Compile(nil), Body: object{"recipient_id": user}, Into: &c})
	return c.ID, err
}

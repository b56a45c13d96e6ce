// Package interact is about interactions: commands, presses of buttons and choices
// in menus. It answers them in time, says by custom ids what a button or a menu
// does, and asks for confirmations.
package interact

import (
	"context"
	"log/slog"
	"sync"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// Interaction is a command, a press or a choice, that has to be answered within
// three seconds. If the handler takes longer, the answer is announced in time, and
// what the handler then says arrives by the other ways that Discord has for that.
type Interaction struct {
	dg.Interaction
	UserID files.UserID
	Lang   *locale.Language // of the user

	api       *client.Client
	log       *slog.Logger
	component bool // of a message of ours, which it may change

	mu    sync.Mutex
	state state
}

type state int

const (
	notYet    state = iota
	announced       // "thinking…", or for a component nothing visible
	done
)

type object = map[string]any

// New returns an interaction that is not answered yet.
func New(i dg.Interaction, l *locale.Language, api *client.Client, log *slog.Logger) *Interaction {
	it := &Interaction{Interaction: i, UserID: files.UserID(i.User().ID), Lang: l, api: api, log: log}
	switch i := i.(type) {
	case dg.ComponentInteraction:
		it.component = true
	case dg.ModalSubmitInteraction:
		it.component = i.Message != nil
	}
	return it
}

// ChannelID is the channel that it comes from, or 0.
func (it *Interaction) ChannelID() snowflake.ID {
	if it.Channel().MessageChannel == nil {
		return 0
	}
	return it.Channel().ID()
}

// Foreign tells whether the bot is not where the interaction is from.
func (it *Interaction) Foreign() bool {
	_, installed := it.AuthorizingIntegrationOwners()[dg.ApplicationIntegrationTypeGuildInstall]
	return !installed && it.GuildID() != nil
}

// Message is a message of who caused the interaction, as if they had written it.
func (it *Interaction) Message(text string) dg.Message {
	m := dg.Message{ID: it.ID(), ChannelID: it.ChannelID(), GuildID: it.GuildID(), Author: it.User(), Content: text}
	if member := it.Member(); member != nil {
		m.Member = &member.Member
	}
	return m
}

// tokenLife is how long an interaction can be answered, less a moment.
const tokenLife = 14*time.Minute + 30*time.Second

// Expired tells whether the interaction can't be answered any more.
func (it *Interaction) Expired() bool { return time.Since(it.ID().Time()) > tokenLife }

// KeepAlive announces the answer when the handler takes longer than late, until
// stop is called.
func (it *Interaction) KeepAlive(ctx context.Context, late time.Duration) (stop func() bool) {
	passed := min(max(time.Since(it.CreatedAt()), 0), late/2)
	return time.AfterFunc(late-passed, func() { it.announce(ctx) }).Stop
}

func (it *Interaction) announce(ctx context.Context) {
	it.mu.Lock()
	defer it.mu.Unlock()
	if it.state != notYet {
		return
	}
	kind, data := dg.InteractionResponseTypeDeferredCreateMessage, any(object{"flags": dg.MessageFlagEphemeral})
	if it.component {
		kind, data = dg.InteractionResponseTypeDeferredUpdateMessage, nil
	}
	if err := it.callback(ctx, kind, data, nil); err != nil {
		it.log.Debug("an interaction can't be deferred", "error", err)
	}
}

// callback gives the first response.
func (it *Interaction) callback(ctx context.Context, kind dg.InteractionResponseType, data any, files []client.Upload) error {
	body := object{"type": kind}
	if data != nil {
		body["data"] = data
	}
	err := it.api.Do(ctx, client.Request{To: rest.CreateInteractionResponse.Compile(nil, it.ID(), it.Token()), Body: body, Files: files})
	if client.Code(err) == rest.JSONErrorCodeInteractionAlreadyAcknowledged {
		err = nil // by an earlier try, whose answer was lost
	}
	if err == nil {
		it.state = done
		if kind == dg.InteractionResponseTypeDeferredCreateMessage || kind == dg.InteractionResponseTypeDeferredUpdateMessage {
			it.state = announced
		}
	}
	return err
}

// Reply says something to the user alone, in a new message.
func (it *Interaction) Reply(ctx context.Context, p client.Post) error {
	it.mu.Lock()
	defer it.mu.Unlock()
	p.Ephemeral = true
	switch {
	case it.state == notYet:
		return it.callback(ctx, dg.InteractionResponseTypeCreateMessage, p.Body(false), p.Files)
	case it.state == announced && !it.component:
		return it.editOriginal(ctx, p)
	}
	return it.api.Do(ctx, client.Request{To: rest.CreateFollowupMessage.Compile(nil, it.ApplicationID(), it.Token()),
		Body: p.Body(false), Files: p.Files, Once: true})
}

// Show makes a post the response to the interaction, which others may see. A
// press that was announced has none.
func (it *Interaction) Show(ctx context.Context, p client.Post) error {
	it.mu.Lock()
	defer it.mu.Unlock()
	switch {
	case it.state == notYet:
		return it.callback(ctx, dg.InteractionResponseTypeCreateMessage, p.Body(false), nil)
	case !it.component:
		return it.editOriginal(ctx, p)
	}
	return nil
}

// Update changes the message that the component is part of, or the reply.
func (it *Interaction) Update(ctx context.Context, p client.Post) error {
	it.mu.Lock()
	defer it.mu.Unlock()
	switch {
	case it.state == notYet && it.component:
		return it.callback(ctx, dg.InteractionResponseTypeUpdateMessage, p.Body(true), p.Files)
	case it.state == notYet:
		p.Ephemeral = true
		return it.callback(ctx, dg.InteractionResponseTypeCreateMessage, p.Body(false), p.Files)
	}
	return it.editOriginal(ctx, p)
}

// SetRows changes the components of the message alone.
func (it *Interaction) SetRows(ctx context.Context, rows []dg.LayoutComponent) error {
	it.mu.Lock()
	defer it.mu.Unlock()
	var m dg.Message
	if i, ok := it.Interaction.(dg.ComponentInteraction); ok {
		m = i.Message
	}
	body := object{"components": client.WithRows(m, rows)}
	if it.state == notYet {
		return it.callback(ctx, dg.InteractionResponseTypeUpdateMessage, body, nil)
	}
	return it.api.Do(ctx, client.Request{To: rest.UpdateInteractionResponse.Compile(nil, it.ApplicationID(), it.Token()), Body: body})
}

// Acknowledge takes a press whose effect is seen elsewhere.
func (it *Interaction) Acknowledge(ctx context.Context) error {
	it.mu.Lock()
	defer it.mu.Unlock()
	if it.state != notYet {
		return nil
	}
	return it.callback(ctx, dg.InteractionResponseTypeDeferredUpdateMessage, nil, nil)
}

// Form shows a form.
func (it *Interaction) Form(ctx context.Context, form dg.ModalCreate) error {
	it.mu.Lock()
	defer it.mu.Unlock()
	return it.callback(ctx, dg.InteractionResponseTypeModal, form, nil)
}

// Complete offers values for what is being typed.
func (it *Interaction) Complete(ctx context.Context, values []string) error {
	choices := []object{}
	for _, v := range values {
		choices = append(choices, object{"name": v, "value": v})
	}
	it.mu.Lock()
	defer it.mu.Unlock()
	return it.callback(ctx, dg.InteractionResponseTypeAutocompleteResult, object{"choices": choices}, nil)
}

func (it *Interaction) editOriginal(ctx context.Context, p client.Post) error {
	err := it.api.Do(ctx, client.Request{To: rest.UpdateInteractionResponse.Compile(nil, it.ApplicationID(), it.Token()), Body: p.Body(true), Files: p.Files})
	if err == nil {
		it.state = done
	}
	return err
}

// Send sends a further message, below what was shown.
func (it *Interaction) Send(ctx context.Context, p client.Post) (m dg.Message, err error) {
	p.ReplyTo = 0
	err = it.api.Do(ctx, client.Request{To: rest.CreateFollowupMessage.Compile(dg.QueryValues{"wait": true}, it.ApplicationID(), it.Token()),
		Body: p.Body(false), Files: p.Files, Into: &m, Once: true})
	return m, err
}

// Edit makes a message that was sent be as p says.
func (it *Interaction) Edit(ctx context.Context, message snowflake.ID, p client.Post) error {
	return it.api.Do(ctx, client.Request{To: rest.UpdateFollowupMessage.Compile(nil, it.ApplicationID(), it.Token(), message),
		Body: p.Body(true), Files: p.Files, Low: p.Passing})
}

// Delete deletes a message that was sent.
func (it *Interaction) Delete(ctx context.Context, message snowflake.ID) error {
	return it.api.Do(ctx, client.Request{To: rest.DeleteFollowupMessage.Compile(nil, it.ApplicationID(), it.Token(), message)})
}

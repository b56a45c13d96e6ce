package discord

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// interaction is a command, a press or a choice, that has to be answered within
// three seconds. If the handler takes longer, the answer is announced in time, and
// what the handler then says arrives by the other ways that Discord has for that.
type interaction struct {
	b *Bot
	dg.Interaction
	user      files.UserID
	component bool             // of a message of ours, which it may change
	lang      *locale.Language // of the user

	mu    sync.Mutex
	state responded
	timer *time.Timer
}

type responded int

const (
	notYet    responded = iota
	announced           // "thinking…", or for a component nothing visible
	done
)

// onInteraction handles an interaction. It must not take long.
func (b *Bot) onInteraction(i dg.Interaction) {
	if i == nil || !byUser(i) || !b.seen.Put(i.ID(), true) {
		return
	}
	var roles []snowflake.ID
	if m := i.Member(); m != nil {
		roles = m.RoleIDs
	}
	it := &interaction{b: b, Interaction: i, user: files.UserID(i.User().ID)}
	_, it.component = i.(dg.ComponentInteraction)
	var news bool
	if it.lang, news = b.heard.Interaction(i); news {
		b.keepLanguage(i.User().ID, string(i.Locale()))
	}
	b.spawn("interaction", func(context.Context) {
		ctx, cancel := b.detached(10 * time.Minute)
		defer cancel()
		admitted := b.admits(i.User().ID, roles, it.channel())
		if auto, ok := i.(dg.AutocompleteInteraction); ok {
			b.complete(ctx, it, auto, admitted)
			return
		}
		it.timer = time.AfterFunc(b.opts.tune.late-min(max(time.Since(i.CreatedAt()), 0), b.opts.tune.late/2), func() { it.announce(ctx) })
		defer it.timer.Stop()
		var err error
		if !admitted {
			err = fault.New(fault.Denied, "You can't use me here.")
		} else {
			err = b.route(ctx, it)
		}
		if err == nil {
			return
		}
		sentence := b.explain(it.lang, err, "an interaction")
		if sentence == "" {
			sentence = it.lang.T("That was canceled.")
		}
		if err := it.reply(ctx, client.Post{Text: "⚠️ " + sentence}); err != nil {
			b.log.Debug("an interaction can't be answered", "error", err)
		}
	})
}

// byUser tells whether an event says who caused it: disgo's User has nothing to
// return for one that does not.
func byUser(i dg.Interaction) (known bool) {
	defer func() { _ = recover() }()
	return i.User().ID != 0
}

// route finds the handler of an interaction.
func (b *Bot) route(ctx context.Context, it *interaction) error {
	switch i := it.Interaction.(type) {
	case dg.ApplicationCommandInteraction:
		data, ok := i.Data.(dg.SlashCommandInteractionData)
		if handle := commands[i.Data.CommandName()].handle; ok && handle != nil {
			return handle(b, ctx, it, data)
		}
		if data, ok := i.Data.(dg.MessageCommandInteractionData); ok && data.CommandName() == askAbout {
			return b.askAbout(ctx, it, data.TargetMessage())
		}
	case dg.ComponentInteraction:
		id, err := b.offered(i.Message, it.user, i.Data.CustomID(), chosenValues(i)...)
		if err != nil {
			return err
		}
		b.expiries.Cancel(i.Message.ID)
		b.views.Stop(ctx, i.Message.ID)
		return actions[id.action].handle(b, ctx, it, id, i)
	case dg.ModalSubmitInteraction:
		if strings.HasPrefix(i.Data.CustomID, askForm) {
			return b.askedAbout(ctx, it, i.Data)
		}
		if i.Message == nil {
			break
		}
		id, err := b.offered(*i.Message, it.user, i.Data.CustomID)
		if err != nil {
			return err
		}
		it.component = true
		return b.jumped(ctx, it, id, i.Data)
	}
	return fault.New(fault.Invalid, "I don't know that command any more. Please reload Discord.")
}

// offered reads a custom id, if the bot's message really has a component with
// it (and with the values chosen), and the user is one whom it is for. What a client makes up itself goes no further.
func (b *Bot) offered(m dg.Message, user files.UserID, custom string, values ...string) (customID, error) {
	id, err := parseCustomID(custom)
	if err != nil {
		return id, err
	}
	if id.user != user && !actions[id.action].open {
		return id, fault.New(fault.Denied, "Only the person who asked can use that.")
	}
	for c := range m.AllComponents() {
		switch c := c.(type) {
		case dg.ButtonComponent:
			if c.CustomID == custom && !c.Disabled && len(values) == 0 {
				return id, nil
			}
		case dg.StringSelectMenuComponent:
			has := func(value string) bool {
				return slices.ContainsFunc(c.Options, func(o dg.StringSelectMenuOption) bool { return o.Value == value })
			}
			if c.CustomID == custom && !c.Disabled && len(values) > 0 && !slices.ContainsFunc(values, func(v string) bool { return !has(v) }) {
				return id, nil
			}
		}
	}
	return id, fault.New(fault.Invalid, "This button has expired. Please start again from the command.")
}

// option returns an option of a command, if it is there and of its type: disgo's
// own ways panic otherwise.
func option[T any](data dg.SlashCommandInteractionData, name string) (v T, given bool) {
	o, ok := data.Option(name)
	given = ok && json.Unmarshal(o.Value, &v) == nil
	return v, given
}

func (it *interaction) channel() snowflake.ID {
	if it.Channel().MessageChannel == nil {
		return 0
	}
	return it.Channel().ID()
}

// announce keeps the interaction alive when the handler is slow.
func (it *interaction) announce(ctx context.Context) {
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
		it.b.log.Debug("an interaction can't be deferred", "error", err)
	}
}

// callback gives the first response.
func (it *interaction) callback(ctx context.Context, kind dg.InteractionResponseType, data any, files []client.Upload) error {
	body := object{"type": kind}
	if data != nil {
		body["data"] = data
	}
	err := it.b.api.Do(ctx, client.Request{To: rest.CreateInteractionResponse.Compile(nil, it.ID(), it.Token()), Body: body, Files: files})
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

// reply says something to the user alone, in a new message.
func (it *interaction) reply(ctx context.Context, p client.Post) error {
	it.mu.Lock()
	defer it.mu.Unlock()
	p.Ephemeral = true
	switch {
	case it.state == notYet:
		return it.callback(ctx, dg.InteractionResponseTypeCreateMessage, p.Body(false), p.Files)
	case it.state == announced && !it.component:
		return it.editOriginal(ctx, p)
	}
	return it.b.api.Do(ctx, client.Request{To: rest.CreateFollowupMessage.Compile(nil, it.ApplicationID(), it.Token()),
		Body: p.Body(false), Files: p.Files, Once: true})
}

// update changes the message that the component is part of, or the reply.
func (it *interaction) update(ctx context.Context, p client.Post) error {
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

// setRows changes the components of the message alone.
func (it *interaction) setRows(ctx context.Context, rows []dg.LayoutComponent) error {
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
	return it.b.api.Do(ctx, client.Request{To: rest.UpdateInteractionResponse.Compile(nil, it.ApplicationID(), it.Token()), Body: body})
}

// quietly acknowledges a press: what it causes is seen elsewhere.
func (it *interaction) quietly(ctx context.Context) error {
	it.mu.Lock()
	defer it.mu.Unlock()
	if it.state != notYet {
		return nil
	}
	return it.callback(ctx, dg.InteractionResponseTypeDeferredUpdateMessage, nil, nil)
}

func (it *interaction) editOriginal(ctx context.Context, p client.Post) error {
	err := it.b.api.Do(ctx, client.Request{To: rest.UpdateInteractionResponse.Compile(nil, it.ApplicationID(), it.Token()), Body: p.Body(true), Files: p.Files})
	if err == nil {
		it.state = done
	}
	return err
}

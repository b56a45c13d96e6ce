package discord

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/fault"
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
	lang, news := b.heard.Interaction(i)
	if news {
		b.keepLanguage(i.User().ID, string(i.Locale()))
	}
	it := interact.New(i, lang, b.api, b.log)
	b.spawn("interaction", func(context.Context) {
		ctx, cancel := b.detached(10 * time.Minute)
		defer cancel()
		admitted := b.admits(i.User().ID, roles, it.ChannelID())
		if auto, ok := i.(dg.AutocompleteInteraction); ok {
			b.complete(ctx, it, auto, admitted)
			return
		}
		defer it.KeepAlive(ctx, b.opts.tune.late)()
		var err error
		if !admitted {
			err = fault.New(fault.Denied, "You can't use me here.")
		} else {
			err = b.route(ctx, it)
		}
		if err == nil {
			return
		}
		sentence := b.explain(it.Lang, err, "an interaction")
		if sentence == "" {
			sentence = it.Lang.T("That was canceled.")
		}
		if err := it.Reply(ctx, client.Post{Text: "⚠️ " + sentence}); err != nil {
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
func (b *Bot) route(ctx context.Context, it *interact.Interaction) error {
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
		id, err := b.actions.Offered(i.Message, it.UserID, i.Data.CustomID(), interact.Chosen(i)...)
		if err != nil {
			return err
		}
		b.expiries.Cancel(i.Message.ID)
		b.views.Stop(ctx, i.Message.ID)
		return b.actions[id.Action].Handle(ctx, it, id, i)
	case dg.ModalSubmitInteraction:
		if strings.HasPrefix(i.Data.CustomID, askForm) {
			return b.askedAbout(ctx, it, i.Data)
		}
		if i.Message == nil {
			break
		}
		id, err := b.actions.Offered(*i.Message, it.UserID, i.Data.CustomID)
		if err != nil {
			return err
		}
		return b.files.Jumped(ctx, it, id, i.Data)
	}
	return fault.New(fault.Invalid, "I don't know that command any more. Please reload Discord.")
}

// option returns an option of a command, if it is there and of its type: disgo's
// own ways panic otherwise.
func option[T any](data dg.SlashCommandInteractionData, name string) (v T, given bool) {
	o, ok := data.Option(name)
	given = ok && json.Unmarshal(o.Value, &v) == nil
	return v, given
}

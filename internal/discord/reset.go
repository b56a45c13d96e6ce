package discord

import (
	"context"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// resetCommand asks what is to be forgotten.
func (b *Bot) resetCommand(ctx context.Context, it *interaction, _ dg.SlashCommandInteractionData) error {
	usage, err := b.assistant.Files().Usage(ctx, it.user)
	if err != nil {
		return err
	}
	root, err := b.lastConversation(ctx, it)
	if err != nil {
		return err
	}
	e := dg.Embed{Title: "🧹 " + it.lang.T("Reset"), Color: blurple}
	var bs []dg.InteractiveComponent
	id := func(action string) customID { return customID{action, it.user, []string{root.String()}} }
	switch {
	case it.GuildID() == nil:
		e.Description = it.lang.T("I forget what we talked about here, and the variables of your Python session.")
	case b.places.Parent(it.channel()) != 0:
		e.Description = it.lang.T("I forget what was said to me in this thread, for everybody, and the variables of your Python session.")
	case root != 0:
		e.Description = it.lang.T("I forget your last conversation in this channel, and the variables of its Python session.")
	default:
		e.Description = it.lang.T("There is no conversation of yours in this channel lately. Each mention of me begins a new one.")
	}
	if it.GuildID() == nil || b.places.Parent(it.channel()) != 0 || root != 0 {
		bs = append(bs, button(dg.ButtonStylePrimary, "🧹", it.lang.T("Forget the conversation"), id(actReset)))
	}
	if usage.Files > 0 {
		e.Description += "\n" + it.lang.T("I keep your %d files (%s) unless you choose otherwise.", usage.Files, it.lang.Measure(files.Size(usage.Bytes)))
		bs = append(bs, button(dg.ButtonStyleDanger, "🗑️", it.lang.T("Delete my files too"), id(actResetFiles)))
	}
	p := client.Post{Embeds: []dg.Embed{e}}
	if len(bs) > 0 {
		p.Rows = []dg.LayoutComponent{row(append(bs, button(dg.ButtonStyleSecondary, "❌", it.lang.T("Cancel"), customID{action: actCancel, user: it.user}))...)}
	}
	return it.reply(ctx, p)
}

// lastConversation finds the first message of the user's last conversation in a
// channel of a guild, or 0 if there is none, or if the channel is one.
func (b *Bot) lastConversation(ctx context.Context, it *interaction) (snowflake.ID, error) {
	if it.GuildID() == nil || b.places.Parent(it.channel()) != 0 {
		return 0, nil
	}
	ms, err := b.api.Messages(ctx, it.channel(), 0, 0, 100)
	if fault.Is(err, fault.Denied) {
		return 0, nil // the channel's history is closed to the bot
	}
	for _, m := range ms {
		r := m.ReferencedMessage
		if m.Author.ID == b.self() && r != nil && r.Author.ID == snowflake.ID(it.user) {
			return b.root(ctx, m), nil
		}
	}
	return 0, err
}

// conversationOf names the conversation that a reset is about. The root in a
// custom id only counts if it is a message of the user in this channel.
func (b *Bot) conversationOf(ctx context.Context, it *interaction, root snowflake.ID) (string, error) {
	m := dg.Message{ID: root, ChannelID: it.channel(), GuildID: it.GuildID()}
	if it.GuildID() == nil || b.places.Parent(it.channel()) != 0 {
		return b.conversation(ctx, m), nil
	}
	if root == 0 {
		return "", nil
	}
	got, err := b.api.Message(ctx, it.channel(), root)
	if err != nil {
		return "", err
	}
	if got.Author.ID != snowflake.ID(it.user) {
		return "", fault.New(fault.Denied, "Only the person who began a conversation can reset it.")
	}
	got.GuildID = it.GuildID()
	return b.conversation(ctx, got), nil
}

func (b *Bot) resetConversation(ctx context.Context, it *interaction, id customID, _ dg.ComponentInteraction) error {
	if err := b.reset(ctx, it, id); err != nil {
		return err
	}
	return it.update(ctx, client.Post{Embeds: []dg.Embed{{Title: "🧹 " + it.lang.T("Forgotten"), Color: green, Description: it.lang.T("The conversation starts afresh. Your files are still there.")}}})
}

func (b *Bot) reset(ctx context.Context, it *interaction, id customID) error {
	conversation, err := b.conversationOf(ctx, it, id.snowflake(0))
	if err != nil || conversation == "" {
		return err
	}
	return b.assistant.Reset(ctx, it.user, conversation)
}

// confirmReset asks for the two confirmations before files are deleted.
func (b *Bot) confirmReset(ctx context.Context, it *interaction, id customID, i dg.ComponentInteraction) error {
	if id.action == actResetFiles2 && b.tooLate(id.moment(1)) {
		return it.update(ctx, b.timedOut(it.lang))
	}
	usage, err := b.assistant.Files().Usage(ctx, it.user)
	if err != nil {
		return err
	}
	yes := customID{actResetFiles2, it.user, []string{id.args[0], moment(b.opts.Now())}}
	n, size := usage.Files, it.lang.Measure(files.Size(usage.Bytes))
	e := dg.Embed{Title: "⚠️ " + it.lang.T(firstTitle), Color: yellow, Description: it.lang.T("Delete **all your files** (%d files, %s) and forget the conversation?\nThey can't be brought back.", n, size)}
	press := button(dg.ButtonStyleDanger, "⚠️", it.lang.T("Yes, Delete"), yes)
	if id.action == actResetFiles2 {
		yes.action = actResetFiles3
		e.Title, e.Color, e.Description = "⚠️ "+it.lang.T(secondTitle), red, it.lang.T("All at once and for good: **all your files** (%d files, %s).", n, size)
		press = button(dg.ButtonStyleSecondary, "🔴", it.lang.T("Click Again to Confirm"), yes)
	}
	return b.confirm(ctx, it, i, e, press, button(dg.ButtonStyleSecondary, "❌", it.lang.T("Cancel"), customID{action: actCancel, user: it.user}))
}

// resetAll deletes the user's files and forgets the conversation.
func (b *Bot) resetAll(ctx context.Context, it *interaction, id customID, _ dg.ComponentInteraction) error {
	if b.tooLate(id.moment(1)) {
		return it.update(ctx, b.timedOut(it.lang))
	}
	deleted, err := b.assistant.DeleteFiles(ctx, it.user)
	if err != nil {
		return err
	}
	err = b.reset(ctx, it, id)
	what := it.lang.T("%d files deleted, and the conversation starts afresh.", deleted)
	if err != nil {
		what = it.lang.T("%d files deleted, but the conversation is not forgotten: %s", deleted, b.explain(it.lang, err, "reset"))
	}
	return it.update(ctx, client.Post{Embeds: []dg.Embed{{Title: "🧹 " + it.lang.T("Forgotten"), Color: green, Description: "🗑️ " + what}}})
}

// canceled ends a command without having done anything.
func (b *Bot) canceled(ctx context.Context, it *interaction, _ customID, _ dg.ComponentInteraction) error {
	return it.update(ctx, client.Post{Embeds: []dg.Embed{{Title: "❌ " + it.lang.T("Canceled"), Color: grey, Description: it.lang.T("Nothing was changed.")}}})
}

package discord

import (
	"context"
	"strconv"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// resetCommand asks what is to be forgotten.
func (b *Bot) resetCommand(ctx context.Context, it *interact.Interaction, _ dg.SlashCommandInteractionData) error {
	usage, err := b.assistant.Files().Usage(ctx, it.UserID)
	if err != nil {
		return err
	}
	root, err := b.lastConversation(ctx, it)
	if err != nil {
		return err
	}
	e := dg.Embed{Title: "🧹 " + it.Lang.T("Reset"), Color: interact.Blurple}
	var bs []dg.InteractiveComponent
	id := func(action string) interact.ID { return interact.NewID(action, it.UserID, root.String()) }
	switch {
	case it.GuildID() == nil:
		e.Description = it.Lang.T("I forget what we talked about here, and the variables of your Python session.")
	case b.places.Parent(it.ChannelID()) != 0:
		e.Description = it.Lang.T("I forget what was said to me in this thread, for everybody, and the variables of your Python session.")
	case root != 0:
		e.Description = it.Lang.T("I forget your last conversation in this channel, and the variables of its Python session.")
	default:
		e.Description = it.Lang.T("You have no recent conversation in this channel. Each mention of me starts a new one.")
	}
	if it.GuildID() == nil || b.places.Parent(it.ChannelID()) != 0 || root != 0 {
		bs = append(bs, interact.Button(dg.ButtonStylePrimary, "🧹", it.Lang.T("Forget the conversation"), id(actReset)))
	}
	if usage.Files > 0 {
		e.Description += "\n" + it.Lang.T("I keep your %d files (%s) unless you choose otherwise.", usage.Files, it.Lang.Measure(files.Size(usage.Bytes)))
		bs = append(bs, interact.Button(dg.ButtonStyleDanger, "🗑️", it.Lang.T("Delete my files too"), id(actResetFiles)))
	}
	p := client.Post{Embeds: []dg.Embed{e}}
	if len(bs) > 0 {
		p.Rows = []dg.LayoutComponent{interact.Row(append(bs, interact.Button(dg.ButtonStyleSecondary, "❌", it.Lang.T("Cancel"), interact.NewID(actCancel, it.UserID)))...)}
	}
	return it.Reply(ctx, p)
}

// lastConversation finds the first message of the user's last conversation in a
// channel of a guild, or 0 if there is none, or if the channel is one.
func (b *Bot) lastConversation(ctx context.Context, it *interact.Interaction) (snowflake.ID, error) {
	if it.GuildID() == nil || b.places.Parent(it.ChannelID()) != 0 {
		return 0, nil
	}
	ms, err := b.api.Messages(ctx, it.ChannelID(), 0, 0, 100)
	if fault.Is(err, fault.Denied) {
		return 0, nil // the channel's history is closed to the bot
	}
	for _, m := range ms {
		r := m.ReferencedMessage
		if m.Author.ID == b.self() && r != nil && r.Author.ID == snowflake.ID(it.UserID) {
			return b.root(ctx, m), nil
		}
	}
	return 0, err
}

// conversationOf names the conversation that a reset is about. The root in a
// custom id only counts if it is a message of the user in this channel.
func (b *Bot) conversationOf(ctx context.Context, it *interact.Interaction, root snowflake.ID) (string, error) {
	m := dg.Message{ID: root, ChannelID: it.ChannelID(), GuildID: it.GuildID()}
	if it.GuildID() == nil || b.places.Parent(it.ChannelID()) != 0 {
		return b.conversation(ctx, m), nil
	}
	if root == 0 {
		return "", nil
	}
	got, err := b.api.Message(ctx, it.ChannelID(), root)
	if err != nil {
		return "", err
	}
	if got.Author.ID != snowflake.ID(it.UserID) {
		return "", fault.New(fault.Denied, "Only the person who began a conversation can reset it.")
	}
	got.GuildID = it.GuildID()
	return b.conversation(ctx, got), nil
}

func (b *Bot) resetConversation(ctx context.Context, it *interact.Interaction, id interact.ID, _ dg.ComponentInteraction) error {
	if err := b.reset(ctx, it, id); err != nil {
		return err
	}
	return it.Update(ctx, client.Post{Embeds: []dg.Embed{{Title: "🧹 " + it.Lang.T("Forgotten"), Color: interact.Green, Description: it.Lang.T("A new conversation starts. Your files are still there.")}}})
}

func (b *Bot) reset(ctx context.Context, it *interact.Interaction, id interact.ID) error {
	conversation, err := b.conversationOf(ctx, it, id.Snowflake(0))
	if err != nil || conversation == "" {
		return err
	}
	return b.assistant.Reset(ctx, it.UserID, conversation)
}

// confirmReset asks for the two confirmations before files are deleted.
func (b *Bot) confirmReset(ctx context.Context, it *interact.Interaction, id interact.ID, i dg.ComponentInteraction) error {
	last := id.Action == actResetFiles2
	if last && b.confirmations.TooLate(id.Moment(1)) {
		return it.Update(ctx, interact.TimedOut(it.Lang))
	}
	usage, err := b.assistant.Files().Usage(ctx, it.UserID)
	if err != nil {
		return err
	}
	n, size := usage.Files, it.Lang.Measure(files.Size(usage.Bytes))
	c := interact.Confirmation{Last: last,
		Text: it.Lang.T("Delete **all your files** (%d files, %s) and forget the conversation?\nThey can't be brought back.", n, size),
		Yes:  interact.NewID(actResetFiles2, it.UserID, id.Arg(0), interact.Moment(b.opts.Now())), No: interact.NewID(actCancel, it.UserID)}
	if last {
		c.Text = it.Lang.T("All at once and for good: **all your files** (%d files, %s).", n, size)
		c.Yes = interact.NewID(actResetFiles3, it.UserID, id.Arg(0), interact.Moment(b.opts.Now()), strconv.Itoa(n), strconv.FormatInt(usage.Bytes, 10))
	}
	return b.confirmations.Ask(ctx, it, i, c)
}

// resetAll deletes the user's files and forgets the conversation. Where there are more
// files than were shown, which came meanwhile, it asks again.
func (b *Bot) resetAll(ctx context.Context, it *interact.Interaction, id interact.ID, i dg.ComponentInteraction) error {
	if b.confirmations.TooLate(id.Moment(1)) {
		return it.Update(ctx, interact.TimedOut(it.Lang))
	}
	usage, err := b.assistant.Files().Usage(ctx, it.UserID)
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(id.Arg(2))
	if bytes, _ := strconv.ParseInt(id.Arg(3), 10, 64); usage.Files > n || usage.Bytes > bytes {
		id.Action = actResetFiles2
		return b.confirmReset(ctx, it, id, i)
	}
	deleted, err := b.assistant.DeleteFiles(ctx, it.UserID)
	if err != nil {
		return err
	}
	err = b.reset(ctx, it, id)
	what := it.Lang.T("%d files deleted, and the conversation starts afresh.", deleted)
	if err != nil {
		what = it.Lang.T("%d files deleted, but the conversation is not forgotten: %s", deleted, b.explain(it.Lang, err, "reset"))
	}
	return it.Update(ctx, client.Post{Embeds: []dg.Embed{{Title: "🧹 " + it.Lang.T("Forgotten"), Color: interact.Green, Description: "🗑️ " + what}}})
}

// canceled ends a command without having done anything.
func (b *Bot) canceled(ctx context.Context, it *interact.Interaction, _ interact.ID, _ dg.ComponentInteraction) error {
	return it.Update(ctx, client.Post{Embeds: []dg.Embed{{Title: "❌ " + it.Lang.T("Canceled"), Color: interact.Grey, Description: it.Lang.T("Nothing was changed.")}}})
}

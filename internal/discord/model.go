package discord

import (
	"cmp"
	"context"
	"strings"
	"time"

	dg "github.com/disgoorg/disgo/discord"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/usage"
)

const maxChoices = 25 // of a completion

// defaultModel is what people write to go back to the operator's choice.
const defaultModel = "default"

// modelCommand shows or changes the model that answers the user.
func (b *Bot) modelCommand(ctx context.Context, it *interact.Interaction, data dg.SlashCommandInteractionData) error {
	name, given := option[string](data, "name")
	name = strings.TrimSpace(name)
	if given && name != "" {
		choice := name
		if name == defaultModel {
			choice = ""
		}
		if err := b.assistant.SetModel(ctx, it.UserID, choice); err != nil {
			return err
		}
		if choice == "" {
			return it.Reply(ctx, client.Post{Text: "🧠 " + it.Lang.T("The default model answers you from now on.")})
		}
		return it.Reply(ctx, client.Post{Text: "🧠 " + it.Lang.T("%s answers you from now on.", "**"+escape(name)+"**")})
	}
	current, err := b.assistant.ModelOf(ctx, it.UserID)
	if err != nil {
		return err
	}
	lines := []string{it.Lang.T("%s answers you.", "**"+escape(cmp.Or(current, it.Lang.T("The provider's default")))+"**"), ""}
	models := b.assistant.Models(ctx)
	for i, m := range models {
		if i == 20 {
			lines = append(lines, "… "+it.Lang.T("and %d more models", len(models)-i))
			break
		}
		mark := "▫️ "
		if m == current {
			mark = "🔹 "
		}
		lines = append(lines, mark+escape(m))
	}
	return it.Reply(ctx, client.Post{Embeds: []dg.Embed{{Title: "🧠 " + it.Lang.T("Model"), Color: interact.Blurple, Description: strings.Join(lines, "\n"),
		Footer: &dg.EmbedFooter{Text: it.Lang.T("/model name: chooses another one")}}}})
}

// complete offers the models whose names contain what is typed so far, and
// nothing to those who may not use the bot.
func (b *Bot) complete(ctx context.Context, it *interact.Interaction, auto dg.AutocompleteInteraction, admitted bool) {
	ctx, cancel := context.WithTimeout(ctx, 2500*time.Millisecond)
	defer cancel()
	var choices []string
	typed := strings.ToLower(strings.TrimSpace(auto.Data.String("name")))
	var models []string
	if admitted {
		models = append([]string{defaultModel}, b.assistant.Models(ctx)...)
	}
	for _, m := range models {
		if strings.Contains(strings.ToLower(m), typed) && len(m) <= 100 && len(choices) < maxChoices {
			choices = append(choices, m)
		}
	}
	if err := it.Complete(ctx, choices); err != nil {
		b.log.Debug("no completion", "error", err)
	}
}

// usageCommand shows what the user used, or for admins what everybody did.
func (b *Bot) usageCommand(ctx context.Context, it *interact.Interaction, data dg.SlashCommandInteractionData) error {
	everybody, _ := option[bool](data, "everybody")
	r, err := b.assistant.Usage(ctx, it.UserID, everybody, usage.Days)
	if err != nil {
		return err
	}
	e := usage.Embed(it.Lang, r, everybody)
	e.Color = interact.Blurple
	return it.Reply(ctx, client.Post{Embeds: []dg.Embed{e}})
}

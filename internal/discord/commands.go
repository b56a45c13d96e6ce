package discord

import (
	"context"
	"strings"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/rest"

	"github.com/attachebot/attache/internal/discord/client"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/discord/spoken"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// command is a slash command: how it is registered, and what it does.
type command struct {
	description string
	options     []dg.ApplicationCommandOption
	handle      func(*Bot, context.Context, *interact.Interaction, dg.SlashCommandInteractionData) error
}

var commands map[string]command

func init() {
	commands = map[string]command{
		"ask": {locale.Key("Ask me something, here and now"), []dg.ApplicationCommandOption{
			dg.ApplicationCommandOptionString{Name: locale.Key("question"), Description: locale.Key("What you want to know"), Required: true, MaxLength: &maxQuestion},
			dg.ApplicationCommandOptionAttachment{Name: locale.Key("file"), Description: locale.Key("A file that it is about")},
			dg.ApplicationCommandOptionAttachment{Name: locale.Key("file2"), Description: locale.Key("Another file")},
			dg.ApplicationCommandOptionAttachment{Name: locale.Key("file3"), Description: locale.Key("Another file")}}, (*Bot).askCommand},
		"stop":    {locale.Key("Stop what I am working on for you here"), nil, (*Bot).stopCommand},
		"catchup": {locale.Key("What was said here since your last message, for you alone"), nil, (*Bot).catchUpCommand},
		"files":   {locale.Key("Your files: look at them, download and delete them"), nil, (*Bot).filesCommand},
		"reset":   {locale.Key("Forget this conversation, and your files if you want"), nil, (*Bot).resetCommand},
		"model": {locale.Key("Which model answers you"), []dg.ApplicationCommandOption{dg.ApplicationCommandOptionString{
			Name: locale.Key("name"), Description: locale.Key("The model to use from now on"), Autocomplete: true}}, (*Bot).modelCommand},
		"usage": {locale.Key("What you used and what it cost"), []dg.ApplicationCommandOption{dg.ApplicationCommandOptionBool{
			Name: locale.Key("everybody"), Description: locale.Key("All users together, for admins")}}, (*Bot).usageCommand},
		"help": {locale.Key("What I can do"), nil, (*Bot).helpCommand},
	}
}

// register tells Discord the commands. The same commands again change nothing. A
// command keeps its name in all languages, since people and sentences name it.
func (b *Bot) register(ctx context.Context) error {
	list := list{}
	installs := []dg.ApplicationIntegrationType{dg.ApplicationIntegrationTypeGuildInstall, dg.ApplicationIntegrationTypeUserInstall}
	here := []dg.InteractionContextType{dg.InteractionContextTypeGuild, dg.InteractionContextTypeBotDM}
	anywhere := append(here[:2:2], dg.InteractionContextTypePrivateChannel)
	for _, name := range []string{"ask", "files", "stop", "reset", "model", "usage", "catchup", "help"} {
		c := commands[name]
		create := dg.SlashCommandCreate{Name: name, Description: c.description, DescriptionLocalizations: spoken.All(c.description), Contexts: anywhere, IntegrationTypes: installs}
		for _, o := range c.options {
			create.Options = append(create.Options, spoken.Option(o))
		}
		if name == "reset" || name == "catchup" { // about channels that the bot reads
			create.Contexts, create.IntegrationTypes = here, installs[:1]
		}
		list = append(list, create)
	}
	list = append(list, dg.MessageCommandCreate{Name: askAbout, NameLocalizations: spoken.All(askAbout), Contexts: anywhere, IntegrationTypes: installs})
	b.mu.Lock()
	app := b.app
	b.mu.Unlock()
	return b.api.Do(ctx, client.Request{To: rest.SetGlobalCommands.Compile(nil, app), Body: list})
}

func (b *Bot) filesCommand(ctx context.Context, it *interact.Interaction, _ dg.SlashCommandInteractionData) error {
	return b.files.Command(ctx, it)
}

func (b *Bot) helpCommand(ctx context.Context, it *interact.Interaction, _ dg.SlashCommandInteractionData) error {
	l := it.Lang
	keep := l.T("Files are kept for %s.", l.Measure(files.Hours(b.assistant.Files().Expiry())))
	if b.assistant.Files().Expiry() < 0 {
		keep = l.T("Files are kept until you delete them.")
	}
	lines := []string{
		l.T("**Ask** me by direct message, or mention me in a channel. Reply to an answer to go on with it; mention me again to start afresh. In a thread that you begin from my answer or by calling me, I read along and answer everybody."),
		"",
		l.T("**Attach files**: I know %d file types, and take up to %s each. I save every one under an id and work on it with Python: figures, tables, charts and new files come back.",
			fileTypes(), l.Measure(files.Size(b.assistant.Files().MaxUpload()))) + " " + keep,
		"",
		l.T("**While I work** ⏹ stops me. Afterwards 📜 shows the code, and 🔁 runs the question again. If you edit a question soon after, I offer to run it again."),
		"",
		"`/ask` " + l.T("ask me where nobody needs to mention me; **Apps → Ask Attaché** in the menu of a message asks about that one"),
		"`/files` " + l.T("look at your files, download and delete them"),
		"`/stop` " + l.T("stop what I am working on for you here"),
		"`/catchup` " + l.T("what was said here since your last message"),
		"`/reset` " + l.T("forget this conversation, and your files if you want"),
		"`/model` " + l.T("choose the model that answers you"),
		"`/usage` " + l.T("what you used and what it cost"),
		"",
		l.T("Your files and commands are yours alone. What I answer in a channel, everybody there can read."),
	}
	return it.Reply(ctx, client.Post{Embeds: []dg.Embed{{Title: "👋 " + l.T("What I can do"), Color: interact.Blurple, Description: strings.Join(lines, "\n")}}})
}

// fileTypes counts the extensions that are known.
func fileTypes() int {
	all := map[string]bool{}
	for _, k := range files.Kinds() {
		for _, e := range k.Extensions {
			all[e] = true
		}
	}
	return len(all)
}

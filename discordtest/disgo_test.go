package discordtest_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/disgoorg/disgo"
	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/discordtest"
)

// startDisgo connects a bot made with disgo.
func startDisgo(t *testing.T, s *discordtest.Server, intents gateway.Intents, opts ...bot.ConfigOpt) *bot.Client {
	t.Helper()
	opts = append([]bot.ConfigOpt{
		bot.WithLogger(slog.New(slog.DiscardHandler)),
		bot.WithRestClientConfigOpts(rest.WithURL(s.RESTURL())),
		bot.WithGatewayConfigOpts(gateway.WithURL(s.GatewayURL()), gateway.WithIntents(intents)),
	}, opts...)
	client, err := disgo.New(s.Token(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.OpenGateway(discordtest.Context(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// disgo's rate limiter, once closed, holds up for ever who still has a request under way
		if err := s.AwaitQuiet(discordtest.Context(t), 20*time.Millisecond); err != nil {
			t.Error(err)
		}
		client.Close(discordtest.Context(t))
	})
	return client
}

const allIntents = gateway.IntentGuilds | gateway.IntentGuildMessages | gateway.IntentDirectMessages | gateway.IntentMessageContent

func TestDisgo(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t)
	ctx := discordtest.Context(t)
	guild := s.AddGuild("Acme")
	anna := s.AddUser("anna")
	guild.AddMember(anna)
	general := guild.Channel("general")

	client := startDisgo(t, s, allIntents, bot.WithEventListenerFunc(func(e *events.MessageCreate) {
		if e.Message.Author.Bot {
			return
		}
		files := []*discord.File{}
		for _, a := range e.Message.Attachments {
			files = append(files, discord.NewFile("copy of "+a.Filename, "", strings.NewReader("id,n\n1,2\n")))
		}
		_, err := e.Client().Rest.CreateMessage(e.ChannelID, discord.NewMessageCreate().
			WithContent("echo: "+e.Message.Content).WithFiles(files...).WithMessageReferenceByID(e.MessageID))
		if err != nil {
			t.Error(err)
		}
	}), bot.WithEventListenerFunc(func(e *events.ApplicationCommandInteractionCreate) {
		if err := e.DeferCreateMessage(true); err != nil {
			t.Error(err)
		}
		_, err := e.Client().Rest.UpdateInteractionResponse(e.ApplicationID(), e.Token(), discord.NewMessageUpdate().
			WithContent("You have 1 file").AddActionRow(discord.NewDangerButton("Delete", "delete/1")))
		if err != nil {
			t.Error(err)
		}
	}), bot.WithEventListenerFunc(func(e *events.ComponentInteractionCreate) {
		if err := e.UpdateMessage(discord.NewMessageUpdate().WithContent("Deleted").ClearComponents()); err != nil {
			t.Error(err)
		}
	}))
	if _, err := client.Rest.SetGlobalCommands(snowflake.ID(s.ApplicationID()), []discord.ApplicationCommandCreate{
		discord.SlashCommandCreate{Name: "files", Description: "Your files"},
	}); err != nil {
		t.Fatal(err)
	}

	sent, err := anna.Send(general, "hello", discordtest.File{Name: "sales.csv", Data: []byte("id,n\n1,2\n")})
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.AwaitMessage(ctx, general, discordtest.FromBot, discordtest.ReplyTo(sent))
	if err != nil {
		t.Fatal(err)
	}
	if m.Content != "echo: hello" || len(m.Attachments) != 1 || string(m.Attachments[0].Bytes()) != "id,n\n1,2\n" {
		t.Errorf("got %+v", m)
	}

	it, err := anna.Command(general, "files")
	if err != nil {
		t.Fatal(err)
	}
	m, err = it.AwaitMessage(ctx, discordtest.HasButton("Delete"))
	if err != nil {
		t.Fatal(err)
	}
	if m.EphemeralTo != anna.ID {
		t.Errorf("not ephemeral: %+v", m)
	}
	it, err = anna.Press(m, "Delete")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := it.AwaitMessage(ctx, discordtest.Contains("Deleted")); err != nil {
		t.Fatal(err)
	}
}

func idOf(id discordtest.ID) snowflake.ID { return snowflake.ID(id) }

var refreshURLs = rest.NewEndpoint("POST", "/attachments/refresh-urls")

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestDisgoInstalled shows that disgo understands what a user does with an application of their own, in a group: a
// message command that opens a modal, and files sent with it.
func TestDisgoInstalled(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t)
	ctx := discordtest.Context(t)
	s.AddGuild("Acme")
	anna, bert := s.AddUser("anna"), s.AddUser("bert")
	anna.Install()
	group := s.AddGroup("weekend", anna, bert)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	client := startDisgo(t, s, allIntents, bot.WithEventListenerFunc(func(e *events.ApplicationCommandInteractionCreate) {
		if e.AuthorizingIntegrationOwners()[discord.ApplicationIntegrationTypeUserInstall] != idOf(anna.ID) || e.Context() != discord.InteractionContextTypePrivateChannel {
			t.Errorf("context %v, owners %v", e.Context(), e.AuthorizingIntegrationOwners())
		}
		target := e.MessageCommandInteractionData().TargetMessage()
		check(e.Modal(discord.NewModalCreate("m", "Ask about "+target.Content).
			AddLabel("Files", discord.NewFileUpload("files").WithMinValues(1).WithMaxValues(2))))
	}), bot.WithEventListenerFunc(func(e *events.ModalSubmitInteractionCreate) {
		got := []string{}
		for _, a := range e.Data.Attachments("files") {
			got = append(got, a.Filename)
		}
		check(e.CreateMessage(discord.NewMessageCreate().WithContent("got " + strings.Join(got, ", "))))
	}))
	_, err := client.Rest.SetGlobalCommands(client.ApplicationID, []discord.ApplicationCommandCreate{discord.MessageCommandCreate{Name: "Ask",
		IntegrationTypes: []discord.ApplicationIntegrationType{discord.ApplicationIntegrationTypeUserInstall},
		Contexts:         []discord.InteractionContextType{discord.InteractionContextTypePrivateChannel}}})
	check(err)
	m, err := bert.Send(group, "the trip")
	check(err)
	it, err := anna.ContextMenu(m, "Ask")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := it.Await(ctx); err != nil || r.Modal == nil || r.Modal.Title != "Ask about the trip" {
		t.Fatalf("%+v %v", r, err)
	}
	it, err = anna.Submit(it, nil, discordtest.File{Name: "a.csv", Data: []byte("1")}, discordtest.File{Name: "b.csv", Data: []byte("2")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = it.AwaitMessage(ctx, discordtest.Contains("got a.csv, b.csv"))
	check(err)
}

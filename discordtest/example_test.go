package discordtest_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/disgoorg/disgo"
	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/rest"

	"github.com/attachebot/attache/discordtest"
)

// startGreeter starts the bot under test, which is made with disgo: it says hello to who mentions it, and has a
// command with a button. Only the two addresses tell it that this is not Discord.
func startGreeter(ctx context.Context, token, restURL, gatewayURL string) (*bot.Client, error) {
	client, err := disgo.New(token,
		bot.WithLogger(slog.New(slog.DiscardHandler)),
		bot.WithRestClientConfigOpts(rest.WithURL(restURL)),
		bot.WithGatewayConfigOpts(gateway.WithURL(gatewayURL),
			gateway.WithIntents(gateway.IntentGuilds, gateway.IntentGuildMessages, gateway.IntentMessageContent)),
		bot.WithEventListenerFunc(func(e *events.MessageCreate) {
			if !e.Message.Author.Bot && strings.Contains(e.Message.Content, e.Client().ApplicationID.String()) {
				e.Client().Rest.CreateMessage(e.ChannelID, discord.NewMessageCreate().
					WithContent("Hello, "+e.Message.Author.Username+"!").WithMessageReferenceByID(e.MessageID))
			}
		}),
		bot.WithEventListenerFunc(func(e *events.ApplicationCommandInteractionCreate) {
			e.CreateMessage(discord.NewMessageCreate().WithContent("Shall I?").WithEphemeral(true).
				AddActionRow(discord.NewPrimaryButton("Yes", "wave")))
		}),
		bot.WithEventListenerFunc(func(e *events.ComponentInteractionCreate) {
			e.UpdateMessage(discord.NewMessageUpdate().WithContent("👋").ClearComponents())
		}),
	)
	if err != nil {
		return nil, err
	}
	commands := []discord.ApplicationCommandCreate{discord.SlashCommandCreate{Name: "wave", Description: "Waves"}}
	if _, err := client.Rest.SetGlobalCommands(client.ApplicationID, commands); err != nil {
		return nil, err
	}
	return client, client.OpenGateway(ctx)
}

// A conversation with a bot. In a test, discordtest.New(t) makes the server, closes it, and fails the test for what
// Discord would not have let the bot do.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s := &discordtest.Server{}
	defer s.Close()
	anna := s.AddUser("anna")
	guild := s.AddGuild("Acme")
	guild.AddMember(anna)
	general := guild.Channel("general")

	greeter, err := startGreeter(ctx, s.Token(), s.RESTURL(), s.GatewayURL())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer greeter.Close(ctx)

	// Anna mentions the bot, and gets a reply.
	question, _ := anna.Send(general, "Good morning, "+s.Bot().Mention())
	answer, err := s.AwaitMessage(ctx, general, discordtest.FromBot, discordtest.ReplyTo(question))
	fmt.Println(answer.Content, err)

	// She runs the command, and presses the button that only she sees.
	command, _ := anna.Command(general, "wave")
	offer, err := command.AwaitMessage(ctx, discordtest.HasButton("Yes"))
	fmt.Println(offer.Content, err)
	pressed, _ := anna.Press(offer, "Yes")
	waved, err := pressed.AwaitMessage(ctx, discordtest.Contains("👋"))
	fmt.Println(waved.Content, err)

	// Discord has a bad minute: a message of the bot is refused.
	s.Inject(discordtest.Fault{On: "POST /channels/{channel_id}/messages", Status: 503})
	anna.Send(general, s.Bot().Mention()+" are you there?")
	s.AwaitRequest(ctx, func(r discordtest.Request) bool { return r.Status == 503 })

	s.AwaitQuiet(ctx, 20*time.Millisecond)
	fmt.Println("violations:", s.Violations())
	// Output:
	// Hello, anna! <nil>
	// Shall I? <nil>
	// 👋 <nil>
	// violations: []
}

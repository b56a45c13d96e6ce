package discordtest_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/disgo/gateway"

	"github.com/attachebot/attache/discordtest"
)

// errorLog collects what a client logs as an error.
type errorLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *errorLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *errorLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// TestDisgoDecodes shows that disgo can decode every event and answer that the emulator makes.
func TestDisgoDecodes(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t)
	s.NoRateLimits = true
	ctx := discordtest.Context(t)
	guild := s.AddGuild("Acme")
	anna := s.AddUser("anna")
	role := guild.AddRole("staff", 0xff, 0)
	guild.AddMember(anna, role)
	general := guild.Channel("general")
	log := &errorLog{}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}

	var mu sync.Mutex
	seen := map[string]bool{}
	saw := func(what string) { mu.Lock(); seen[what] = true; mu.Unlock() }
	client := startDisgo(t, s, gateway.IntentsAll,
		bot.WithLogger(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelError}))),
		bot.WithEventManagerConfigOpts(bot.WithAsyncEventsEnabled()),
		bot.WithEventListenerFunc(func(e *events.ComponentInteractionCreate) {
			switch data := e.Data.(type) {
			case discord.UserSelectMenuInteractionData:
				check(e.CreateMessage(discord.NewMessageCreate().WithContent("chose " + data.Users()[0].Username)))
			case discord.StringSelectMenuInteractionData:
				check(e.Modal(discord.NewModalCreate("m", "Rename").AddLabel("Name", discord.NewShortTextInput("name"))))
			}
		}),
		bot.WithEventListenerFunc(func(e *events.ModalSubmitInteractionCreate) {
			check(e.CreateMessage(discord.NewMessageCreate().WithContent("renamed to " + e.Data.Text("name"))))
		}),
		bot.WithEventListenerFunc(func(e *events.AutocompleteInteractionCreate) {
			check(e.AutocompleteResult([]discord.AutocompleteChoice{discord.AutocompleteChoiceString{Name: e.Data.String("name") + "!", Value: "v"}}))
		}),
		bot.WithEventListenerFunc(func(e *events.ApplicationCommandInteractionCreate) {
			switch data := e.Data.(type) {
			case discord.MessageCommandInteractionData:
				check(e.CreateMessage(discord.NewMessageCreate().WithContent("about " + data.TargetMessage().Content)))
			case discord.SlashCommandInteractionData:
				a := data.Attachment("file")
				check(e.CreateMessage(discord.NewMessageCreate().WithContentf("%s %d %s %d", a.Filename, data.Int("days"), data.User("who").Username, e.AttachmentSizeLimit())))
			}
		}),
		bot.WithEventListenerFunc(func(*events.ThreadCreate) { saw("thread") }),
		bot.WithEventListenerFunc(func(*events.GuildMessageReactionAdd) { saw("reaction") }),
		bot.WithEventListenerFunc(func(*events.GuildMessageUpdate) { saw("update") }),
		bot.WithEventListenerFunc(func(*events.GuildMessageDelete) { saw("delete") }),
		bot.WithEventListenerFunc(func(*events.GuildMemberTypingStart) { saw("typing") }),
		bot.WithEventListenerFunc(func(*events.GuildMemberJoin) { saw("join") }),
		bot.WithEventListenerFunc(func(*events.DMMessageCreate) { saw("dm") }),
	)
	_, err := client.Rest.SetGlobalCommands(client.ApplicationID, []discord.ApplicationCommandCreate{
		discord.SlashCommandCreate{Name: "put", Description: "Put a file", Options: []discord.ApplicationCommandOption{
			discord.ApplicationCommandOptionAttachment{Name: "file", Description: "The file", Required: true},
			discord.ApplicationCommandOptionInt{Name: "days", Description: "Days"},
			discord.ApplicationCommandOptionUser{Name: "who", Description: "For whom"},
		}},
		discord.SlashCommandCreate{Name: "model", Description: "Model", Options: []discord.ApplicationCommandOption{
			discord.ApplicationCommandOptionString{Name: "name", Description: "Name", Autocomplete: true}}},
		discord.MessageCommandCreate{Name: "Analyze"},
	})
	check(err)

	m, err := anna.Send(general, "look", discordtest.File{Name: "a.txt", Data: []byte("a")})
	check(err)
	it, err := anna.ContextMenu(m, "Analyze")
	check(err)
	_, err = it.AwaitMessage(ctx, discordtest.Contains("about look"))
	check(err)
	it, err = anna.Command(general, "put", discordtest.Opt("file", discordtest.File{Name: "b.csv", Data: []byte("1")}), discordtest.Opt("days", 3), discordtest.Opt("who", anna))
	check(err)
	_, err = it.AwaitMessage(ctx, discordtest.Contains(fmt.Sprintf("b.csv 3 anna %d", 10<<20)))
	check(err)
	it, err = anna.Complete(general, "model", "name", discordtest.Opt("name", "gp"))
	check(err)
	if r, err := it.Await(ctx); err != nil || r.Choices[0].Name != "gp!" {
		t.Errorf("%+v %v", r, err)
	}

	sent, err := client.Rest.CreateMessage(idOf(general.ID), discord.NewMessageCreate().WithContent("menus").
		AddActionRow(discord.NewUserSelectMenu("user", "Who?")).
		AddActionRow(discord.NewStringSelectMenu("what", "What?", discord.NewStringSelectMenuOption("A", "a"))))
	check(err)
	menus, _ := s.Message(discordtest.ID(sent.ID))
	it, err = anna.Choose(menus, "user", anna.ID.String())
	check(err)
	_, err = it.AwaitMessage(ctx, discordtest.Contains("chose anna"))
	check(err)
	it, err = anna.Choose(menus, "what", "A")
	check(err)
	if r, err := it.Await(ctx); err != nil || r.Modal == nil {
		t.Fatalf("%+v %v", r, err)
	}
	it, err = anna.Submit(it, map[string]string{"name": "x.csv"})
	check(err)
	_, err = it.AwaitMessage(ctx, discordtest.Contains("renamed to x.csv"))
	check(err)

	// version 2 of components, with files
	v2, err := client.Rest.CreateMessage(idOf(general.ID), discord.NewMessageCreateV2(
		discord.NewContainer(discord.NewTextDisplay("# Title"), discord.NewSeparator(discord.SeparatorSpacingSizeLarge),
			discord.NewSection(discord.NewTextDisplay("t")).WithAccessory(discord.NewPrimaryButton("b", "b")),
			discord.NewFileComponent("attachment://a.csv"))).WithFiles(discord.NewFile("a.csv", "", strings.NewReader("1"))))
	check(err)
	if v2 != nil && len(v2.Components) != 1 {
		t.Errorf("%+v", v2)
	}

	check(anna.React(m, "👍"))
	check(anna.Type(general))
	_, err = anna.Edit(m, "look again")
	check(err)
	thread, err := anna.StartThread(m, "Talk")
	check(err)
	_, err = anna.Send(thread, s.Bot().Mention())
	check(err)
	_, err = anna.Forward(m, general)
	check(err)
	_, err = anna.Send(anna.DM(), "direct")
	check(err)
	_, _, err = anna.StartPost(guild.AddForum("help"), "The export fails", "It says 4711.")
	check(err)
	_, err = anna.SendSticker(general, "Wave")
	check(err)
	_, err = anna.Send(general, "", discordtest.File{Name: "voice-message.ogg", Data: []byte("OggS"), Voice: time.Second})
	check(err)
	poll, err := anna.SendPoll(general, discordtest.Poll{Question: "Which colour?", Answers: []discordtest.PollAnswer{{Text: "Blue", Emoji: "🔵"}, {Text: "Red"}}})
	check(err)
	check(anna.Vote(poll, "Blue"))
	check(anna.EndPoll(poll))
	recent, err := client.Rest.GetMessages(idOf(general.ID), 0, 0, 0, 4)
	check(err)
	if len(recent) != 4 || recent[0].Type != discordtest.TypePollResult || recent[1].Poll.Results.AnswerCounts[0].Count != 1 ||
		recent[2].Attachments[0].DurationSecs == nil || recent[3].StickerItems[0].Name != "Wave" {
		t.Errorf("got %+v", recent)
	}
	guild.AddMember(s.AddUser("ben"))
	guild.AddChannel("more")
	thread.Archive(false)
	s.DeleteChannel(thread)
	check(anna.Delete(m))
	for range 100 {
		mu.Lock()
		n := len(seen)
		mu.Unlock()
		if n == 7 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if len(seen) != 7 {
		t.Errorf("saw only %v", seen)
	}

	// what disgo has no method for
	var refreshed struct {
		URLs []struct{ Refreshed string } `json:"refreshed_urls"`
	}
	link := must(anna.Send(general, "", discordtest.File{Name: "c.txt", Data: []byte("c")}))(t).Attachments[0].URL
	check(client.Rest.Do(refreshURLs.Compile(nil), map[string][]string{"attachment_urls": {link}}, &refreshed))
	res, err := client.Rest.HTTPClient().Get(refreshed.URLs[0].Refreshed)
	check(err)
	if body, _ := io.ReadAll(res.Body); string(body) != "c" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	res.Body.Close()
	if text := log.String(); text != "" {
		t.Errorf("disgo logged errors:\n%s", text)
	}
}

// TestDisgoResumes shows that disgo resumes after each way a connection can end.
func TestDisgoResumes(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t)
	ctx := discordtest.Context(t)
	guild := s.AddGuild("Acme")
	anna := s.AddUser("anna")
	guild.AddMember(anna)
	general := guild.Channel("general")
	startDisgo(t, s, allIntents, bot.WithEventListenerFunc(func(e *events.MessageCreate) {
		if !e.Message.Author.Bot {
			if _, err := e.Client().Rest.CreateMessage(e.ChannelID, discord.NewMessageCreate().WithContent("echo: "+e.Message.Content)); err != nil {
				t.Error(err)
			}
		}
	}))
	for i, end := range []func(){s.DropGateway, s.RequestReconnect, func() { s.CloseGateway(4000, "bye") }} {
		end()
		text := fmt.Sprint("message ", i)
		if _, err := anna.Send(general, text); err != nil {
			t.Fatal(err)
		}
		if err := s.AwaitResumed(ctx, i+1); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AwaitMessage(ctx, general, discordtest.FromBot, discordtest.Contains(text)); err != nil {
			t.Fatal(err)
		}
	}
	s.InvalidateSessions(false)
	for started := 0; started < 2; started, _ = s.Sessions() {
		if ctx.Err() != nil {
			t.Fatal("no new session after an invalid one")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := len(s.Messages(general)); n != 6 {
		t.Errorf("%d messages", n)
	}
}

// TestDisgoOutages shows that a bot comes back after outages at random, and finds by REST what it missed.
func TestDisgoOutages(t *testing.T) {
	t.Parallel()
	s := discordtest.New(t)
	ctx := discordtest.Context(t)
	guild := s.AddGuild("Acme")
	anna := s.AddUser("anna")
	guild.AddMember(anna)
	general := guild.Channel("general")
	client := startDisgo(t, s, allIntents)
	s.Unleash(discordtest.Chaos{Seed: 1, Outage: .3})
	for i := range 20 {
		must(anna.Send(general, fmt.Sprint("line ", i)))(t)
		time.Sleep(30 * time.Millisecond)
	}
	s.Heal()
	time.Sleep(1100 * time.Millisecond) // the last outage
	if err := s.AwaitConnected(ctx); err != nil {
		t.Fatal(err)
	}
	if started, _ := s.Sessions(); started < 2 {
		t.Errorf("%d sessions: there was no outage", started)
	}
	all, err := client.Rest.GetMessages(idOf(general.ID), 0, 0, 0, 100)
	if err != nil || len(all) != 20 {
		t.Errorf("%d messages, %v", len(all), err)
	}
}

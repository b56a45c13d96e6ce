package oracle

import (
	"bytes"
	"embed"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/discordtest/internal/npm"
)

//go:embed discordjs
var files embed.FS

func TestDiscordJS(t *testing.T) {
	s := serve(t)
	ctx := discordtest.Context(t)
	source, _ := fs.Sub(files, "discordjs")
	modules, err := npm.Install(t.Context(), source)
	if errors.Is(err, npm.ErrUnavailable) {
		if slices.Contains(strings.Split(os.Getenv("REQUIRE"), ","), "discord.js") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	guild := s.AddGuild("Acme")
	anna := s.AddUser("anna")
	guild.AddMember(anna)
	general := guild.Channel("general")

	var log bytes.Buffer
	bot := exec.CommandContext(ctx, "node", "discordjs/bot.mjs")
	bot.Env = append(os.Environ(), "NODE_MODULES="+modules, "DISCORD_TOKEN="+s.Token(), "DISCORD_API="+strings.TrimSuffix(s.RESTURL(), "/v10"))
	bot.Stdout, bot.Stderr = &log, &log
	quit, err := bot.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := bot.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		quit.Close()
		if err := bot.Wait(); err != nil {
			t.Errorf("bot: %v\n%s", err, log.String())
		}
	})
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(s.AwaitConnected(ctx))
	check(s.AwaitCommand(ctx, "files"))

	for _, c := range []*discordtest.Channel{general, anna.DM()} {
		sent, err := anna.Send(c, "hello", discordtest.File{Name: "a.txt", Data: []byte("abc")})
		check(err)
		m, err := s.AwaitMessage(ctx, c, discordtest.ReplyTo(sent), discordtest.HasFile)
		check(err)
		if m.Content != "echo: hello" || string(m.Attachments[0].Bytes()) != "ABC" || m.Attachments[0].Description != "shouted" {
			t.Errorf("%+v", m)
		}
	}
	_, err = anna.Send(general, "thread")
	check(err)
	_, err = anna.Send(general, "history")
	check(err)
	_, err = s.AwaitMessage(ctx, general, discordtest.FromBot, discordtest.Contains("read 5"))
	check(err)

	it, err := anna.Complete(general, "files", "kind")
	check(err)
	if r, err := it.Await(ctx); err != nil || len(r.Choices) != 1 || r.Choices[0].Value != "sales.csv" {
		t.Errorf("%+v %v", r, err)
	}
	it, err = anna.Command(general, "files", discordtest.Opt("kind", "csv"))
	check(err)
	list, err := it.AwaitMessage(ctx, discordtest.HasButton("Delete"))
	check(err)
	if list.Content != "anna asked for csv" || list.EphemeralTo != anna.ID {
		t.Errorf("%+v", list)
	}
	_, err = it.AwaitMessage(ctx, discordtest.Contains("and more"), discordtest.HasFile)
	check(err)
	choose, err := anna.Choose(list, "pick", "A")
	check(err)
	if r, err := choose.Await(ctx); err != nil || r.Modal == nil || r.Modal.Title != "Why a" {
		t.Fatalf("%+v %v", r, err)
	}
	sub, err := anna.Submit(choose, map[string]string{"why": "it is old"})
	check(err)
	_, err = sub.AwaitMessage(ctx, discordtest.Contains("because it is old"))
	check(err)
	press, err := anna.Press(list, "Delete")
	check(err)
	if m, err := press.AwaitMessage(ctx, discordtest.Contains("deleted")); err != nil || len(m.Components) != 0 {
		t.Errorf("%+v %v", m, err)
	}
	menu, err := anna.ContextMenu(list, "Analyze")
	check(err)
	_, err = menu.AwaitMessage(ctx, discordtest.Contains("target: deleted"))
	check(err)

	// an application that anna installed for herself, in a group
	anna.Install()
	m, err := anna.Send(s.AddGroup("weekend", anna, s.AddUser("bert")), "the trip")
	check(err)
	ask, err := anna.ContextMenu(m, "Ask")
	check(err)
	_, err = ask.Await(ctx)
	check(err)
	sub, err = anna.Submit(ask, nil, discordtest.File{Name: "a.csv", Data: []byte("1")}, discordtest.File{Name: "b.csv", Data: []byte("2")})
	check(err)
	_, err = sub.AwaitMessage(ctx, discordtest.Contains("got a.csv, b.csv"))
	check(err)

	// posts, polls, voice
	post, _, err := anna.StartPost(guild.AddForum("help"), "The export fails", "It says 4711.")
	check(err)
	_, err = s.AwaitMessage(ctx, post, discordtest.Contains("The export fails in help, a forum: true"))
	check(err)
	_, err = anna.SendPoll(general, discordtest.Poll{Question: "Which colour?", Answers: []discordtest.PollAnswer{{Text: "Blue", Emoji: "🔵"}, {Text: "Red"}}})
	check(err)
	_, err = s.AwaitMessage(ctx, general, discordtest.FromBot, discordtest.Contains("Which colour?: Blue, Red"))
	check(err)
	_, err = anna.Send(general, "", discordtest.File{Name: "voice-message.ogg", Data: []byte("OggS"), Voice: 3 * time.Second})
	check(err)
	_, err = s.AwaitMessage(ctx, general, discordtest.FromBot, discordtest.Contains("heard 3 s"))
	check(err)

	s.DropGateway()
	sent, err := anna.Send(general, "while you were away")
	check(err)
	check(s.AwaitResumed(ctx, 1))
	m, err = s.AwaitMessage(ctx, general, discordtest.ReplyTo(sent), discordtest.Contains("echo"))
	check(err)
	if m.Content != "echo: while you were away" {
		t.Errorf("%+v", m)
	}
	check(s.AwaitQuiet(ctx, 50*time.Millisecond))
}

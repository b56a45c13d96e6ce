package main

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/discord"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/sandbox/remote"
)

// doctor tells what the configured model can do, from one small call of a tool.
func TestDoctorAsksTheModel(t *testing.T) {
	call := llmtest.Reply{Calls: []llm.ToolCall{llmtest.Call("c", "execute_python_code", `{"code":"print(6*7)"}`)}}
	for name, c := range map[string]struct {
		server *llmtest.Server
		says   string
		failed int
	}{
		"calls": {&llmtest.Server{Answer: func(r llmtest.Request) llmtest.Reply {
			return map[bool]llmtest.Reply{false: call, true: {Text: "42"}}[r.Last().Role == "tool"]
		}}, "ok    model: a call of a tool  called after", 0},
		"no tools": {&llmtest.Server{Refuse: []string{"tools"}}, "warn  model: a call of a tool  it can't use tools, so it can't run code: registry.ollama.ai", 0},
		"calls as text": {&llmtest.Server{Answer: func(llmtest.Request) llmtest.Reply {
			return llmtest.Reply{Text: "<tool_call>\nprint(6*7)\n</tool_call>"}
		}}, "warn  model: a call of a tool  it writes calls as text, which its server does not read", 0},
		"does not call": {&llmtest.Server{}, "without a call", 0},
		"refuses": {&llmtest.Server{Answer: func(llmtest.Request) llmtest.Reply {
			return llmtest.Reply{Status: 402, Message: "Insufficient Balance"}
		}}, "FAIL  model: a call of a tool  The account", 1},
		"another model": {&llmtest.Server{Models: []string{"a", "b"}}, "warn  model  test-model is not among the 2 that the server lists", 0},
		"no list":       {&llmtest.Server{NoList: true}, "warn  model  test-model; its server has no list of models", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			m := &Main{Stdout: &out, Config: config.Config{OpenAIBaseURL: config.URL(c.server.Start(t)), OpenAIModel: "test-model", ModelAPI: "auto", Effort: "default"}}
			d := &diagnosis{m: m}
			d.model(t.Context())
			d.print()
			if text := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(text, strings.Join(strings.Fields(c.says), " ")) || d.failed != c.failed {
				t.Errorf("%s", out.String())
			}
		})
	}
}

// doctor asks Discord for what serve needs, without connecting.
func TestDoctorAsksDiscord(t *testing.T) {
	for name, c := range map[string]struct {
		setUp  func(s *discordtest.Server)
		token  string
		says   string
		failed int
	}{
		"good":        {func(s *discordtest.Server) { s.AddGuild("Acme") }, "", "ok Discord", 0},
		"no server":   {func(*discordtest.Server) {}, "", "It is in no server yet. Invite it: https://discord.com/oauth2/authorize?client_id=", 0},
		"no intent":   {func(s *discordtest.Server) { s.DisallowedIntents = discordtest.IntentMessageContent }, "", "FAIL Discord Discord does not let the bot read messages. Switch on MESSAGE CONTENT INTENT", 1},
		"wrong token": {func(*discordtest.Server) {}, "MTIz.wrong.token", "FAIL Discord Discord does not accept DISCORD_TOKEN. Copy it again", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := discordtest.New(t)
			c.setUp(s)
			var out bytes.Buffer
			m := &Main{Stdout: &out, Config: config.Config{DiscordToken: config.Secret(cmp.Or(c.token, s.Token()))}, discord: discord.Options{RESTURL: s.RESTURL()}}
			d := &diagnosis{m: m}
			d.discord(t.Context())
			d.print()
			if text := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(text, c.says) || d.failed != c.failed {
				t.Errorf("%s", text)
			}
			if started, _ := s.Sessions(); started > 0 {
				t.Error("it connected")
			}
		})
	}
}

// Workers whose message servers do not know each other are a fault.
func TestSeparated(t *testing.T) {
	for _, c := range []struct {
		want    string
		servers []string
	}{
		{"", nil}, {"", []string{""}}, {"", []string{"attache-1", "attache-1"}}, {"", []string{"attache-1", ""}}, {"", []string{"outside", "other"}},
		{"2 message servers that do not know each other (w0, w2; w1)", []string{"attache-1", "attache-2", "attache-1"}},
		{"2 message servers that do not know each other (w0; w1)", []string{"attache-1", "outside"}},
	} {
		var all []remote.Report
		for i, s := range c.servers {
			all = append(all, remote.Report{Name: fmt.Sprint("w", i), Server: s})
		}
		if got := separated(all); !strings.Contains(got, c.want) || (got == "") != (c.want == "") || got != "" && !strings.Contains(got, "NATS_URL") {
			t.Errorf("%q: %q", c.servers, got)
		}
	}
}

// Several who serve on one database are told that each has its own Python sessions,
// unless they share them.
func TestSessionsHere(t *testing.T) {
	const uri = config.Secret("mongodb://localhost")
	if got := sessionsHere(config.Config{MongoURI: uri}); !strings.Contains(got, "begins them anew") {
		t.Errorf("%q", got)
	}
	if got := sessionsHere(config.Config{MongoURI: uri, SessionsURL: "s3://sessions"}); !strings.Contains(got, "when it has been stored") {
		t.Errorf("%q", got)
	}
	for what, c := range map[string]config.Config{
		"one machine": {}, "it takes workers": {MongoURI: uri, ClusterListen: ":4222"},
		"workers of another": {MongoURI: uri, NATSURL: "tls://host:4222"}, "a bucket on one machine": {SessionsURL: "s3://sessions"},
	} {
		if got := sessionsHere(c); got != "" {
			t.Errorf("%s: %q", what, got)
		}
	}
}

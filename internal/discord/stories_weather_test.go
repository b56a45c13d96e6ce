package discord

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/discord/places"

	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
)

// A global rate limit is obeyed by all requests.
func TestWeatherGlobalRateLimit(t *testing.T) {
	w := newBench(t, setup{})
	w.Inject(discordtest.Fault{On: "POST /channels/{channel_id}/typing", RetryAfter: 700 * time.Millisecond, Global: true})
	began := time.Now()
	_, a := w.ask(w.anna, w.anna.DM(), "hi")
	w.contains(a, "OK.")
	if time.Since(began) < 600*time.Millisecond {
		t.Error("it did not wait")
	}
	// What was under way when the limit was met is refused too; nothing is sent once it is known.
	var known time.Time
	for _, r := range w.Requests() {
		switch {
		case r.Status == 429 && known.IsZero():
			known = r.Time.Add(r.Took)
		case r.Status == 429 && r.Time.After(known.Add(200*time.Millisecond)):
			t.Errorf("%s was sent %v after the first refusal", r.Route, r.Time.Sub(known))
		}
	}
	if known.IsZero() {
		t.Error("nothing was refused")
	}
}

// Many answers in one channel share a bucket, and none meets its limit.
func TestWeatherCrowdedChannel(t *testing.T) {
	w := newBench(t, setup{})
	var users []*discordtest.User
	for i := range 8 {
		u := w.AddUser(fmt.Sprint("user", i))
		w.guild.AddMember(u)
		users = append(users, u)
	}
	for _, u := range users {
		w.model.Push(llmtest.Reply{Text: strings.Repeat("word ", 40), Pause: 60 * time.Millisecond})
		must(u.Send(w.general, w.Bot().Mention()+" talk"))(w)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		n := 0
		for _, m := range w.Messages(w.general) {
			if discordtest.HasButton("🔁 Retry")(m) {
				n++
			}
		}
		if n == len(users) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d answers", n, len(users))
		}
	}
	if n := w.InvalidRequests(); n != 0 {
		t.Errorf("%d requests were refused", n)
	}
}

// What fails on Discord's side is repeated, and nothing is said twice.
func TestWeatherErrorsAndLostAnswers(t *testing.T) {
	w := newBench(t, setup{assistant: assistant.Options{BurstTime: time.Millisecond}})
	for i, f := range []discordtest.Fault{
		{On: "POST /channels/{channel_id}/messages", Status: 502, Times: 2},
		{On: "POST /channels/{channel_id}/messages", Drop: true, AfterHandling: true},
		{On: "POST /channels/{channel_id}/messages", Drop: true},
		{On: "POST /channels/{channel_id}/typing", Status: 500, Times: 8},
	} {
		w.Inject(f)
		q, a := w.ask(w.anna, w.anna.DM(), fmt.Sprint("question ", i))
		w.contains(a, "OK.")
		if n := len(w.after(w.anna.DM(), q)); n != 1 {
			t.Errorf("fault %d: %d messages", i, n)
		}
		w.Heal()
	}
	for _, f := range []discordtest.Fault{
		{On: "POST /interactions", Drop: true, AfterHandling: true},
		{On: "POST /interactions", Status: 500},
	} {
		w.Inject(f)
		it := must(w.anna.Command(w.general, "help"))(w)
		w.contains(must(it.AwaitMessage(w.ctx))(w), "What I can do")
	}
	w.Heal()
	w.AwaitQuiet(w.ctx, 100*time.Millisecond)
	w.model.Push(llmtest.Reply{Text: strings.Repeat("word ", 50), Pause: 40 * time.Millisecond})
	w.Inject(discordtest.Fault{On: "PATCH /channels/{channel_id}/messages/{message_id}", Status: 503, Times: 3})
	_, a := w.ask(w.anna, w.anna.DM(), "stream")
	w.contains(a, strings.TrimSpace(strings.Repeat("word ", 50)))
}

// The connection drops, and what was said meanwhile is answered.
func TestWeatherGatewayDropped(t *testing.T) {
	w := newBench(t, setup{})
	w.DropGateway()
	q := must(w.anna.Send(w.anna.DM(), "Are you there?"))(w)
	w.contains(w.answerTo(q), "OK.")
	if err := w.AwaitResumed(w.ctx, 1); err != nil {
		t.Fatal(err)
	}
	w.RequestReconnect()
	if err := w.AwaitResumed(w.ctx, 2); err != nil {
		t.Fatal(err)
	}
	w.InvalidateSessions(false)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if started, _ := w.Sessions(); started >= 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no new session")
		}
	}
	if err := w.AwaitConnected(w.ctx); err != nil {
		t.Fatal(err)
	}
	q = must(w.anna.Send(w.anna.DM(), "And now?"))(w)
	w.contains(w.answerTo(q), "OK.")
}

// An event that can't be decoded breaks its connection, and each one that
// resumes the session: it is given up after some, and the bot goes on.
func TestWeatherUndecodableEvent(t *testing.T) {
	w := newBench(t, setup{discord: Options{tune: tuning{maxBroken: 1}}})
	w.Inject(discordtest.Fault{On: "GATEWAY MESSAGE_CREATE", Corrupt: true})
	must(w.anna.Send(w.anna.DM(), "this breaks"))(w)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if started, _ := w.Sessions(); started >= 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the session is resumed for ever")
		}
	}
	if err := w.AwaitConnected(w.ctx); err != nil {
		t.Fatal(err)
	}
	q := must(w.anna.Send(w.anna.DM(), "and now?"))(w)
	w.contains(w.answerTo(q), "OK.")
}

func TestWeatherShards(t *testing.T) {
	w := newBench(t, setup{server: func(s *discordtest.Server) { s.Shards = 3 }})
	w.ask(w.anna, w.general, "hi")
	w.ask(w.anna, w.anna.DM(), "hi")
	if started, _ := w.Sessions(); started != 3 {
		t.Errorf("%d sessions", started)
	}
}

// The bot grew since Discord was asked how many shards it needs.
func TestWeatherShardingRequired(t *testing.T) {
	w := newBench(t, setup{noStart: true, server: func(s *discordtest.Server) { s.GuildsPerShard = 3; s.Shards = 1 }})
	for i := range 4 {
		w.AddGuild(fmt.Sprint("Guild ", i))
	}
	w.start()
	w.ask(w.anna, w.general, "hi")
}

// What the operator has to do is said.
func TestWeatherRefusedByDiscord(t *testing.T) {
	idle := assistant.New(nil, nil, assistant.Options{})
	t.Run("intents", func(t *testing.T) {
		w := newBench(t, setup{noStart: true, server: func(s *discordtest.Server) { s.DisallowedIntents = discordtest.IntentMessageContent }})
		_, err := Open(w.ctx, w.Token(), idle, Options{RESTURL: w.RESTURL(), GatewayURL: w.GatewayURL()})
		if !fault.Is(err, fault.Denied) || !strings.Contains(fault.Message(err), "MESSAGE CONTENT INTENT") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("token", func(t *testing.T) {
		w := newBench(t, setup{noStart: true})
		_, err := Open(w.ctx, "MTIz.wrong.token", idle, Options{RESTURL: w.RESTURL(), GatewayURL: w.GatewayURL()})
		if !fault.Is(err, fault.Denied) || !strings.Contains(fault.Message(err), "DISCORD_TOKEN") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("later", func(t *testing.T) {
		w := newBench(t, setup{})
		w.CloseGateway(4004, "Authentication failed.")
		select {
		case <-w.bot.Done():
		case <-w.ctx.Done():
			t.Fatal("the bot does not end")
		}
		if err := w.bot.Err(); !fault.Is(err, fault.Denied) || !strings.Contains(fault.Message(err), "DISCORD_TOKEN") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("down", func(t *testing.T) {
		w := newBench(t, setup{noStart: true})
		w.Inject(discordtest.Fault{On: "GET /gateway/bot", Status: 503, Times: 5})
		w.start()
		w.ask(w.anna, w.anna.DM(), "hi")
	})
}

// The program is killed in the middle of an answer.
func TestWeatherRestartInTheMiddle(t *testing.T) {
	w := newBench(t, setup{})
	dead := make(chan struct{})
	var calls atomic.Int32
	w.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, _ llm.ToolCall, _ llm.ToolHooks) llm.ToolResult {
		if calls.Add(1) == 1 {
			<-dead
		}
		return llm.ToolResult{Output: "4"}
	}
	w.model.Push(llmtest.Reply{Text: "Let me see.", Calls: []llm.ToolCall{python("a", "1")}})
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" Compute"))(w)
	w.await(w.general, discordtest.FromBot, discordtest.Contains("Running Python"))

	// The old program is cut off from Discord and from the database, as by a kill.
	old := *w
	w.kill()
	w.start()
	a := w.await(w.general, discordtest.FromBot, discordtest.Contains("⏸️ I was restarted in the middle of this answer."))
	w.contains(a, "Let me see.")
	w.lacks(a, "Running Python")
	w.model.Push(llmtest.Reply{Text: "It is 4."})
	must(w.anna.Press(a, "🔁 Retry"))(w)
	w.await(w.general, discordtest.ReplyTo(q), discordtest.Contains("It is 4."))
	close(dead)
	old.killed = true
	old.shutDown()
}

// Another process dies in the middle of two answers, one of which the engine had
// finished: this one tells of both, and the other's next start of neither.
func TestWeatherOtherDies(t *testing.T) {
	gone := make(chan Gone, 1)
	w := newBench(t, setup{discord: Options{Gone: gone, Instance: "this"}})
	other := places.Memory{Notes: w.bot.opts.Notes, Instance: "other"}
	q := must(w.anna.Send(w.general, "Compute"))(w) // not to this process
	shown := must(w.anna.Send(w.general, "Show"))(w)
	id := func(m discordtest.Message) string { return turnID(snowflake.ID(m.ChannelID), snowflake.ID(m.ID), "") }
	for _, m := range []discordtest.Message{q, shown} {
		if err := other.SetOpen(w.ctx, id(m), uint64(w.anna.ID), true); err != nil {
			t.Fatal(err)
		}
	}
	gone <- Gone{Instance: "other", Turns: []chat.Record{{ID: "web/1", User: files.UserID(w.anna.ID)}, {ID: id(q), User: files.UserID(w.anna.ID)}}}
	const told = "⏸️ I was restarted in the middle of this answer."
	a := w.await(w.general, discordtest.ReplyTo(q), discordtest.Contains(told))
	w.await(w.general, discordtest.ReplyTo(shown), discordtest.Contains(told))
	w.model.Push(llmtest.Reply{Text: "It is 4."})
	must(w.anna.Press(a, "🔁 Retry"))(w)
	w.await(w.general, discordtest.ReplyTo(q), discordtest.Contains("It is 4."))
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		open, err := other.Open(w.ctx)
		mine, err2 := w.bot.memory().Open(w.ctx)
		if err == nil && err2 == nil && len(open)+len(mine) == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("still open: %v, %v; %v, %v", open, mine, err, err2)
		}
	}
}

// kill leaves the bot running but cut off, as a machine that lost its network.
func (w *bench) kill() {
	w.bot.sessions.Close(w.ctx)
	w.bot.kill()
	w.db.Close()
}

// A graceful stop lets answers end.
func TestWeatherGracefulStop(t *testing.T) {
	w := newBench(t, setup{})
	w.model.Push(llmtest.Reply{Text: "The whole answer.", Wait: 700 * time.Millisecond})
	q := must(w.anna.Send(w.anna.DM(), "hi"))(w)
	w.model.Await(w.ctx, 1)
	w.shutDown()
	w.contains(w.answerTo(q), "The whole answer.")
}

// What does not end in time is parked, and what waits is told.
func TestWeatherStopParks(t *testing.T) {
	w := newBench(t, setup{})
	w.model.Push(llmtest.Reply{Pieces: []string{"A beginning"}, Hang: true})
	q := must(w.anna.Send(w.anna.DM(), "hi"))(w)
	waiting := must(w.anna.Send(w.anna.DM(), "and then?"))(w)
	w.await(w.anna.DM(), discordtest.FromBot, discordtest.Contains("A beginning"))
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Second)
	defer cancel()
	began := time.Now()
	if err := w.bot.Close(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("it took %v", took)
	}
	a := w.await(w.anna.DM(), discordtest.ReplyTo(q), discordtest.HasButton("🔁 Retry"))
	w.contains(a, "A beginning", "⏸️ I had to stop for a moment")
	w.await(w.anna.DM(), discordtest.ReplyTo(waiting), discordtest.Contains("I have to stop for a moment. Please ask again in a minute."))
	w.shutDown()
	w.start()
	w.model.Push(llmtest.Reply{Text: "The whole answer."})
	must(w.anna.Press(a, "🔁 Retry"))(w)
	w.await(w.anna.DM(), discordtest.ReplyTo(q), discordtest.Contains("The whole answer."))
}

// Nobody can answer a question of a bot that stops: its turn ends at once, and its
// buttons say so.
func TestWeatherStopWithAQuestion(t *testing.T) {
	w := newBench(t, setup{})
	w.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		yes, err := h.Ask(ctx, locale.Later("May I?"))
		return llm.ToolResult{Output: fmt.Sprint(yes, err)}
	}
	w.does("Done.")
	q := must(w.anna.Send(w.anna.DM(), "hi"))(w)
	w.await(w.anna.DM(), discordtest.FromBot, discordtest.HasButton("✅ Yes"))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	began := time.Now()
	w.assistant.Withdraw() // as the program does first
	if err := w.bot.Close(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	w.contains(w.await(w.anna.DM(), discordtest.ReplyTo(q), discordtest.HasButton("🔁 Retry")), "⏸️ I had to stop for a moment")
	w.await(w.anna.DM(), discordtest.FromBot, discordtest.Contains("May I?"), discordtest.Contains("That is not needed any more."))
}

// A handler that crashes takes nothing else down.
func TestWeatherCrash(t *testing.T) {
	var crashed atomic.Bool
	w := newBench(t, setup{engine: func(e assistant.Engine) assistant.Engine { return crasher{e, &crashed} }})
	must(w.anna.Send(w.anna.DM(), "crash"))(w)
	w.await(w.anna.DM(), discordtest.Contains("⚠️ Something went wrong on my side."))
	_, a := w.ask(w.anna, w.anna.DM(), "hi")
	w.contains(a, "OK.")
	if !crashed.Load() {
		t.Error("nothing crashed")
	}
}

type crasher struct {
	assistant.Engine
	done *atomic.Bool
}

func (c crasher) Run(ctx context.Context, t chat.Turn, emit func(chat.Event)) (chat.Result, error) {
	if t.Text == "crash" {
		c.done.Store(true)
		panic("crash")
	}
	return c.Engine.Run(ctx, t, emit)
}

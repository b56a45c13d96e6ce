package discord

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
)

// crash ends the program as a kill does.
func (w *bench) crash() {
	old := *w
	old.killed = true
	w.kill()
	old.shutDown()
}

// answers returns how many messages of the bot reply to a message.
func (w *bench) answers(q discordtest.Message) int {
	n := 0
	for _, m := range w.after(w.channelOf(q), q) {
		if discordtest.FromBot(m) && discordtest.ReplyTo(q)(m) {
			n++
		}
	}
	return n
}

// once fails the test unless each message is answered exactly once, and goes on
// being so.
func (w *bench) once(qs ...discordtest.Message) {
	w.t.Helper()
	for _, q := range qs {
		w.await(w.channelOf(q), discordtest.FromBot, discordtest.ReplyTo(q), discordtest.HasButton("🔁 Retry"))
	}
	w.AwaitQuiet(w.ctx, 700*time.Millisecond)
	for _, q := range qs {
		if n := w.answers(q); n != 1 {
			w.t.Errorf("%q has %d answers", q.Content, n)
		}
	}
}

// talkOf begins a thread from an answer, in which somebody goes on.
func (w *bench) talkOf(u *discordtest.User) *discordtest.Channel {
	w.t.Helper()
	_, a := w.ask(u, w.general, "Begin")
	thread := must(u.StartThread(a, "talk"))(w)
	w.answerTo(must(u.Send(thread, w.Bot().Mention()+" In the thread"))(w))
	return thread
}

// What is written while the program is down is answered when it runs again: direct
// messages, threads, mentions; and nothing else.
func TestAbsenceRestart(t *testing.T) {
	for name, down := range map[string]func(*bench){
		"stopped": (*bench).shutDown,
		"killed":  (*bench).crash,
	} {
		t.Run(name, func(t *testing.T) {
			w := newBench(t, setup{})
			thread := w.talkOf(w.anna)
			_, before := w.ask(w.bert, w.bert.DM(), "Before")
			w.AwaitQuiet(w.ctx, 300*time.Millisecond)
			down(w)
			file := discordtest.File{Name: "sales.csv", Data: salesCSV}
			missed := []discordtest.Message{
				must(w.bert.Send(w.bert.DM(), "One"))(w),
				must(w.bert.Send(w.bert.DM(), "Two"))(w),
				must(w.bert.Send(w.bert.DM(), "Three", file))(w),
				must(w.bert.Send(w.bert.DM(), "Four"))(w),
				must(w.anna.Send(thread, "In the thread again"))(w),
				must(w.anna.Send(w.general, w.Bot().Mention()+" A mention"))(w),
			}
			chatter := must(w.anna.Send(w.general, "Not for the bot"))(w)
			w.start()
			for range 2 {
				for _, q := range missed {
					w.await(w.channelOf(q), discordtest.FromBot, discordtest.ReplyTo(q), discordtest.HasButton("🔁 Retry"))
				}
				w.AwaitQuiet(w.ctx, 700*time.Millisecond)
				for i, q := range missed {
					want := 1
					if i == 2 {
						want = 2 // the file is confirmed
					}
					if n := w.answers(q); n != want {
						t.Errorf("%q has %d answers", q.Content, n)
					}
				}
				if n := w.answers(chatter); n != 0 {
					t.Errorf("%q is answered", chatter.Content)
				}
				w.shutDown() // another restart finds nothing new
				w.start()
			}
			list := w.after(w.bert.DM(), before)
			var order []string
			for _, m := range list {
				if discordtest.HasButton("🔁 Retry")(m) {
					order = append(order, m.Referenced.Content)
				}
			}
			if got := strings.Join(order, " "); got != "One Two Three Four" {
				t.Errorf("answered in the order %q", got)
			}
			if list := must(w.files.List(w.ctx, files.UserID(w.bert.ID), files.Query{}))(w); list.Total != 1 {
				t.Errorf("%d files were saved", list.Total)
			}
		})
	}
}

// A gateway that comes back with a new session has missed messages; one whose
// session is resumed repeats them.
func TestAbsenceGateway(t *testing.T) {
	w := newBench(t, setup{})
	thread := w.talkOf(w.anna)
	w.ask(w.bert, w.bert.DM(), "Before")
	ask := func() []discordtest.Message {
		return []discordtest.Message{
			must(w.bert.Send(w.bert.DM(), "Hello?"))(w),
			must(w.anna.Send(thread, "Are you there?"))(w),
		}
	}
	w.GatewayOutage(true)
	qs := ask()
	w.GatewayOutage(false)
	w.once(qs...)

	w.InvalidateSessions(false)
	w.once(ask()...)

	w.DropGateway()
	w.once(ask()...)
}

// Two programs that missed the same messages answer each once.
func TestAbsenceTwoProcesses(t *testing.T) {
	w := newBench(t, setup{})
	w.ask(w.bert, w.bert.DM(), "Before")
	w.shutDown()
	qs := []discordtest.Message{
		must(w.bert.Send(w.bert.DM(), "One"))(w),
		must(w.bert.Send(w.bert.DM(), "Two"))(w),
		must(w.anna.Send(w.general, w.Bot().Mention()+" A mention"))(w),
	}
	w.start()
	other := *w
	other.set.chat.Instance = "other"
	other.start()
	w.once(qs...)
	other.shutDown()
}

// More than a few messages, and those that are older than an hour, are told about:
// one sentence for each person and channel, with a button that answers.
func TestAbsenceTold(t *testing.T) {
	now := time.Now
	w := newBench(t, setup{discord: Options{Now: func() time.Time { return now() }}})
	w.ask(w.bert, w.bert.DM(), "Before")
	w.shutDown()
	var qs []discordtest.Message
	for _, text := range []string{"One", "Two", "Three"} {
		qs = append(qs, must(w.bert.Send(w.bert.DM(), text))(w))
	}
	now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	w.start()
	told := w.await(w.bert.DM(), discordtest.FromBot, discordtest.ReplyTo(qs[2]))
	w.contains(told, "⚠️ I was offline when you wrote this and 2 messages before it.")
	w.once(qs[2])
	for _, q := range qs[:2] {
		if n := w.answers(q); n != 0 {
			t.Errorf("%q has %d answers", q.Content, n)
		}
	}
	w.model.Push(llmtest.Reply{Text: "Here it is."})
	must(w.bert.Press(told, "🔁 Retry"))(w)
	w.await(w.bert.DM(), discordtest.FromBot, discordtest.ReplyTo(qs[2]), discordtest.Contains("Here it is."))
	requests := w.model.Requests()
	if got := requests[len(requests)-1].LastUser(); !strings.HasSuffix(got, "Three") {
		t.Errorf("the model read %q", got)
	}
	w.once(qs[2])

	w.shutDown()
	now = time.Now
	qs = nil
	for _, text := range strings.Fields("a b c d e f g h") {
		qs = append(qs, must(w.bert.Send(w.bert.DM(), text))(w))
	}
	w.start()
	w.once(qs[2:]...)
	w.contains(w.await(w.bert.DM(), discordtest.ReplyTo(qs[2])), "I was offline when you wrote this and 2 messages before it.")
	w.lacks(w.await(w.bert.DM(), discordtest.ReplyTo(qs[3])), "I was offline")
}

// A program that never ran before answers nothing that is old.
func TestAbsenceFirstStart(t *testing.T) {
	w := newBench(t, setup{noStart: true})
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" Before the first start"))(w)
	w.start()
	w.ask(w.bert, w.bert.DM(), "hi")
	w.AwaitQuiet(w.ctx, 500*time.Millisecond)
	if n := w.answers(q); n != 0 {
		t.Errorf("%d answers", n)
	}
}

// Somebody who reads German is answered in German: in what they alone see, in direct
// messages, and after a restart.
func TestAbsenceLanguage(t *testing.T) {
	w := newBench(t, setup{})
	w.anna.Locale = "de"
	w.contains(w.run(w.anna, w.general, "files"), "Du hast 0 Datei(en) hochgeladen.")
	for range 2 {
		q := must(w.anna.Send(w.anna.DM(), "", discordtest.File{Name: "sales.csv", Data: salesCSV}))(w)
		w.contains(w.await(w.anna.DM(), discordtest.FromBot, discordtest.ReplyTo(q)), "Datei gespeichert")
		w.shutDown()
		w.start()
	}
	q := must(w.bert.Send(w.bert.DM(), "", discordtest.File{Name: "sales.csv", Data: salesCSV}))(w)
	w.contains(w.await(w.bert.DM(), discordtest.FromBot, discordtest.ReplyTo(q)), "File saved!")
}

// Who said in a thread that only mentions are answered said so for good. Several
// people who wrote in a thread are not taken for one after a restart.
func TestAbsenceManners(t *testing.T) {
	w := newBench(t, setup{})
	thread := must(w.anna.StartThread(must(w.anna.Send(w.general, "Look"))(w), "people"))(w)
	must(w.anna.Send(thread, "Hi Bert"))(w)
	must(w.bert.Send(thread, "Hi Anna"))(w)
	must(w.anna.Send(thread, w.Bot().Mention()+" Help us"))(w)
	w.await(thread, discordtest.FromBot, discordtest.HasButton("🔁 Retry"))
	own := w.talkOf(w.anna)
	must(w.bert.Send(own, "Me too"))(w)
	a := w.await(own, discordtest.FromBot, discordtest.HasButton("🔇 Only when mentioned"))
	must(w.bert.Press(a, "🔇 Only when mentioned"))(w)
	w.await(own, discordtest.Contains("In this thread I answer only"))
	w.AwaitQuiet(w.ctx, 300*time.Millisecond)
	w.shutDown()
	qs := []discordtest.Message{must(w.anna.Send(thread, "How are you, Bert?"))(w), must(w.bert.Send(own, "I don't ask the bot"))(w)}
	w.start()
	qs = append(qs, must(w.anna.Send(thread, "Still there?"))(w), must(w.anna.Send(own, "Neither do I"))(w))
	w.ask(w.anna, w.anna.DM(), "hi")
	w.AwaitQuiet(w.ctx, 700*time.Millisecond)
	for _, q := range qs {
		if n := w.answers(q); n != 0 {
			t.Errorf("%q is answered", q.Content)
		}
	}
}

// Whoever waited long is pinged by a message of its own: edits tell nobody.
func TestAbsencePing(t *testing.T) {
	answered := func(t *testing.T, after time.Duration) (*bench, discordtest.Message) {
		w := newBench(t, setup{discord: Options{PingAfter: after}})
		w.model.Push(llmtest.Reply{Text: "It took a while.", Wait: 10 * time.Millisecond})
		_, a := w.ask(w.anna, w.general, "Think")
		return w, a
	}
	t.Run("late", func(t *testing.T) {
		w, a := answered(t, time.Millisecond)
		ping := w.await(w.general, discordtest.FromBot, discordtest.ReplyTo(a), discordtest.Contains("the answer is there"))
		if len(ping.Mentions) != 1 || ping.Mentions[0].ID != w.anna.ID {
			t.Errorf("it pings %v", ping.Mentions)
		}
	})
	t.Run("in time", func(t *testing.T) {
		w, a := answered(t, time.Hour)
		w.AwaitQuiet(w.ctx, 400*time.Millisecond)
		if n := w.answers(a); n != 0 {
			t.Errorf("%d pings", n)
		}
	})
}

// Approval questions of two people in two threads at once are each answered by
// whom they are for, and where they were asked. A button of a program that is
// gone says so.
func TestAbsenceApprovals(t *testing.T) {
	w := newBench(t, setup{assistant: assistant.Options{BurstTime: time.Millisecond}})
	one, two := w.talkOf(w.anna), w.talkOf(w.bert)
	w.tools.Handle = func(ctx context.Context, user files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		yes, err := h.Ask(ctx, locale.Later("May I, %s?", user.String()))
		return llm.ToolResult{Output: fmt.Sprint(user, yes, err)}
	}
	w.model.Answer = func(r llmtest.Request) llmtest.Reply {
		if r.Last().Role == "user" {
			return llmtest.Reply{Calls: []llm.ToolCall{python("a", "1")}}
		}
		return llmtest.Reply{Text: "I was told: " + r.Last().Text}
	}
	qa := must(w.anna.Send(one, "Anna's"))(w)
	qb := must(w.bert.Send(two, "Bert's"))(w)
	of := func(u *discordtest.User) discordtest.Match {
		return discordtest.Contains("May I, " + u.ID.String() + "?")
	}
	askA, askB := w.await(one, of(w.anna)), w.await(two, of(w.bert))
	must(w.bert.Press(askA, "✅ Yes"))(w) // not for him
	w.await(one, discordtest.Contains("Only the person who asked can use that."))
	must(w.bert.Press(askB, "❌ No"))(w)
	w.contains(w.await(two, discordtest.ReplyTo(qb), discordtest.HasButton("🔁 Retry")), w.bert.ID.String()+" false")
	must(w.anna.Press(askA, "✅ Yes"))(w)
	w.contains(w.await(one, discordtest.ReplyTo(qa), discordtest.HasButton("🔁 Retry")), w.anna.ID.String()+" true")

	last := must(w.anna.Send(one, "Again"))(w)
	ask := w.await(one, of(w.anna), discordtest.After(last))
	w.crash()
	w.start()
	w.await(one, discordtest.ReplyTo(last), discordtest.Contains("I was restarted in the middle of this answer."))
	must(w.anna.Press(ask, "✅ Yes"))(w)
	w.await(one, discordtest.Contains("⌛ This question has expired."))
}

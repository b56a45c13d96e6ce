package discord

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

func (w *bench) replyTo(it *discordtest.Interaction, err error) discordtest.Message {
	w.t.Helper()
	return must(must(it, err)(w).AwaitMessage(w.ctx))(w)
}

// /ask answers where it is used: the question is shown, the answer follows.
func TestStoryAskCommand(t *testing.T) {
	w := newBench(t, setup{})
	w.tools.Handle = w.makes(discordtest.File{Name: "chart.png", Data: chart(60, 40)})
	w.does("It has **3 rows**.")
	shown := w.replyTo(w.anna.Command(w.general, "ask", discordtest.Opt("question", "How many rows?"), discordtest.Opt("file", discordtest.File{Name: "sales.csv", Data: salesCSV})))
	w.contains(shown, "💬 **anna**: How many rows?")
	a := w.await(w.general, discordtest.FromBot, discordtest.Contains("It has **3 rows**."), discordtest.HasFile)
	if shown.EphemeralTo != 0 || a.EphemeralTo != 0 {
		t.Error("others can't see the answer")
	}
	if got := w.model.Requests()[0].LastUser(); !strings.HasPrefix(got, "How many rows?") || !strings.Contains(got, `"sales.csv"`) {
		t.Errorf("the model got %q", got)
	}
	// A reply to the answer goes on with the conversation, which is stored just after
	// the answer is seen.
	for list := []chat.Conversation(nil); len(list) == 0 && w.ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		list = must(w.chats().Conversations(w.ctx, chat.ConversationQuery{User: files.UserID(w.anna.ID)}))(w)
	}
	w.answerTo(must(w.bert.Reply(a, "And columns?"))(w))
	if r := w.model.Requests(); len(r[len(r)-1].Messages) < 5 {
		t.Errorf("the conversation has %d messages", len(r[len(r)-1].Messages))
	}
}

// Where the bot is not a member, the answer is for who asked alone.
func TestStoryUserInstalled(t *testing.T) {
	w := newBench(t, setup{})
	guild := w.AddGuild("Elsewhere")
	guild.AddMember(w.bert) // its owner
	guild.AddMember(w.anna)
	guild.RemoveMember(w.Bot())
	there := guild.Channel("general")
	w.anna.Install()
	w.model.Push(llmtest.Reply{Text: "Four."})
	if m := w.replyTo(w.anna.Command(there, "ask", discordtest.Opt("question", "2+2?"))); m.EphemeralTo != w.anna.ID {
		t.Errorf("the question is seen by all: %+v", m)
	}
	a := w.await(there, discordtest.FromBot, discordtest.Contains("Four."))
	if a.EphemeralTo != w.anna.ID {
		t.Errorf("the answer is seen by all: %+v", a)
	}
}

// "Ask Attaché" in the menu of a message: a form, with files if need be.
func TestStoryAskAboutAMessage(t *testing.T) {
	w := newBench(t, setup{})
	m := must(w.bert.Send(w.general, "Payments fail with error 4711 since 09:12."))(w)
	w.model.Push(llmtest.Reply{Text: "Look at the gateway."}, llmtest.Reply{Text: "It says that payments fail."})
	open := func() *discordtest.Interaction {
		it := must(w.anna.ContextMenu(m, "Ask Attaché"))(w)
		must(it.Await(w.ctx))(w)
		return it
	}
	form := open()
	w.replyTo(w.anna.Submit(form, map[string]string{"question": "What could it be?"}, discordtest.File{Name: "log.csv", Data: salesCSV}))
	w.await(w.general, discordtest.FromBot, discordtest.Contains("Look at the gateway."))
	if got := w.modelGot(); !strings.Contains(got, "In reply to bert: Payments fail with error 4711") || !strings.Contains(got, "What could it be?") || !strings.Contains(got, `"log.csv"`) {
		t.Errorf("the model got %q", got)
	}
	form = open()
	w.contains(w.replyTo(w.anna.Submit(form, map[string]string{"question": ""})), "💬 **anna**: ↩️ bert")
	w.await(w.general, discordtest.FromBot, discordtest.Contains("It says that payments fail."))
}

// A file without a question has buttons for what people want to do with it.
func TestStoryAnalyzeButton(t *testing.T) {
	w := newBench(t, setup{})
	q := must(w.anna.Send(w.anna.DM(), "", discordtest.File{Name: "sales.csv", Data: salesCSV}))(w)
	saved := w.await(w.anna.DM(), discordtest.ReplyTo(q), discordtest.HasButton("📊 Analyze"))
	w.contains(w.press(w.anna, saved, "👀 Preview"), "📊 sales.csv", "2024-01-05")
	w.model.Push(llmtest.Reply{Text: "Sales grow."})
	w.press(w.anna, saved, "📊 Analyze")
	w.await(w.anna.DM(), discordtest.FromBot, discordtest.Contains("Sales grow."))
	if got := w.modelGot(); !strings.HasPrefix(got, "Analyze this data.") || !strings.Contains(got, `"sales.csv"`) || w.countFiles(w.anna) != 1 {
		t.Errorf("the model got %q", got)
	}
}

// What the model suggests to ask next are buttons for everybody.
func TestStoryNextQuestions(t *testing.T) {
	w := newBench(t, setup{})
	w.model.Push(llmtest.Reply{Text: "Sales grow.\n\n[?] By how much?\n[?] Where most?"}, llmtest.Reply{Text: "By 12 %."})
	_, a := w.ask(w.anna, w.general, "How are sales?")
	if a.Content != "Sales grow." {
		t.Errorf("got %q", a.Content)
	}
	w.contains(w.press(w.bert, a, "💬 By how much?"), "💬 **bert**: By how much?")
	w.await(w.general, discordtest.FromBot, discordtest.Contains("By 12 %."))
	if r := w.model.Requests(); len(r) != 2 || !strings.Contains(r[1].LastUser(), "By how much?") || len(r[1].Messages) < 4 {
		t.Errorf("got %+v", r[len(r)-1])
	}
}

func TestStoryStopCommand(t *testing.T) {
	w := newBench(t, setup{})
	w.contains(w.run(w.anna, w.general, "stop"), "not working on anything")
	w.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, _ llm.ToolCall, _ llm.ToolHooks) llm.ToolResult {
		<-ctx.Done()
		return llm.ToolResult{Output: "late"}
	}
	w.does("Never.")
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" long work"))(w)
	w.await(w.general, discordtest.FromBot, discordtest.Contains("Running Python"))
	w.contains(w.run(w.bert, w.general, "stop"), "not working on anything")
	w.contains(w.run(w.anna, w.general, "stop"), "⏹️ Stopped.")
	w.contains(w.answerTo(q), "Stopped.")
}

// /catchup sums up for one person what others said.
func TestStoryCatchUp(t *testing.T) {
	w := newBench(t, setup{})
	must(w.bert.Send(w.general, "before"))(w)
	must(w.anna.Send(w.general, "I am off"))(w)
	must(w.bert.Send(w.general, "We take the blue one. anna, please order it."))(w)
	w.model.Push(llmtest.Reply{Text: "- the blue one was chosen\n- **you** should order it"})
	if m := w.replyTo(w.anna.Command(w.general, "catchup")); m.EphemeralTo != w.anna.ID {
		t.Errorf("got %+v", m)
	}
	a := w.await(w.general, discordtest.FromBot, discordtest.Contains("you** should order it"))
	if got := w.modelGot(); a.EphemeralTo != w.anna.ID || !strings.Contains(got, "bert: We take the blue one.") || strings.Contains(got, "before") {
		t.Errorf("the model got %q", got)
	}
	must(w.anna.Send(w.general, "thanks"))(w)
	w.contains(w.run(w.anna, w.general, "catchup"), "Nothing was said here")
}

package discord

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/discord/interact"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/tokens"
)

func TestStoryHelp(t *testing.T) {
	w := newBench(t, setup{})
	m := w.run(w.anna, w.general, "help")
	w.contains(m, "What I can do", "50 MB each", "Files are kept for 48h", "/files", "/reset", "/model", "/usage")
	if m.EphemeralTo != w.anna.ID {
		t.Error("others can see it")
	}
}

func TestStoryResetDirectMessages(t *testing.T) {
	w := newBench(t, setup{})
	w.save(w.anna, "a.csv", salesCSV)
	w.ask(w.anna, w.anna.DM(), "My number is 7.")
	m := w.run(w.anna, w.anna.DM(), "reset")
	w.contains(m, "🧹 Reset", "I keep your 1 file (134 B) unless")
	w.contains(w.press(w.anna, m, "❌ Cancel"), "Nothing was changed.")
	m = w.run(w.anna, w.anna.DM(), "reset")
	w.contains(w.press(w.anna, m, "🧹 Forget the conversation"), "A new conversation starts. Your files are still there.")
	w.ask(w.anna, w.anna.DM(), "Which number?")
	if n := len(w.model.Requests()[1].Messages); n != 3 {
		t.Errorf("the model got %d messages", n)
	}
	if r := w.tools.Resets(); len(r) != 1 || r[0] != w.anna.ID.String()+" discord/dm/"+w.anna.DM().ID.String() {
		t.Errorf("sessions reset: %q", r)
	}
	if p := must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{}))(w); p.Total != 1 {
		t.Error("the file is gone")
	}
}

func TestStoryResetWithFiles(t *testing.T) {
	w := newBench(t, setup{})
	w.save(w.anna, "a.csv", salesCSV)
	w.save(w.anna, "b.csv", salesCSV)
	w.save(w.bert, "c.csv", salesCSV)
	_, a := w.ask(w.anna, w.general, "My number is 7.")
	m := w.run(w.anna, w.general, "reset")
	w.contains(m, "your last conversation in this channel", "your 2 files")
	m = w.press(w.anna, m, "🗑️ Delete my files too")
	w.contains(m, "⚠️ Confirm Deletion", "all your files** (2 files, 268 B)")
	m = w.press(w.anna, m, "⚠️ Yes, Delete")
	w.contains(m, "⚠️ Final Confirmation", "all your files** (2 files, 268 B)")
	w.save(w.anna, "late.csv", salesCSV) // it came after the question
	m = w.press(w.anna, m, "🔴 Click Again to Confirm")
	w.contains(m, "⚠️ Final Confirmation", "all your files** (3 files, 402 B)")
	m = w.press(w.anna, m, "🔴 Click Again to Confirm")
	w.contains(m, "🗑️ 3 files deleted, and the conversation starts afresh.")
	page := must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{}))(w)
	other := must(w.files.List(w.ctx, files.UserID(w.bert.ID), files.Query{}))(w)
	if page.Total != 0 || other.Total != 1 {
		t.Errorf("anna has %d files, bert %d", page.Total, other.Total)
	}
	q := must(w.anna.Reply(a, "Which number?"))(w)
	w.answerTo(q)
	if n := len(w.model.Requests()[1].Messages); n != 3 {
		t.Errorf("the model got %d messages", n)
	}
}

func TestStoryResetWhereNothingWasSaid(t *testing.T) {
	w := newBench(t, setup{})
	w.ask(w.bert, w.general, "hello")
	m := w.run(w.anna, w.general, "reset")
	w.contains(m, "You have no recent conversation in this channel.")
	if len(m.Components) != 0 {
		t.Errorf("got %+v", m.Components)
	}
}

func TestStoryResetTimesOut(t *testing.T) {
	w := newBench(t, setup{discord: Options{tune: tuning{confirm: 300 * time.Millisecond}}})
	w.save(w.anna, "a.csv", salesCSV)
	m := w.run(w.anna, w.anna.DM(), "reset")
	w.press(w.anna, m, "🗑️ Delete my files too", discordtest.Contains("Confirm Deletion"))
	m = w.await(w.anna.DM(), discordtest.Contains("⌛ Timed out"))
	if len(m.Components) != 0 {
		t.Error("the buttons are still there")
	}
}

func TestStoryModel(t *testing.T) {
	w := newBench(t, setup{chat: chat.Options{Model: "small", Models: []string{"small", "large", "test-model"}}})
	w.contains(w.run(w.anna, w.general, "model"), "**small** answers you.", "🔹 small", "▫️ large")
	it := must(w.anna.Complete(w.general, "model", "name", discordtest.Opt("name", "LAR")))(w)
	r := must(it.Await(w.ctx))(w)
	if len(r.Choices) != 1 || r.Choices[0].Value != "large" {
		t.Errorf("offered %+v", r.Choices)
	}
	w.contains(w.run(w.anna, w.general, "model", discordtest.Opt("name", "large")), "🧠 **large** answers you from now on.")
	w.contains(w.run(w.anna, w.general, "model", discordtest.Opt("name", "huge")), `There is no model named "huge" to choose.`)
	w.ask(w.anna, w.general, "hi")
	w.ask(w.bert, w.general, "hi")
	if rs := w.model.Requests(); rs[0].Model != "large" || rs[1].Model != "small" {
		t.Errorf("asked %s and %s", rs[0].Model, rs[1].Model)
	}
	w.shutDown()
	w.start()
	w.contains(w.run(w.anna, w.general, "model"), "**large** answers you.")
	w.contains(w.run(w.anna, w.general, "model", discordtest.Opt("name", "default")), "The default model answers you")
	w.contains(w.run(w.anna, w.general, "model"), "**small** answers you.")
}

func TestStoryUsage(t *testing.T) {
	w := newBench(t, setup{noStart: true, chat: chat.Options{UserDailyTokens: 1_000_000}})
	w.set.assistant.Admins = []files.UserID{files.UserID(w.bert.ID)}
	var err error
	w.set.assistant.Catalog, err = tokens.BuiltIn().With([]byte(`{"models":{"test-model":{"prices":[{"input":0.25,"cached":0.025,"output":2}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	w.set.chat.Catalog = w.set.assistant.Catalog
	w.start()
	w.contains(w.run(w.anna, w.general, "usage"), "📊 Your Usage", "Nothing in the last two weeks.")
	w.model.Push(llmtest.Reply{Text: "Hi.", Usage: &llm.Usage{Input: 12_000, Output: 345}}, llmtest.Reply{Text: "Hi.", Usage: &llm.Usage{Input: 1000, Output: 1}})
	w.ask(w.anna, w.general, "hi")
	w.ask(w.bert, w.general, "hi")
	m := w.run(w.anna, w.general, "usage")
	w.contains(m, "12.0k in", "345 out", "1 request", "**test-model**: 12.3k tokens", "12.3k of 1.0M tokens • resets at <t:",
		"test-model: $0.25 in, $0.025 cached, $2 out", "**$0.0037**", "▆▆▆▆▆▆▆▆▆▆▆▆▆▆ 12.3k")
	w.lacks(m, "Who used most")
	w.contains(w.run(w.anna, w.general, "usage", discordtest.Opt("everybody", true)), "⚠️ Only the bot's admins see what everybody used.")
	m = w.run(w.bert, w.general, "usage", discordtest.Opt("everybody", true))
	w.contains(m, "📊 Everybody's Usage", "13.3k", "2 requests", "Who used most", "<@"+w.anna.ID.String()+">: 12.3k tokens", "<@"+w.bert.ID.String()+">: 1.0k tokens")
	if !m.Pings.None() {
		t.Error("it pings")
	}
}

// A budget that is used up is said before anything is spent.
func TestStoryBudget(t *testing.T) {
	w := newBench(t, setup{chat: chat.Options{UserDailyTokens: 100}})
	_, a := w.ask(w.anna, w.general, "hi")
	w.contains(a, "⚠️ Your daily budget is used up", "It resets at <t:")
	w.anna.Locale = "de"
	w.run(w.anna, w.general, "help")
	q := must(w.anna.Send(w.anna.DM(), "hallo"))(w)
	m := w.await(w.anna.DM(), discordtest.FromBot, discordtest.After(q))
	w.contains(m, "⚠️ Dein Tagesbudget ist aufgebraucht", "Neues gibt es um <t:")
	if w.lacks(m, "UTC"); len(w.model.Requests()) != 0 {
		t.Error("the model was asked")
	}
}

// What the sandbox, the tools and the engine note is in the language of who reads, and
// in English for the model.
func TestStoryNotesInOnesLanguage(t *testing.T) {
	w := newBench(t, setup{discord: Options{Language: "fr"}})
	w.tools.Handle = func(context.Context, files.UserID, string, llm.ToolCall, llm.ToolHooks) llm.ToolResult {
		return llm.ToolResult{Output: "1", Notes: []locale.Message{
			locale.Later("restored: %s · lost: %s", "df, 100%d", "conn"),
			locale.Later("%s was not saved:", "a.csv").And(locale.Later("That is too large."))}}
	}
	w.model.Push(llmtest.Reply{Calls: []llm.ToolCall{python("a", "1")}}, llmtest.Reply{Text: "Voilà."})
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" vas-y"))(w)
	a := w.await(w.general, discordtest.FromBot, discordtest.After(q), discordtest.HasButton("🔁 Relancer"))
	w.contains(a, "-# ℹ️ restauré : df, 100%d · perdu : conn", "-# ℹ️ a.csv n'a pas été enregistré : C'est trop volumineux.")
	if got := w.model.Requests()[1].Last().Text; !strings.Contains(got, "restored: df, 100%d · lost: conn") {
		t.Errorf("the model read %q", got)
	}
}

// Nobody gets at anything of anybody else, by any button, menu or custom id.
func TestHostileForgery(t *testing.T) {
	w := newBench(t, setup{})
	w.tools.Handle = func(ctx context.Context, user files.UserID, conv string, c llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		return llm.ToolResult{Output: "1", Run: &llm.Run{Code: "secret code", Output: "secret output"}}
	}
	f := w.save(w.anna, "secret.csv", salesCSV)
	w.does("An answer.")
	q, answer := w.ask(w.anna, w.general, "My number is 7.")
	list := w.run(w.anna, w.general, "files")
	details := w.choose(w.anna, list, fileMenu, "secret.csv")
	confirm := w.press(w.anna, details, "🗑️ Delete")
	reset := w.run(w.anna, w.general, "reset")
	before := map[discordtest.ID]int{}
	for _, m := range []discordtest.Message{answer, list, details, confirm, reset} {
		before[m.ID] = len(w.History(m.ID))
	}
	anna, bert, id := w.anna.ID.String(), w.bert.ID.String(), string(f.ID)
	now := interact.Moment(time.Now())
	type wish struct {
		on     discordtest.Message
		kind   discordtest.ComponentType
		id     string
		values []string
	}
	var wishes []wish
	for _, user := range []string{anna, bert} {
		for _, m := range []discordtest.Message{answer, details} {
			for _, s := range []string{
				"fl:" + user + "::0", "fj:" + user + "::5",
				"fi:" + user + ":" + id + "::0", "fd:" + user + ":" + id + "::0", "fx:" + user + ":" + id + "::0",
				"fy:" + user + ":" + id + "::0:" + now, "fz:" + user + ":" + id + "::0:" + now,
				"stop:" + user + ":" + q.ID.String(), "code:" + user + ":1:", "csv:" + user + ":" + id, "retry:" + user + ":" + q.ID.String() + ":",
				"edited:" + user + ":" + q.ID.String() + ":", "answer:" + user + ":1:yes", "rc:" + user + ":" + q.ID.String(),
				"rf3:" + user + ":" + q.ID.String() + ":" + now, "no:" + user,
				"", "x", "fi:", "fi:0:::", "fz:" + user + ":../../etc/passwd::0:zzzz", "fl:" + user + ":" + strings.Repeat("9", 30) + ":-5",
				"rf3:" + user + ":99999999999999999999:zzzzzzzzzzzz", "fi:" + user + "::::::",
			} {
				if s != "" {
					wishes = append(wishes, wish{m, discordtest.Button, s, nil})
				}
			}
			wishes = append(wishes, wish{m, discordtest.StringSelect, "fm:" + user + "::0", []string{id}},
				wish{m, discordtest.StringSelect, "fk:" + user, []string{"kind csv"}},
				wish{m, discordtest.StringSelect, "fm:" + user + "::0", nil})
		}
	}
	for _, x := range wishes {
		it := must(w.bert.Forge(x.on, x.kind, x.id, x.values...))(w)
		r, err := it.Await(w.ctx)
		if err != nil {
			t.Errorf("%s: %v", x.id, err)
			continue
		}
		if r.Type != discordtest.ReplyMessage || r.Message.EphemeralTo != w.bert.ID || !strings.HasPrefix(r.Message.Content, "⚠️ ") {
			t.Errorf("%s answered with type %d: %+v", x.id, r.Type, r.Message)
		}
	}
	w.AwaitQuiet(w.ctx, 300*time.Millisecond)
	if _, err := w.files.Get(w.ctx, f.User, f.ID); err != nil {
		t.Error("the file is gone")
	}
	for id, n := range before {
		if len(w.History(id)) != n {
			m, _ := w.Message(id)
			t.Errorf("a message of anna's was changed: %s", m.Text())
		}
	}
	for _, m := range slices.Concat(w.Messages(w.general), w.Messages(w.bert.DM())) {
		if m.EphemeralTo == w.bert.ID {
			w.lacks(m, "secret.csv", "secret code", "2024-01-05")
		}
		for _, a := range m.Attachments {
			if m.EphemeralTo == w.bert.ID || m.ChannelID == w.bert.DM().ID {
				t.Errorf("bert got %s", a.Filename)
			}
		}
	}
	if len(w.model.Requests()) != 2 {
		t.Errorf("the model was asked %d times", len(w.model.Requests()))
	}
	_, a := w.ask(w.anna, w.general, "hello")
	w.contains(a, "OK.")
}

// The longest custom id that can arise still fits, and no two actions share a name.
func TestActions(t *testing.T) {
	const user files.UserID = 1<<63 - 1
	if s := interact.NewID(actRetry, user, user.String(), user.String()).String(); len(s) > 100 {
		t.Errorf("%d characters: %s", len(s), s)
	}
	b := newBot("token", nil, Options{})
	defer b.Close(t.Context())
	for name := range b.files.Actions() {
		if _, twice := b.ownActions()[name]; twice {
			t.Errorf("%s is an action here and in the file manager", name)
		}
	}
}

package discord

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// What strangers do: names that are no names, permissions that go in the middle of an
// answer, things that are taken away while they are read.

// A file's name is shown as it is, wherever it is shown: it is no markdown, no mention,
// no link, and turns nothing round.
func TestSceneNamesThatAreMarkdown(t *testing.T) {
	for _, name := range []string{"**bold** _it_ ~~no~~.csv", "`a` ``b`` ```c.csv", "[click](https://evil.example).csv", "||spoiler||.csv", "# heading.csv", "-# small.csv", "> quote.csv", "1. one.csv", "@everyone.csv",
		"<@1><@&2><#3><t:1:R>.csv", "<:x:123>.csv", "\u202egpj.csv", "a\u200bb\u2066c.csv", strings.Repeat("long", 60) + ".csv", "نص عربي.csv", "👩‍👩‍👧‍👦🇩🇪.csv", "https://evil.example/x.csv"} {
		t.Run("", func(t *testing.T) {
			w := newBench(t, setup{})
			f := w.save(w.anna, name, salesCSV)
			list := w.run(w.anna, w.general, "files")
			shown := func(m discordtest.Message) {
				t.Helper()
				for _, bad := range []string{"**bold**", "[click](", "||spoiler||", "<:x:", "<@1>", "\n# heading", "\n-# small", "\u202e", "\u2066", "\u200b"} {
					if text := strings.ReplaceAll(read(m), "\\<", ""); strings.Contains(text, bad) {
						t.Errorf("%q is shown as %q in\n%s", name, bad, text)
					}
				}
				if !m.Pings.None() {
					t.Errorf("%q pings", name)
				}
			}
			shown(list)
			details := w.choose(w.anna, list, "Select a file...", brief.Chars(f.Name, 100))
			shown(details)
			first := w.press(w.anna, details, "🗑️ Delete")
			shown(first)
			second := w.press(w.anna, first, "⚠️ Yes, Delete")
			shown(second)
			gone := w.press(w.anna, second, "🔴 Click Again to Confirm")
			shown(gone)
			w.contains(gone, "Successfully deleted:")
			if v := w.Violations(); len(v) > 0 {
				t.Errorf("%q: %q", name, v)
			}
		})
	}
}

// read is what of a message is read as markdown: not its menus.
func read(m discordtest.Message) string {
	text := m.Content
	for _, e := range m.Embeds {
		text += "\n" + e.Title + "\n" + e.Description
		for _, f := range e.Fields {
			text += "\n" + f.Name + "\n" + f.Value
		}
	}
	return text
}

// Ten attachments of one name and different contents are ten files, each with an id of
// its own.
func TestSceneTenOfOneName(t *testing.T) {
	w := newBench(t, setup{})
	var fs []discordtest.File
	for i := range 10 {
		fs = append(fs, discordtest.File{Name: "data.csv", Data: fmt.Appendf(nil, "a\n%d\n", i)})
	}
	q := must(w.anna.Send(w.anna.DM(), "compare them", fs...))(w)
	w.answerTo(q)
	ids := map[string]bool{}
	for _, line := range strings.Split(w.modelGot(), "\n") {
		if id, ok := strings.CutPrefix(line, "[Attached: id "); ok {
			id, _, _ = strings.Cut(id, " ")
			ids[id] = true
		}
	}
	if len(ids) != 10 || w.countFiles(w.anna) != 10 {
		t.Errorf("%d ids, %d files: %s", len(ids), w.countFiles(w.anna), w.modelGot())
	}
}

// A permission that is taken away in the middle of an answer costs no word of it, and
// nothing is there twice. (Who may not see a channel any more has lost it: see
// TestSceneTornAway.)
func TestScenePermissionsTakenAway(t *testing.T) {
	for name, p := range map[string]discordtest.Permissions{
		"send": discordtest.SendMessages, "history": discordtest.ReadHistory, "attach": discordtest.AttachFiles,
		"embed": discordtest.EmbedLinks, "react": discordtest.AddReactions,
	} {
		t.Run(name, func(t *testing.T) {
			w := newBench(t, setup{})
			hold := make(chan struct{})
			w.tools.Handle = func(ctx context.Context, user files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
				f, err := w.files.Save(ctx, files.Upload{User: user, Name: "revenue.png", Body: strings.NewReader(string(chart(300, 200))), Generated: true})
				<-hold
				return llm.ToolResult{Output: fmt.Sprint(err), Files: []string{string(f.ID)}}
			}
			w.model.Push(llmtest.Reply{Text: "Let me look.", Calls: []llm.ToolCall{python("a", "x")}}, llmtest.Reply{Text: "The last word."})
			must(w.anna.Send(w.general, w.Bot().Mention()+" draw"))(w)
			w.await(w.general, discordtest.FromBot, discordtest.Contains("Let me look."))
			w.general.Deny(p)
			close(hold)
			w.await(w.general, discordtest.FromBot, discordtest.Contains("The last word."))
			if err := w.AwaitQuiet(w.ctx, 500*time.Millisecond); err != nil {
				t.Fatal(err)
			}
			n, pictures := 0, 0
			for _, c := range []*discordtest.Channel{w.general, w.anna.DM()} {
				for _, m := range w.after(c, discordtest.Message{}) {
					n += strings.Count(m.Text(), "The last word.")
					for _, a := range m.Attachments {
						if a.Filename == "revenue.png" {
							pictures++
						}
					}
				}
			}
			if n != 1 || pictures != 1 && name != "attach" {
				t.Errorf("the answer is there %d times, its picture %d times", n, pictures)
			}
			if name == "attach" {
				w.await(w.general, discordtest.FromBot, discordtest.Contains("I may not attach files here."))
			}
		})
	}
}

// In a channel of slow mode people wait between their messages, and the bot answers as
// elsewhere.
func TestSceneSlowMode(t *testing.T) {
	w := newBench(t, setup{})
	w.general.Slowmode(time.Hour)
	w.model.Push(llmtest.Reply{Text: strings.Repeat("A long answer. ", 300)})
	_, a := w.ask(w.anna, w.general, "tell me", discordtest.File{Name: "sales.csv", Data: salesCSV})
	w.contains(a, "A long answer.")
	if _, err := w.anna.Send(w.general, "and more?"); err == nil {
		t.Error("the emulator lets her hurry")
	}
	w.ask(w.bert, w.general, "and me?")
}

// A question in reply to a poll is about the poll and its votes; one about a message
// that is gone is answered all the same.
func TestSceneReplyToAPollAndToNothing(t *testing.T) {
	w := newBench(t, setup{assistant: assistant.Options{Burst: 10}})
	poll := must(w.bert.SendPoll(w.general, discordtest.Poll{Question: "Lunch?", Answers: []discordtest.PollAnswer{{Text: "Pizza"}, {Text: "Soup"}}}))(w)
	if err := w.anna.Vote(poll, "Soup"); err != nil {
		t.Fatal(err)
	}
	w.answerTo(must(w.anna.Reply(poll, w.Bot().Mention()+" who wins?"))(w))
	if got := w.modelGot(); !strings.Contains(got, "Lunch?") || !strings.Contains(got, "Soup: 1") || !strings.HasSuffix(strings.TrimSpace(got), "who wins?") {
		t.Errorf("the model got %q", got)
	}
	old := must(w.bert.Send(w.general, "The server moves to Frankfurt"))(w)
	q := must(w.anna.Reply(old, w.Bot().Mention()+" when?"))(w)
	w.delete(old)
	w.answerTo(q)
	if got := w.modelGot(); !strings.Contains(got, "when?") {
		t.Errorf("the model got %q", got)
	}
}

// A file that expires between two questions is said to be gone, by id and by name, and
// the conversation goes on.
func TestSceneFileExpiresInBetween(t *testing.T) {
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	w := newBench(t, setup{files: files.Options{Now: clock}, discord: Options{Now: clock}})
	_, first := w.ask(w.anna, w.anna.DM(), "look", discordtest.File{Name: "sales.csv", Data: salesCSV})
	f := must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{}))(w).Files[0]
	list := w.run(w.anna, w.anna.DM(), "files")
	now = now.Add(49 * time.Hour)
	var failed error
	w.tools.Handle = func(ctx context.Context, user files.UserID, _ string, _ llm.ToolCall, _ llm.ToolHooks) llm.ToolResult {
		_, failed = w.files.Get(ctx, user, f.ID)
		return llm.ToolResult{Failed: true, Error: fmt.Sprint(failed)}
	}
	w.model.Push(llmtest.Reply{Calls: []llm.ToolCall{python("a", "load_file('"+string(f.ID)+"')")}}, llmtest.Reply{Text: "It has expired: please send it again."})
	q := must(w.anna.Send(w.anna.DM(), "and now?"))(w)
	w.contains(w.answerTo(q), "It has expired")
	if failed == nil || !strings.Contains(failed.Error(), "File not found or expired") {
		t.Errorf("reading it: %v", failed)
	}
	w.contains(w.choose(w.anna, list, "Select a file...", "sales.csv"), "File not found or expired")
	w.contains(w.run(w.anna, w.anna.DM(), "files"), "You have 0 file(s) uploaded.")
	_ = first
}

// Attachments that are taken out of a message while it is answered, and reactions of
// anybody, change nothing of the answer.
func TestSceneTakenOutMeanwhile(t *testing.T) {
	w := newBench(t, setup{})
	hold := make(chan struct{})
	w.model.Answer = func(llmtest.Request) llmtest.Reply {
		<-hold
		return llmtest.Reply{Text: "Three rows."}
	}
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" how many rows?", discordtest.File{Name: "sales.csv", Data: salesCSV}))(w)
	w.model.Await(w.ctx, 1)
	if err := w.anna.RemoveFile(q, q.Attachments[0].ID); err != nil {
		t.Fatal(err)
	}
	for _, e := range []string{"👍", "🔇", "⏳"} {
		if err := w.bert.React(q, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.bert.Unreact(q, "⏳"); err != nil {
		t.Fatal(err)
	}
	close(hold)
	w.contains(w.answerTo(q), "Three rows.")
	if err := w.AwaitQuiet(w.ctx, 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if n := len(w.model.Requests()); n != 1 || w.countFiles(w.anna) != 1 {
		t.Errorf("%d requests, %d files", n, w.countFiles(w.anna))
	}
}

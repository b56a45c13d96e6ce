package discord

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/assistant"

	"github.com/disgoorg/snowflake/v2"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/table"
)

// makes makes a tool that returns files with these names and contents.
func (w *bench) makes(fs ...discordtest.File) func(context.Context, files.UserID, string, llm.ToolCall, llm.ToolHooks) llm.ToolResult {
	return func(ctx context.Context, user files.UserID, _ string, _ llm.ToolCall, _ llm.ToolHooks) llm.ToolResult {
		res := llm.ToolResult{Output: "done"}
		for _, f := range fs {
			saved, err := w.files.Save(ctx, files.Upload{User: user, Name: f.Name, Body: bytes.NewReader(f.Data), Generated: true})
			if err != nil {
				return llm.ToolResult{Failed: true, Error: err.Error()}
			}
			res.Files = append(res.Files, string(saved.ID))
		}
		return res
	}
}

// does scripts one call of the tool and the answer after it.
func (w *bench) does(text string, calls ...llm.ToolCall) {
	if len(calls) == 0 {
		calls = []llm.ToolCall{python("a", "print(1)")}
	}
	w.model.Push(llmtest.Reply{Calls: calls}, llmtest.Reply{Text: text})
}

// Text appears as it is written, in edits that respect the limit.
func TestStoryStreaming(t *testing.T) {
	w := newBench(t, setup{})
	w.model.Push(llmtest.Reply{Text: strings.Repeat("word after word ", 60), Pause: 40 * time.Millisecond})
	_, a := w.ask(w.anna, w.anna.DM(), "Talk")
	versions := w.History(a.ID)
	if len(versions) < 3 {
		t.Fatalf("%d versions", len(versions))
	}
	for i, v := range versions[1:] {
		before := versions[i]
		if len(v.Message.Content) < len(before.Message.Content) && i < len(versions)-2 {
			t.Errorf("version %d is shorter", i+1)
		}
		if i < len(versions)-2 && v.At.Sub(before.At) < time.Second {
			t.Errorf("version %d came after %v", i+1, v.At.Sub(before.At))
		}
	}
	for _, v := range versions[:len(versions)-1] {
		if !discordtest.HasButton("⏹ Stop")(v.Message) || !strings.HasSuffix(v.Message.Content, "-# ✍️ …") {
			t.Errorf("while it is written: %q", v.Message.Content)
		}
	}
	if discordtest.HasButton("⏹ Stop")(a) || a.Content != strings.TrimSpace(strings.Repeat("word after word ", 60)) {
		t.Errorf("at the end: %q", a.Content)
	}
}

// While code runs, a line says what is going on.
func TestStoryStatus(t *testing.T) {
	w := newBench(t, setup{discord: Options{tune: tuning{edits: 100 * time.Millisecond, status: 200 * time.Millisecond}}, server: func(s *discordtest.Server) { s.NoRateLimits = true }})
	steps := make(chan llm.ToolStatus)
	w.tools.Handle = func(_ context.Context, _ files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		for s := range steps {
			if s.State == "" {
				break
			}
			h.Status(s)
		}
		return llm.ToolResult{Output: "done", Notes: []locale.Message{locale.Later("restored: %s · lost: %s", "df", "conn")}}
	}
	w.model.Push(llmtest.Reply{Calls: []llm.ToolCall{python("a", "1")}}, llmtest.Reply{Calls: []llm.ToolCall{python("b", "2")}}, llmtest.Reply{Text: "Done."})
	q := must(w.anna.Send(w.anna.DM(), "Go"))(w)
	dm := w.anna.DM()
	w.await(dm, discordtest.FromBot, discordtest.Contains("🐍 Running Python · "))
	steps <- llm.ToolStatus{State: llm.ToolInstalling, Detail: "geopandas"}
	w.await(dm, discordtest.Contains("-# 📦 Installing geopandas"))
	steps <- llm.ToolStatus{State: llm.ToolRunning}
	w.await(dm, discordtest.Contains("-# 🐍 Running Python · 1 s"))
	steps <- llm.ToolStatus{}
	steps <- llm.ToolStatus{State: llm.ToolRestoring}
	w.await(dm, discordtest.Contains("-# ♻️ Restoring the session · 0 s · 🔁 step 2"))
	steps <- llm.ToolStatus{}
	a := w.answerTo(q)
	w.contains(a, "Done.", "-# ℹ️ restored: df · lost: conn")
	w.lacks(a, "Running", "step 2")
}

func TestStoryStop(t *testing.T) {
	w := newBench(t, setup{})
	w.model.Push(llmtest.Reply{Pieces: []string{"This is the ", "beginning"}, Hang: true})
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" Talk"))(w)
	m := w.await(w.general, discordtest.FromBot, discordtest.HasButton("⏹ Stop"))
	it := must(w.bert.Press(m, "⏹ Stop"))(w)
	w.contains(must(it.AwaitMessage(w.ctx))(w), "Only the person who asked can use that.")
	must(w.anna.Press(m, "⏹ Stop"))(w)
	a := w.answerTo(q)
	w.contains(a, "This is the beginning", "⏹️ Stopped.")
	if a.ID != m.ID {
		t.Error("it is another message")
	}
}

func TestStoryCode(t *testing.T) {
	w := newBench(t, setup{})
	w.tools.Handle = func(context.Context, files.UserID, string, llm.ToolCall, llm.ToolHooks) llm.ToolResult {
		return llm.ToolResult{Output: "4", Run: &llm.Run{Code: "print(2+2)", Output: "4 ``` 5", Elapsed: 1234 * time.Millisecond, Packages: []string{"geopandas 1.1.0"}}}
	}
	w.does("It is 4.")
	_, first := w.ask(w.anna, w.general, "2+2?")
	it := must(w.anna.Press(first, "📜 Code"))(w)
	code := must(it.AwaitMessage(w.ctx))(w)
	w.contains(code, "```python\nprint(2+2)\n```", "Output:\n```\n4 `", "⏱️ 1.2 s", "📦 geopandas 1.1.0")
	if code.EphemeralTo != w.anna.ID || strings.Count(code.Content, "```") != 4 {
		t.Errorf("got %+v", code)
	}
	it = must(w.bert.Press(first, "📜 Code"))(w) // who can read the answer
	if code = must(it.AwaitMessage(w.ctx))(w); code.EphemeralTo != w.bert.ID || !strings.Contains(code.Content, "print(2+2)") {
		t.Errorf("got %+v", code)
	}

	w.tools.Handle = func(context.Context, files.UserID, string, llm.ToolCall, llm.ToolHooks) llm.ToolResult {
		return llm.ToolResult{Output: "4", Run: &llm.Run{Code: strings.Repeat("print(2+2)\n", 300), Output: strings.Repeat("4\n", 300), Elapsed: time.Minute}}
	}
	w.does("Many.")
	q, a := w.ask(w.anna, w.general, "more")
	it = must(w.anna.Press(a, "📜 Code"))(w)
	code = must(it.AwaitMessage(w.ctx))(w)
	if len(code.Attachments) != 2 || code.Attachments[0].Filename != "code.py" || string(code.Attachments[1].Bytes()) != strings.Repeat("4\n", 300) {
		t.Errorf("got %+v", code.Attachments)
	}

	w.shutDown()
	w.start()
	it = must(w.anna.Press(a, "📜 Code"))(w)
	if code = must(it.AwaitMessage(w.ctx))(w); len(code.Attachments) != 2 {
		t.Errorf("after a restart: %+v", code)
	}
	if err := w.chats().Clear(w.ctx, must(w.chats().Get(w.ctx, turnID(snowflake.ID(q.ChannelID), snowflake.ID(q.ID), "")))(w).Conversation); err != nil {
		t.Fatal(err)
	}
	it = must(w.anna.Press(a, "📜 Code"))(w)
	w.contains(must(it.AwaitMessage(w.ctx))(w), "the conversation was forgotten")
}

func TestStoryRetry(t *testing.T) {
	w := newBench(t, setup{})
	w.model.Push(llmtest.Reply{Text: "First."}, llmtest.Reply{Text: "Second."}, llmtest.Reply{Text: "Third."})
	q, a := w.ask(w.anna, w.general, "Say something", discordtest.File{Name: "a.csv", Data: salesCSV})
	it := must(w.bert.Press(a, "🔁 Retry"))(w)
	w.contains(must(it.AwaitMessage(w.ctx))(w), "Only the person who asked")
	must(w.anna.Press(a, "🔁 Retry"))(w)
	second := w.await(w.general, discordtest.FromBot, discordtest.Contains("Second."), discordtest.HasButton("🔁 Retry"))
	if m, _ := w.Message(a.ID); len(m.Components) != 0 {
		t.Errorf("the first answer keeps %+v", m.Components)
	}
	// The first answer is out of the history, and the question still has its file.
	r := w.model.Requests()[1]
	if len(r.Messages) != 3 || !strings.HasPrefix(r.LastUser(), "Say something\n[Attached: ") {
		t.Errorf("got %+v", r.Messages)
	}
	// After a restart too.
	w.shutDown()
	w.start()
	must(w.anna.Press(second, "🔁 Retry"))(w)
	w.await(w.general, discordtest.FromBot, discordtest.Contains("Third."), discordtest.ReplyTo(q))
	if p := must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{}))(w); p.Total != 1 {
		t.Errorf("%d files", p.Total)
	}
}

func TestStoryRetryOfAnOldAnswer(t *testing.T) {
	w := newBench(t, setup{})
	q, a := w.ask(w.anna, w.anna.DM(), "One")
	w.ask(w.anna, w.anna.DM(), "Two")
	must(w.anna.Press(a, "🔁 Retry"))(w)
	w.await(w.anna.DM(), discordtest.ReplyTo(q), discordtest.Contains("⚠️ Only the last message of a conversation can be run again."))
	if err := w.anna.Delete(q); err != nil {
		t.Fatal(err)
	}
	last := w.await(w.anna.DM(), discordtest.Contains("Only the last message"), discordtest.HasButton("🔁 Retry"))
	it := must(w.anna.Press(last, "🔁 Retry"))(w)
	w.contains(must(it.AwaitMessage(w.ctx))(w), "The question is gone")
}

// Editing the question soon after offers to run it again.
func TestStoryEditedQuestion(t *testing.T) {
	w := newBench(t, setup{})
	q, _ := w.ask(w.anna, w.general, "What is 1+1?", discordtest.File{Name: "a.csv", Data: salesCSV})
	if err := w.Unfurl(q, discordtest.Embed{Title: "a link"}); err != nil { // is no edit
		t.Fatal(err)
	}
	must(w.anna.Edit(q, w.Bot().Mention()+" What is 2+2?"))(w)
	a := w.await(w.general, discordtest.HasButton("✏️ Run the edited question"))
	w.model.Push(llmtest.Reply{Text: "Four."})
	must(w.anna.Press(a, "✏️ Run the edited question"))(w)
	w.await(w.general, discordtest.FromBot, discordtest.Contains("Four."), discordtest.HasButton("🔁 Retry"))
	r := w.model.Requests()[1]
	if len(r.Messages) != 3 || !strings.HasPrefix(r.LastUser(), "What is 2+2?\n\n[Embedded: a link]\n[Attached: ") {
		t.Errorf("got %+v", r.Messages)
	}
	if p := must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{}))(w); p.Total != 1 {
		t.Errorf("the file was saved %d times", p.Total)
	}
}

func TestStoryEditedWhileAnswered(t *testing.T) {
	w := newBench(t, setup{})
	w.model.Push(llmtest.Reply{Text: "Two.", Wait: 300 * time.Millisecond})
	q := must(w.anna.Send(w.anna.DM(), "What is 1+1?"))(w)
	w.model.Await(w.ctx, 1)
	must(w.anna.Edit(q, "What is 2+2?"))(w)
	w.await(w.anna.DM(), discordtest.Contains("Two."), discordtest.HasButton("✏️ Run the edited question"))
}

func TestStoryLongAnswer(t *testing.T) {
	w := newBench(t, setup{})
	two := strings.Repeat("A sentence of the answer. ", 60) + "\n\n```python\n" + strings.Repeat("x = 1  # a line of code\n", 40) + "```\n\nThe end."
	w.model.Push(llmtest.Reply{Text: two})
	q, _ := w.ask(w.anna, w.general, "Two messages")
	parts := w.after(w.general, q)
	if len(parts) != 2 || !strings.HasPrefix(parts[1].Content, "```python") || !strings.HasSuffix(parts[1].Content, "The end.") {
		t.Errorf("%d parts: %+v", len(parts), parts)
	}
	// A reply to any part goes on with the conversation.
	r := must(w.anna.Reply(parts[1], "Go on"))(w)
	w.answerTo(r)
	if n := len(w.model.Requests()[1].Messages); n != 5 {
		t.Errorf("%d messages", n)
	}

	many := strings.Repeat(strings.Repeat("A sentence of the answer. ", 40)+"\n\n", 12)
	w.model.Push(llmtest.Reply{Text: many})
	q, a := w.ask(w.anna, w.general, "Many messages")
	parts = w.after(w.general, q)
	if len(parts) != 3 || len(a.Attachments) != 1 || a.Attachments[0].Filename != "answer.md" {
		t.Fatalf("%d parts, %+v", len(parts), a.Attachments)
	}
	w.contains(a, "The whole answer is in answer.md.")
	if got := string(a.Attachments[0].Bytes()); strings.TrimSpace(got) != strings.TrimSpace(strings.ReplaceAll(many, " \n", "\n")) && strings.TrimSpace(got) != strings.TrimSpace(many) {
		t.Errorf("answer.md has %d bytes", len(got))
	}
}

// after returns the bot's messages after a question.
func (w *bench) after(c *discordtest.Channel, q discordtest.Message) (out []discordtest.Message) {
	for _, m := range w.Messages(c) {
		if m.ID > q.ID && m.Author.Bot {
			out = append(out, m)
		}
	}
	return out
}

// Tables come as text that fits a phone, or as a picture.
func TestStoryTables(t *testing.T) {
	w := newBench(t, setup{})
	small := table.Table{Columns: []string{"", "region", "revenue"}, Rows: [][]string{{"0", "North", "420.00"}, {"1", "South", "1350.50"}}, TotalRows: 1461, TotalColumns: 3}
	wide := table.Table{TotalRows: 3, TotalColumns: 12}
	for i := range 12 {
		wide.Columns = append(wide.Columns, fmt.Sprintf("column_%d", i))
	}
	for range 3 {
		wide.Rows = append(wide.Rows, strings.Fields(strings.Repeat("12345.678 ", 12)))
	}
	w.tools.Handle = func(context.Context, files.UserID, string, llm.ToolCall, llm.ToolHooks) llm.ToolResult {
		return llm.ToolResult{Output: "tables", Tables: []table.Table{small, wide}}
	}
	w.does("And a table of mine:\n\n| name | n |\n|---|---:|\n| **anna** | 12 |\n| bert | 7 |\n\nThat's all.")
	_, a := w.ask(w.anna, w.general, "Tables")
	w.contains(a, "   region  revenue\n", "0  North    420.00\n1  South   1350.50\n", "-# 2 of 1,461 rows", "name   n\n", "anna  12\n", "That's all.")
	w.lacks(a, "|---")
	if len(a.Attachments) != 1 || a.Attachments[0].Filename != "table-1.png" || *a.Attachments[0].Width < 1000 {
		t.Fatalf("got %+v", a.Attachments)
	}
	if _, err := png.Decode(bytes.NewReader(a.Attachments[0].Bytes())); err != nil {
		t.Error(err)
	}
	for _, line := range strings.Split(a.Content, "\n") {
		if len([]rune(line)) > 45 {
			t.Errorf("too wide for a phone: %q", line)
		}
	}
}

// What is too large for a message has a link to the page in the browser, if there is
// such a page: one thing to its own page, several to the list.
func TestStoryOpenInBrowser(t *testing.T) {
	wide := table.Table{Columns: strings.Fields(strings.Repeat("column ", 12)), Rows: [][]string{strings.Fields(strings.Repeat("12345.678 ", 12))}}
	chartPage := discordtest.File{Name: "map.html", Data: []byte("<!doctype html><p>A chart")}
	page := func(path string) string { return "https://example.com/attache" + path }
	for what, c := range map[string]struct {
		page   func(string) string
		tables []table.Table
		made   []discordtest.File
		want   string // regular expression of its address; "": no link
	}{
		"a table":              {page, []table.Table{wide}, nil, `^https://example\.com/attache/files/\d+_\w+$`},
		"an interactive chart": {page, nil, []discordtest.File{chartPage}, `^https://example\.com/attache/files/\d+_\w+$`},
		"a wide picture":       {page, nil, []discordtest.File{{Name: "wide.png", Data: chart(2400, 30)}}, `^https://example\.com/attache/files/\d+_\w+$`},
		"two":                  {page, []table.Table{wide}, []discordtest.File{chartPage}, `^https://example\.com/attache/files$`},
		"small things":         {page, nil, []discordtest.File{{Name: "small.png", Data: chart(300, 30)}}, ``},
		"no page":              {nil, []table.Table{wide}, []discordtest.File{chartPage}, ``},
	} {
		t.Run(what, func(t *testing.T) {
			w := newBench(t, setup{discord: Options{Page: c.page}})
			makes := w.makes(c.made...)
			w.tools.Handle = func(ctx context.Context, user files.UserID, conv string, call llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
				res := makes(ctx, user, conv, call, h)
				res.Tables = c.tables
				return res
			}
			w.does("Here you are.")
			_, a := w.ask(w.anna, w.general, "make")
			var links []string
			for _, row := range a.Components {
				for _, b := range row.Components {
					if b.URL != "" {
						links = append(links, b.URL)
					}
				}
			}
			if c.want == "" && len(links) > 0 || c.want != "" && (len(links) != 1 || !regexp.MustCompile(c.want).MatchString(links[0])) {
				t.Errorf("links %q", links)
			}
		})
	}
}

func TestStoryFileTooLargeToSend(t *testing.T) {
	w := newBench(t, setup{discord: Options{Link: func(f files.File) string { return "https://files.example/" + string(f.ID) }}})
	big := bytes.Repeat([]byte("0123456789abcdef"), 11<<20/16)
	w.tools.Handle = w.makes(discordtest.File{Name: "big.dat", Data: big}, discordtest.File{Name: "small.png", Data: chart(30, 30)})
	w.does("Two files.")
	_, a := w.ask(w.anna, w.general, "make")
	w.contains(a, "big.dat", "too large for Discord: [download](<https://files.example/")
	if len(a.Attachments) != 1 || a.Attachments[0].Filename != "small.png" {
		t.Errorf("got %+v", a.Attachments)
	}
}

// Discord may take less than it says: what it refuses is said.
func TestStoryRefusedUpload(t *testing.T) {
	w := newBench(t, setup{})
	w.guild.SetFileLimit(1 << 20)
	w.tools.Handle = w.makes(discordtest.File{Name: "big.dat", Data: make([]byte, 2<<20)}, discordtest.File{Name: "small.png", Data: chart(30, 30)})
	w.does("Two files.")
	q, a := w.ask(w.anna, w.general, "make")
	w.contains(a, "Two files.")
	w.await(w.general, discordtest.FromBot, discordtest.Contains("big.dat is too large for Discord here. `/files` has it."))
	var names []string
	for _, m := range w.after(w.general, q) {
		for _, f := range m.Attachments {
			names = append(names, f.Filename)
		}
	}
	if !slices.Equal(names, []string{"small.png"}) {
		t.Errorf("got %q", names)
	}
}

// Attachments that Discord loses without a word are sent again.
func TestStoryLostAttachments(t *testing.T) {
	w := newBench(t, setup{})
	w.tools.Handle = w.makes(discordtest.File{Name: "chart.png", Data: chart(60, 40)}, discordtest.File{Name: "a.csv", Data: salesCSV}, discordtest.File{Name: "b.txt", Data: []byte("b")})
	lost := false
	w.OnRequest = func(r *discordtest.Request) *discordtest.Fault {
		if lost || len(r.Files) == 0 {
			return nil
		}
		lost = true
		return &discordtest.Fault{LoseFiles: 2}
	}
	w.does("Here they are.")
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" draw"))(w)
	w.await(w.general, discordtest.After(q), func(m discordtest.Message) bool { return len(m.Files) == 1 && m.Files[0].Filename == "b.txt" })
	if got := strings.Join(shownFiles(w.after(w.general, q)), " "); got != "chart.png a.csv b.txt" {
		t.Errorf("got %q", got)
	}
}

// What Discord loses a second time is said, and pictures that are shown whole are
// counted too.
func TestStoryAttachmentsLostTwice(t *testing.T) {
	for name, made := range map[string][]discordtest.File{
		"files":    {{Name: "chart.png", Data: chart(60, 40)}, {Name: "a.csv", Data: salesCSV}},
		"pictures": {{Name: "one.png", Data: chart(60, 40)}, {Name: "two.png", Data: chart(60, 41)}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newBench(t, setup{})
			w.tools.Handle = w.makes(made...)
			w.OnRequest = func(r *discordtest.Request) *discordtest.Fault {
				if len(r.Files) == 0 || r.Files[len(r.Files)-1].Name != made[1].Name {
					return nil
				}
				return &discordtest.Fault{LoseFiles: 1}
			}
			w.does("Here they are.")
			q := must(w.anna.Send(w.general, w.Bot().Mention()+" draw"))(w)
			w.await(w.general, discordtest.After(q), discordtest.Contains(made[1].Name+" could not be sent. `/files` has it."))
			if got := shownFiles(w.after(w.general, q)); !slices.Equal(got, []string{made[0].Name}) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestStoryMayNotAttach(t *testing.T) {
	for name, pause := range map[string]time.Duration{"at once": 0, "by an edit": 500 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			w := newBench(t, setup{})
			w.general.Deny(discordtest.AttachFiles)
			makes := w.makes(discordtest.File{Name: "small.png", Data: chart(30, 30)})
			w.tools.Handle = func(ctx context.Context, user files.UserID, conversation string, c llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
				time.Sleep(pause)
				return makes(ctx, user, conversation, c, h)
			}
			w.does("A picture.")
			_, a := w.ask(w.anna, w.general, "make")
			w.contains(a, "A picture.")
			w.await(w.general, discordtest.FromBot, discordtest.Contains("I may not attach files here. `/files` has small.png."))
		})
	}
}

func TestStoryMayNotWrite(t *testing.T) {
	w := newBench(t, setup{})
	w.general.Deny(discordtest.SendMessages)
	must(w.anna.Send(w.general, w.Bot().Mention()+" hi"))(w)
	w.contains(w.await(w.anna.DM(), discordtest.FromBot), "I may not write in <#"+w.general.ID.String()+">", "Send Messages")
}

// Nobody is pinged by what the model or a file says.
func TestStoryNeverPings(t *testing.T) {
	w := newBench(t, setup{})
	role := w.guild.AddRole("team", 0, 0)
	bad := "@everyone @here " + role.Mention() + " " + w.bert.Mention() + " https://evil.example/?leak=1"
	w.tools.Handle = func(context.Context, files.UserID, string, llm.ToolCall, llm.ToolHooks) llm.ToolResult {
		return llm.ToolResult{Output: bad, Notes: []locale.Message{locale.Plain(bad)}, Tables: []table.Table{{Columns: []string{bad}, Rows: [][]string{{"1"}}}}}
	}
	w.does(bad)
	q, _ := w.ask(w.anna, w.general, "x", discordtest.File{Name: "@everyone <@" + w.bert.ID.String() + ">.csv", Data: salesCSV})
	for _, m := range w.after(w.general, q) {
		for _, v := range w.History(m.ID) {
			if !v.Message.Pings.None() {
				t.Errorf("%q pinged %+v", v.Message.Content, v.Message.Pings)
			}
			if !v.Message.Flags.Has(discordtest.FlagSuppressEmbeds) {
				t.Errorf("links of %q are opened for a preview", v.Message.Content)
			}
		}
	}
}

// A tool asks before it installs: only who asked can answer, and in time.
func TestStoryAsk(t *testing.T) {
	w := newBench(t, setup{assistant: assistant.Options{AskTime: 1500 * time.Millisecond, BurstTime: time.Millisecond}})
	w.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		yes, err := h.Ask(ctx, locale.Later("Install the package **leftpad** @everyone?"))
		return llm.ToolResult{Output: fmt.Sprint("answer: ", yes, err)}
	}
	outcome := func() string {
		r := w.model.Requests()
		return r[len(r)-1].Last().Text
	}
	w.does("Installed.")
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" go"))(w)
	m := w.await(w.general, discordtest.HasButton("✅ Yes"))
	w.contains(m, "❓ Install the package **leftpad**")
	it := must(w.bert.Press(m, "✅ Yes"))(w)
	w.contains(must(it.AwaitMessage(w.ctx))(w), "Only the person who asked")
	must(w.anna.Press(m, "✅ Yes"))(w)
	w.await(w.general, discordtest.Contains("-# ✅ Yes."))
	w.answerTo(q)
	if got := outcome(); got != "answer: true<nil>" && got != "answer: true <nil>" {
		t.Errorf("got %q", got)
	}

	w.does("Not installed.")
	q = must(w.anna.Send(w.general, w.Bot().Mention()+" go"))(w)
	m = w.await(w.general, discordtest.After(q), discordtest.HasButton("❌ No"))
	must(w.anna.Press(m, "❌ No"))(w)
	w.answerTo(q)
	if got := outcome(); !strings.HasPrefix(got, "answer: false") {
		t.Errorf("got %q", got)
	}

	w.does("Too late.")
	q = must(w.anna.Send(w.general, w.Bot().Mention()+" go"))(w)
	w.await(w.general, discordtest.After(q), discordtest.HasButton("✅ Yes"))
	w.await(w.general, discordtest.After(q), discordtest.Contains("There was no answer in time"))
	w.answerTo(q)
}

// Whatever goes wrong ends in one honest sentence.
func TestStoryHonestSentences(t *testing.T) {
	fake := &fakeEngine{}
	w := newBench(t, setup{engine: func(e assistant.Engine) assistant.Engine { fake.Engine = e; return fake }, assistant: assistant.Options{BurstTime: time.Millisecond}})
	for _, c := range []struct {
		err  error
		want string
	}{
		{fault.New(fault.Exhausted, "A limit is reached. Please try again later."), "⚠️ A limit is reached. Please try again later."},
		{fault.New(fault.Unavailable, "The language model can't be reached."), "⚠️ The language model can't be reached."},
		{errors.New("secret: hunter2"), "⚠️ Something went wrong on my side. If it happens again, tell the operator this number: `"},
		{nil, "🤷 There was nothing to say."},
	} {
		fake.set(c.err)
		_, a := w.ask(w.anna, w.anna.DM(), "hi")
		w.contains(a, c.want)
		w.lacks(a, "hunter2")
	}
	fake.set(fault.New(fault.Exists, "answered"))
	q := must(w.anna.Send(w.anna.DM(), "again"))(w)
	w.AwaitQuiet(w.ctx, 300*time.Millisecond)
	if got := w.after(w.anna.DM(), q); len(got) != 0 {
		t.Errorf("answered again: %+v", got)
	}
}

// A model that breaks off in mid-stream leaves what it said, and a sentence.
func TestStoryModelBreaksOff(t *testing.T) {
	w := newBench(t, setup{})
	w.model.Push(llmtest.Reply{Text: "This is a beginning without an end, sadly, as it breaks", Cut: 4})
	_, a := w.ask(w.anna, w.anna.DM(), "hi")
	w.contains(a, "This is a beginning", "⚠️ ")
}

// Who deletes an answer while it is written has seen enough.
func TestStoryAnswerDeleted(t *testing.T) {
	w := newBench(t, setup{discord: Options{tune: tuning{edits: 100 * time.Millisecond}}})
	w.model.Push(llmtest.Reply{Text: strings.Repeat("word after word ", 200), Pause: 50 * time.Millisecond})
	q := must(w.anna.Send(w.anna.DM(), "Talk"))(w)
	m := w.await(w.anna.DM(), discordtest.FromBot, discordtest.HasButton("⏹ Stop"))
	w.delete(m)
	deadline := time.Now().Add(time.Minute)
	for w.bot.active.get(snowflake.ID(q.ID)) != nil && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	if time.Now().After(deadline) {
		t.Error("the turn goes on")
	}
	w.AwaitQuiet(w.ctx, 200*time.Millisecond)
	if got := w.after(w.anna.DM(), q); len(got) != 0 {
		t.Errorf("shown again: %+v", got)
	}
}

// fakeEngine answers turns with an error.
type fakeEngine struct {
	assistant.Engine
	err error
}

func (f *fakeEngine) set(err error) { f.err = err }

func (f *fakeEngine) Run(context.Context, chat.Turn, func(chat.Event)) (chat.Result, error) {
	return chat.Result{}, f.err
}

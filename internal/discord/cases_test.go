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
)

func caseBench(t *testing.T) *bench {
	return newBench(t, setup{assistant: assistant.Options{BurstTime: time.Millisecond}})
}

// modelGot is the last question as the model got it.
func (w *bench) modelGot() string {
	rs := w.model.Requests()
	if len(rs) == 0 {
		return "(the model was not asked)"
	}
	return rs[len(rs)-1].LastUser()
}

func (w *bench) countFiles(u *discordtest.User) int {
	return must(w.files.List(w.ctx, files.UserID(u.ID), files.Query{}))(w).Total
}

// A mention in a reply to a message whose content is an embed: posts of other
// bots, previews of links.
func TestCaseReplyToAnEmbed(t *testing.T) {
	w := caseBench(t)
	m := must(w.bert.Send(w.general, "https://status.example.com"))(w)
	if err := w.Unfurl(m, discordtest.Embed{Title: "Payments are down", Description: "Card payments fail with error 4711 since 09:12."}); err != nil {
		t.Fatal(err)
	}
	m, _ = w.Message(m.ID)
	w.answerTo(must(w.anna.Reply(m, w.Bot().Mention()+" what is broken?"))(w))
	if got := w.modelGot(); !strings.Contains(got, "4711") {
		t.Errorf("the model does not see the embed: %q", got)
	}
}

// A mention in a reply to a long message, which Discord made a message.txt of.
func TestCaseReplyToAPastedText(t *testing.T) {
	w := caseBench(t)
	m := must(w.bert.Send(w.general, strings.Repeat("We talked about the colour. ", 100)+"We take the blue one."))(w)
	w.answerTo(must(w.anna.Reply(m, w.Bot().Mention()+" summarize this"))(w))
	if got := w.modelGot(); !strings.Contains(got, "blue one") {
		t.Errorf("the model does not see the text: %q", got)
	}
}

// A mention in a reply to a forwarded message.
func TestCaseReplyToAForward(t *testing.T) {
	w := caseBench(t)
	m := must(w.bert.Send(w.guild.AddChannel("news"), "The server moves to Frankfurt", discordtest.File{Name: "plan.csv", Data: salesCSV}))(w)
	f := must(w.bert.Forward(m, w.general))(w)
	w.answerTo(must(w.anna.Reply(f, w.Bot().Mention()+" what is this about?"))(w))
	if got := w.modelGot(); !strings.Contains(got, "Frankfurt") || !strings.Contains(got, "plan.csv") {
		t.Errorf("the model sees neither text nor file: %q", got)
	}
}

// Nothing but the mention, in a reply to a question: it is that question that
// is to be answered.
func TestCaseBareMentionInAReply(t *testing.T) {
	w := caseBench(t)
	m := must(w.bert.Send(w.general, "Does anybody know the capital of Burkina Faso?"))(w)
	q := must(w.anna.Reply(m, w.Bot().Mention()))(w)
	a := w.await(w.general, discordtest.FromBot, discordtest.ReplyTo(q))
	if got := w.modelGot(); !strings.Contains(got, "Burkina Faso") {
		t.Errorf("the answer is %q; the model got %q", a.Text(), got)
	}
}

// One mention in a thread in which people talk to one another does not make
// the bot answer everything that they say.
func TestCaseThreadOfPeople(t *testing.T) {
	w := caseBench(t)
	th := must(w.bert.StartThread(must(w.bert.Send(w.general, "Planning the party"))(w), "party"))(w)
	w.answerTo(must(w.anna.Send(th, w.Bot().Mention()+" what is 17 % of 340?"))(w))
	if err := w.AwaitQuiet(w.ctx, 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	before := len(w.model.Requests())
	carl := w.AddUser("carl")
	w.guild.AddMember(carl)
	must(w.bert.Send(th, "lol ok"))(w)
	must(carl.Send(th, "who brings drinks"))(w)
	if err := w.AwaitQuiet(w.ctx, time.Second); err != nil {
		t.Fatal(err)
	}
	if n := len(w.model.Requests()) - before; n > 0 {
		t.Errorf("two lines of chat among people cost %d requests to the model, and each is answered", n)
	}
}

// What was said in a thread before the mention is what a question there is about.
func TestCaseThreadBeforeTheMention(t *testing.T) {
	w := caseBench(t)
	th := must(w.bert.StartThread(must(w.bert.Send(w.general, "Which database?"))(w), "Postgres or SQLite for the shop"))(w)
	must(w.bert.Send(th, "Postgres, because of JSON"))(w)
	time.Sleep(300 * time.Millisecond)
	w.answerTo(must(w.anna.Send(th, w.Bot().Mention()+" summarize the arguments"))(w))
	r := w.model.Requests()[0]
	if !strings.Contains(r.LastUser()+r.System(), "because of JSON") {
		t.Errorf("the model does not know the thread: %q", r.LastUser())
	}
	if !strings.Contains(r.LastUser()+r.System(), "for the shop") {
		t.Error("nor its title")
	}
}

// The file of one's own last message, asked about in the next one.
func TestCaseFileJustPosted(t *testing.T) {
	w := caseBench(t)
	must(w.anna.Send(w.general, "here is our data", discordtest.File{Name: "sales.csv", Data: salesCSV}))(w)
	w.answerTo(must(w.anna.Send(w.general, w.Bot().Mention()+" analyze the file I just posted"))(w))
	r := w.model.Requests()[0]
	if !strings.Contains(r.LastUser()+r.System(), "sales.csv") {
		t.Errorf("the model knows of no file: %q", r.LastUser())
	}
}

// Asking four times about one file of somebody does not make four files.
func TestCaseOneFileAskedAboutAgain(t *testing.T) {
	w := caseBench(t)
	m := must(w.bert.Send(w.general, "my data", discordtest.File{Name: "sales.csv", Data: salesCSV}))(w)
	for i := range 4 {
		w.answerTo(must(w.anna.Reply(m, fmt.Sprint(w.Bot().Mention(), " question ", i)))(w))
	}
	if n := w.countFiles(w.anna); n != 1 {
		t.Errorf("one attachment became %d files of the 20 that are allowed", n)
	}
}

// docs/discord.md: Retry runs the question again in place of the first answer.
func TestCaseRetryReplaces(t *testing.T) {
	w := caseBench(t)
	n := 0
	w.tools.Handle = func(ctx context.Context, u files.UserID, c string, call llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		n++
		return w.makes(discordtest.File{Name: fmt.Sprintf("chart_%d.png", n), Data: chart(80+n, 60)})(ctx, u, c, call, h)
	}
	w.does("First.")
	_, a := w.ask(w.anna, w.general, "draw")
	w.does("Second.")
	must(w.anna.Press(a, "🔁 Retry"))(w)
	w.await(w.general, discordtest.FromBot, discordtest.Contains("Second."), discordtest.HasButton("🔁 Retry"))
	answers := 0
	for _, m := range w.Messages(w.general) {
		if discordtest.FromBot(m) {
			answers++
		}
	}
	if answers != 1 {
		t.Errorf("%d answers stand in the channel, and nothing says which one counts", answers)
	}
	if got := w.countFiles(w.anna); got != 1 {
		t.Errorf("the chart of the answer that was replaced is still one of %d files", got)
	}
}

// A question that its author deletes is not answered any more.
func TestCaseDeletedQuestion(t *testing.T) {
	w := caseBench(t)
	release := make(chan bool)
	w.tools.Handle = func(ctx context.Context, _ files.UserID, _ string, _ llm.ToolCall, _ llm.ToolHooks) llm.ToolResult {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return llm.ToolResult{Output: "4"}
	}
	w.does("The salary list says 4.")
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" oops, this is the wrong channel"))(w)
	w.await(w.general, discordtest.FromBot, discordtest.Contains("Running Python"))
	if err := w.anna.Delete(q); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	close(release)
	if err := w.AwaitQuiet(w.ctx, time.Second); err != nil {
		t.Fatal(err)
	}
	for _, m := range w.Messages(w.general) {
		if strings.Contains(m.Content, "salary list") {
			t.Error("the deleted question is answered in front of everybody")
		}
	}
}

// Without Read Message History the bot may write, only not as a reply.
func TestCaseNoHistory(t *testing.T) {
	w := caseBench(t)
	w.general.Deny(discordtest.ReadHistory)
	w.model.Push(llmtest.Reply{Text: "Hello."})
	must(w.anna.Send(w.general, w.Bot().Mention()+" hello?", discordtest.File{Name: "a.csv", Data: salesCSV}))(w)
	w.await(w.general, discordtest.FromBot, discordtest.Contains("Hello."))
	if err := w.AwaitQuiet(w.ctx, time.Second); err != nil {
		t.Fatal(err)
	}
	if dms := w.Messages(w.anna.DM()); len(dms) > 1 {
		t.Errorf("the same complaint comes %d times by direct message: %q", len(dms), dms[0].Content)
	}
}

// Mathematics as models write it is not shown as source.
func TestCaseLaTeX(t *testing.T) {
	w := caseBench(t)
	w.model.Push(llmtest.Reply{Text: "The roots are\n\n$$x = \\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}$$\n\n#### Details\n\nDone."})
	_, a := w.ask(w.anna, w.anna.DM(), "solve it")
	for _, s := range []string{"$$", "\\frac", "####"} {
		if strings.Contains(a.Content, s) {
			t.Errorf("%q is shown", s)
		}
	}
}

// The texts of the specification, word for word.
func TestCaseWordsOfTheSpecification(t *testing.T) {
	w := caseBench(t)
	w.save(w.anna, "old_data.csv", salesCSV)
	plain := func(m discordtest.Message) string { return strings.NewReplacer("**", "", "\\", "").Replace(m.Text()) }
	want := func(m discordtest.Message, texts ...string) {
		t.Helper()
		for _, s := range texts {
			if !strings.Contains(plain(m), s) {
				t.Errorf("%q is not shown", s)
			}
		}
	}
	list := must(must(w.anna.Command(w.general, "files"))(w).AwaitMessage(w.ctx))(w)
	want(list, "You have 1 file(s) uploaded.", "Select a file", "💡 Files expire after 48h • Use the menu below to manage files")
	menu := ""
	for _, row := range list.Components {
		for _, c := range row.Components {
			if strings.Contains(c.Placeholder, "file") {
				menu = c.Placeholder
			}
		}
	}
	m := must(must(w.anna.Choose(list, menu, "old_data.csv"))(w).AwaitMessage(w.ctx))(w)
	m = must(must(w.anna.Press(m, "🗑️ Delete"))(w).AwaitMessage(w.ctx))(w)
	want(m, "⚠️ Confirm Deletion", "Are you sure you want to delete:", "This action cannot be undone!")
	m = must(must(w.anna.Press(m, "⚠️ Yes, Delete"))(w).AwaitMessage(w.ctx))(w)
	want(m, "⚠️ Final Confirmation", "Click 'Click Again to Confirm' to permanently delete:", "This is your last chance to cancel!")
	m = must(must(w.anna.Press(m, "🔴 Click Again to Confirm"))(w).AwaitMessage(w.ctx))(w)
	want(m, "✅ File Deleted", "Successfully deleted: old_data.csv")
}

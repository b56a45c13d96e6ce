package discord

import (
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// What the replied-to message says reaches the model, whatever it is made of.
func TestSays(t *testing.T) {
	w := caseBench(t)
	mention := w.Bot().Mention()
	poll := must(w.bert.SendPoll(w.general, discordtest.Poll{Question: "Lunch?", Answers: []discordtest.PollAnswer{{Text: "Pizza"}, {Text: "Soup"}}}))(w)
	if err := w.anna.Vote(poll, "Soup"); err != nil {
		t.Fatal(err)
	}
	poll, _ = w.Message(poll.ID)
	chain := must(w.bert.Send(w.general, "The first remark"))(w)
	chain = must(w.anna.Reply(chain, "The second remark"))(w)
	for _, c := range []struct {
		to   discordtest.Message
		want []string
	}{
		{poll, []string{"Lunch?", "- Pizza: 0", "- Soup: 1"}},
		{must(w.bert.SendSticker(w.general, "wave"))(w), []string{"[Sticker: wave]"}},
		{must(w.bert.Reply(chain, "The third remark"))(w), []string{"bert: The first remark", "anna: The second remark", "bert: The third remark"}},
		{must(w.bert.Send(w.general, strings.Repeat("long ", 390)+"end"))(w), []string{"long end"}},
	} {
		w.answerTo(must(w.anna.Reply(c.to, mention+" what about this?"))(w))
		got := w.modelGot()
		at := 0
		for _, s := range c.want {
			i := strings.Index(got[at:], s)
			if i < 0 {
				t.Errorf("%q is not in, or not in order: %q", s, got)
				break
			}
			at += i
		}
	}
}

// In a forum the first message of a post lies in the post.
func TestForumPost(t *testing.T) {
	w := caseBench(t)
	forum := w.guild.AddForum("help")
	post, _, err := w.bert.StartPost(forum, "Engine does not start", "It says error 4711.")
	if err != nil {
		t.Fatal(err)
	}
	w.answerTo(must(w.anna.Send(post, w.Bot().Mention()+" help"))(w))
	if got := w.modelGot(); !strings.Contains(got, "Engine does not start") || !strings.Contains(got, "error 4711") {
		t.Errorf("the model got %q", got)
	}
}

// In the bot's own thread everybody is answered, until somebody has enough; what
// was said unanswered is known at the next question.
func TestOnlyWhenMentioned(t *testing.T) {
	w := caseBench(t)
	_, a := w.ask(w.anna, w.general, "hello")
	th := must(w.anna.StartThread(a, "more"))(w)
	w.answerTo(must(w.anna.Send(th, w.Bot().Mention()+" and?"))(w))
	a = w.answerTo(must(w.bert.Send(th, "me too"))(w))
	must(must(w.bert.Press(a, "🔇 Only when mentioned"))(w).AwaitMessage(w.ctx))(w)
	before := len(w.model.Requests())
	must(w.bert.Send(th, "the milk is sour"))(w)
	if err := w.AwaitQuiet(w.ctx, 500*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if n := len(w.model.Requests()); n != before {
		t.Error("it answers all the same")
	}
	w.answerTo(must(w.bert.Send(th, w.Bot().Mention()+" what did I say?"))(w))
	if got := w.modelGot(); !strings.Contains(got, "the milk is sour") {
		t.Errorf("the model got %q", got)
	}
}

// A deleted question takes its answer and its confirmations with it.
func TestWithdrawn(t *testing.T) {
	w := caseBench(t)
	w.model.Push(llmtest.Reply{Text: strings.Repeat("word ", 50), Pause: 300 * time.Millisecond})
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" secret", discordtest.File{Name: "salaries.csv", Data: salesCSV}))(w)
	w.await(w.general, discordtest.FromBot, discordtest.Contains("File saved!"))
	if err := w.anna.Delete(q); err != nil {
		t.Fatal(err)
	}
	if err := w.AwaitQuiet(w.ctx, time.Second); err != nil {
		t.Fatal(err)
	}
	for _, m := range w.Messages(w.general) {
		if discordtest.FromBot(m) {
			t.Errorf("still there: %q", m.Text())
		}
	}
}

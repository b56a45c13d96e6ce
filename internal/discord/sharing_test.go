package discord

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
	"github.com/attachebot/attache/internal/locale"
)

// uses makes code of the model use the first file that was brought into the
// conversation, and say whether it may.
func (w *bench) uses() {
	w.tools.Handle = func(ctx context.Context, _ files.UserID, conversation string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		brought, err := w.files.Brought(ctx, conversation)
		if err != nil || len(brought) == 0 {
			return llm.ToolResult{Output: fmt.Sprint("nothing was brought: ", err)}
		}
		err = h.Sharing.Use(ctx, string(brought[len(brought)-1].ID))
		return llm.ToolResult{Notes: []locale.Message{locale.Plain("The file: " + fault.Message(err))}}
	}
	w.model.Answer = func(r llmtest.Request) llmtest.Reply {
		if r.Last().Role == "tool" {
			return llmtest.Reply{Text: "Done."}
		}
		return llmtest.Reply{Calls: []llm.ToolCall{python("a", "load_file()")}}
	}
}

// Two people ask for somebody's file in two threads of people: the owner gets a
// question in each, which nobody else can answer, and each answer counts in its
// own thread.
func TestStoryOwnerIsAskedInTheThread(t *testing.T) {
	w := caseBench(t)
	carl := w.AddUser("carl")
	w.guild.AddMember(carl)
	var threads [2]*discordtest.Channel
	for i := range threads {
		threads[i] = must(w.bert.StartThread(must(w.bert.Send(w.general, fmt.Sprint("Plan ", i)))(w), fmt.Sprint("plan ", i)))(w)
		w.answerTo(must(w.anna.Send(threads[i], w.Bot().Mention()+" keep this", discordtest.File{Name: fmt.Sprintf("sales%d.csv", i), Data: append([]byte(fmt.Sprint(i)), salesCSV...)}))(w))
	}
	w.uses()
	asked := []discordtest.Message{must(w.bert.Send(threads[0], w.Bot().Mention()+" use it"))(w), must(carl.Send(threads[1], w.Bot().Mention()+" use it"))(w)}
	var questions [2]discordtest.Message
	for i, th := range threads {
		questions[i] = w.await(th, discordtest.HasButton("✅ Yes"), discordtest.Contains(fmt.Sprintf("Let people in this thread use **sales%d.csv**?", i)))
		if !strings.Contains(questions[i].Content, "<@"+w.anna.ID.String()+">") {
			t.Errorf("the question is not put to its owner: %q", questions[i].Content)
		}
	}
	for i, other := range []*discordtest.User{w.bert, carl} { // not even who asked
		refusal := must(must(other.Press(questions[i], "✅ Yes"))(w).AwaitMessage(w.ctx))(w)
		w.contains(refusal, "Only the person")
	}
	must(w.anna.Press(questions[1], "❌ No"))(w)
	must(w.anna.Press(questions[0], "✅ Yes"))(w)
	if a := w.answerTo(asked[0]); strings.Contains(a.Text(), "belongs to") {
		t.Errorf("after a yes: %s", a.Text())
	}
	w.contains(w.answerTo(asked[1]), "belongs to anna, who said no")

	// The yes is for the thread, not for one file or one person.
	again := w.answerTo(must(carl.Send(threads[0], w.Bot().Mention()+" use it too"))(w))
	w.lacks(again, "belongs to")
}

package chat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

// Who keeps sessions hears of each turn in which code ran, once, when it has ended,
// also of one that failed after that; and of no other.
func TestAnswered(t *testing.T) {
	var heard []string
	var w *world
	w = newWorld(t, chat.Options{Answered: func(ctx context.Context, session files.UserID, conversation, turn string) {
		rec, err := w.store.Get(ctx, turn)
		heard = append(heard, fmt.Sprintf("%d %s %s %v %v", session, conversation, turn, rec.State, errors.Join(err, ctx.Err())))
	}})
	w.tools.Handle = func(context.Context, files.UserID, string, llm.ToolCall, llm.ToolHooks) llm.ToolResult {
		return llm.ToolResult{Output: "1", Run: &llm.Run{Code: "1"}}
	}
	w.server.Push(llmtest.Reply{Text: "No code."})
	w.run(w.turn("talk"))
	w.server.Push(llmtest.Reply{Calls: []llm.ToolCall{python("a", "1"), python("b", "2")}}, llmtest.Reply{Calls: []llm.ToolCall{python("c", "3")}}, llmtest.Reply{Text: "Done."})
	w.run(w.turn("compute"))
	shared := w.turn("compute in the session of all")
	shared.Sharing.Session = uint64(bert)
	w.server.Push(llmtest.Reply{Calls: []llm.ToolCall{python("d", "4")}}, llmtest.Reply{Text: "Done."})
	w.run(shared)
	ctx, stop := context.WithCancel(t.Context())
	w.server.Push(llmtest.Reply{Calls: []llm.ToolCall{python("e", "5")}}, llmtest.Reply{Text: "One two three", Hang: true})
	if _, err := w.Run(ctx, w.turn("stop"), func(ev chat.Event) {
		if _, ok := ev.(chat.TextDelta); ok {
			stop()
		}
	}); err == nil {
		t.Error("it was not stopped")
	}
	want := "4242 dm:anna m2 done <nil>\n777 dm:anna m3 done <nil>\n4242 dm:anna m4 interrupted <nil>"
	if got := strings.Join(heard, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

package discord

import (
	"context"
	"testing"
	"time"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
)

// Discord takes few edits of messages older than an hour. An answer that takes so
// long is finished in a new message, which has the place of the old one; edits of
// other answers in the channel go on meanwhile.
func TestStoryOldMessageTakesNoEdits(t *testing.T) {
	w := newBench(t, setup{server: func(s *discordtest.Server) { s.OldEdits = 1 }, discord: Options{tune: tuning{edits: 20 * time.Millisecond, status: 20 * time.Millisecond}}})
	shown, release := make(chan struct{}), make(chan struct{})
	w.tools.Handle = func(_ context.Context, _ files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		<-shown
		w.Advance(2 * time.Hour)
		for n := range 1000 { // until Discord refuses
			h.Status(llm.ToolStatus{State: llm.ToolInstalling, Detail: string(rune('a' + n%26))})
			if w.refused(30046) {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		<-release
		return llm.ToolResult{Output: "4"}
	}
	w.does("It is 4.")
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" work long"))(w)
	old := w.await(w.general, discordtest.FromBot, discordtest.HasButton("⏹ Stop"))
	close(shown)
	for !w.refused(30046) {
		if w.ctx.Err() != nil {
			t.Fatal("Discord took all edits")
		}
		time.Sleep(20 * time.Millisecond)
	}
	close(release)
	a := w.answerTo(q)
	w.contains(a, "It is 4.")
	if err := w.AwaitQuiet(w.ctx, 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if a.ID == old.ID {
		t.Error("the old message was edited")
	}
	if n := len(w.after(w.general, q)); n != 1 {
		t.Errorf("%d messages", n)
	}
}

// refused tells whether Discord refused a request with a code.
func (w *bench) refused(code int) bool {
	for _, r := range w.Requests() {
		if r.Code == code {
			return true
		}
	}
	return false
}

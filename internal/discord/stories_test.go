package discord

import (
	"context"
	"strings"
	"testing"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/chat/chattest"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/llm/llmtest"
)

var _ = chattest.Python

// The main job: a file is attached with a question, it is saved and confirmed,
// and the question is answered with figures and a chart.
func TestStoryAnalyzeThisData(t *testing.T) {
	w := newBench(t, setup{})
	w.tools.Handle = func(ctx context.Context, user files.UserID, _ string, _ llm.ToolCall, h llm.ToolHooks) llm.ToolResult {
		h.Status(llm.ToolStatus{State: llm.ToolRunning})
		saved, err := w.files.Save(ctx, files.Upload{User: user, Name: "revenue.png", Body: strings.NewReader(string(chart(300, 200))), Generated: true})
		if err != nil {
			return llm.ToolResult{Failed: true, Error: err.Error()}
		}
		return llm.ToolResult{Output: "3 rows", Files: []string{string(saved.ID)}, Run: &llm.Run{Code: "df.plot()", Output: "3 rows"}}
	}
	w.model.Push(
		llmtest.Reply{Text: "Let me look.", Calls: []llm.ToolCall{python("a", "df.plot()")}},
		llmtest.Reply{Text: "There are **3 rows** from 2024-01-05 to 2024-01-07."})
	q := must(w.anna.Send(w.general, w.Bot().Mention()+" Analyze this data", discordtest.File{Name: "sales.csv", Data: salesCSV}))(w)

	saved := w.await(w.general, discordtest.FromBot, discordtest.ReplyTo(q), discordtest.Contains("File saved! ID:"))
	w.contains(saved, "📊 **sales.csv**", "csv", "⏰ Expires <t:")
	page := must(w.files.List(w.ctx, files.UserID(w.anna.ID), files.Query{Kind: "csv"}))(w)
	if len(page.Files) != 1 {
		t.Fatalf("saved %+v", page.Files)
	}
	w.contains(saved, string(page.Files[0].ID))

	a := w.answerTo(q)
	w.contains(a, "Let me look.", "There are **3 rows**", "-# 📎 1 file, kept 48h")
	if len(a.Attachments) != 1 || a.Attachments[0].Width == nil {
		t.Fatalf("attachments %+v", a.Attachments)
	}
	if !strings.Contains(w.model.Requests()[0].LastUser(), "Analyze this data\n[Attached: id "+string(page.Files[0].ID)) {
		t.Errorf("the model got %q", w.model.Requests()[0].LastUser())
	}
	if !a.Pings.None() || !saved.Pings.None() {
		t.Error("somebody was pinged")
	}
}

package llm_test

import (
	"testing"

	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/locale"
)

func TestToolResultForModel(t *testing.T) {
	full := llm.ToolResult{
		Output: "  indented\nlast\n\n", Values: []string{"1", " ", "a\nb"}, Warnings: []string{"w1", "w2"}, Error: "Traceback\n", Failed: true,
		Notes: []locale.Message{locale.Plain("n1"), locale.Plain("n2")}, Packages: []string{"a 1", "b 2"}, Files: []string{"id1", "id2"},
	}
	want := "Note: n1\n\nNote: n2\n\n  indented\nlast\n\n1\n\na\nb\n\nWarnings:\nw1\nw2\n\nTraceback\n\nInstalled: a 1, b 2\n\nSaved for the user and sent: id1, id2"
	if got := full.ForModel(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for _, c := range []struct {
		res  llm.ToolResult
		want string
	}{
		{llm.ToolResult{}, "(The tool ran and returned nothing.)"},
		{llm.ToolResult{Output: " \n"}, "(The tool ran and returned nothing.)"},
		{llm.ToolResult{Run: &llm.Run{Code: "1;"}}, "(The code ran and printed nothing.)"},
		{llm.ToolResult{Failed: true}, "The tool failed and did not say why."},
		{llm.ToolResult{Failed: true, Error: "no"}, "no"},
	} {
		if got := c.res.ForModel(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.res, got, c.want)
		}
	}
}

func TestToolStatusIsWorded(t *testing.T) {
	for _, c := range []struct {
		status llm.ToolStatus
		want   string
	}{
		{llm.ToolStatus{State: llm.ToolQueued, Place: 3}, "⏳ Waiting for a sandbox, place 3"},
		{llm.ToolStatus{State: llm.ToolStarting}, "🐍 Starting Python"},
		{llm.ToolStatus{State: llm.ToolRestoring}, "♻️ Restoring the session"},
		{llm.ToolStatus{State: llm.ToolInstalling, Detail: "geopandas"}, "📦 Installing geopandas"},
		{llm.ToolStatus{State: llm.ToolWorking, Detail: "Installing a trap"}, "⚙️ Installing a trap"},
		{llm.StatusOf(llm.ToolCall{Name: llm.PythonTool}), "🐍 Running Python"},
		{llm.StatusOf(llm.ToolCall{Name: "far__fetch"}), "🔧 Running far__fetch"},
	} {
		if got := c.status.Emoji() + " " + c.status.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

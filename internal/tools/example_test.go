package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/tools"
)

// suggestName is a tool in Go.
type suggestName struct{ tools.Stateless }

var _ tools.Tool = suggestName{}

func (suggestName) Spec() llm.Tool {
	return llm.Tool{
		Name:        "suggest_name",
		Description: "Suggest a tidy name for a file.",
		Parameters: json.RawMessage(`{"type":"object","required":["name"],"additionalProperties":false,
			"properties":{"name":{"type":"string","description":"The name now."}}}`),
	}
}

func (suggestName) Call(_ context.Context, c tools.Call) llm.ToolResult {
	var args struct{ Name string }
	if err := json.Unmarshal(c.Arguments, &args); err != nil || args.Name == "" {
		return tools.Failure(fault.New(fault.Invalid, "name must be a text."))
	}
	c.Hooks.Status(llm.ToolStatus{State: llm.ToolWorking, Detail: "Thinking of a name"})
	return llm.ToolResult{Output: files.SafeName(strings.ToLower(strings.ReplaceAll(args.Name, " ", "-")))}
}

func ExampleTool() {
	box := tools.New(slog.New(slog.DiscardHandler), suggestName{})
	const user, conversation = 111111111111111111, "c"
	for _, arguments := range []string{`{"name":"Sales Q3 FINAL.csv"}`, `{"name":3}`} {
		res := box.Call(context.Background(), user, conversation, llm.ToolCall{Name: "suggest_name", Arguments: arguments}, llm.ToolHooks{})
		fmt.Println(res.Failed, res.ForModel())
	}
	// Output:
	// false sales-q3-final.csv
	// true Error (invalid): name must be a text.
}

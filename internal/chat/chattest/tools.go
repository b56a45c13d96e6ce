package chattest

import (
	"context"
	"fmt"
	"sync"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
)

// Tools is a scripted toolbox. Its zero value has the one tool
// execute_python_code, whose calls print their arguments.
type Tools struct {
	List   []llm.Tool
	Handle func(ctx context.Context, user files.UserID, conversation string, call llm.ToolCall, hooks llm.ToolHooks) llm.ToolResult

	mu     sync.Mutex
	calls  []string
	resets []string
}

var _ chat.Toolbox = (*Tools)(nil)

// Python is the tool that runs code, as models see it.
var Python = llm.Tool{
	Name: "execute_python_code", Description: "Runs Python code.", InOrder: true,
	Parameters: []byte(`{"type":"object","properties":{"code":{"type":"string"}},"required":["code"]}`),
}

// Tools implements chat.Toolbox.
func (b *Tools) Tools(context.Context, files.UserID) []llm.Tool {
	if b.List == nil {
		return []llm.Tool{Python}
	}
	return b.List
}

// Call implements chat.Toolbox.
func (b *Tools) Call(ctx context.Context, user files.UserID, conversation string, call llm.ToolCall, hooks llm.ToolHooks) llm.ToolResult {
	b.mu.Lock()
	b.calls = append(b.calls, fmt.Sprintf("%d %s %s %s", user, conversation, call.Name, call.Arguments))
	b.mu.Unlock()
	if b.Handle == nil {
		return llm.ToolResult{Output: "ran " + call.Arguments}
	}
	return b.Handle(ctx, user, conversation, call, hooks)
}

// Reset implements chat.Toolbox.
func (b *Tools) Reset(_ context.Context, user files.UserID, conversation string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.resets = append(b.resets, fmt.Sprintf("%d %s", user, conversation))
	return nil
}

// Calls returns the calls so far: "user conversation name arguments" each.
func (b *Tools) Calls() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.calls...)
}

// Resets returns the resets so far: "user conversation" each.
func (b *Tools) Resets() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.resets...)
}

// Package tools is what the model may call: Python, and what an operator or a
// developer adds. Every call acts for one user and reaches that user's files
// only, through files.Service.
package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
)

// Tool is one tool. It is safe for concurrent use.
type Tool interface {
	// Spec describes the tool to the model. Its name is unique in a [Box].
	Spec() llm.Tool
	// Call runs the tool. What goes wrong is in the result, for the model to read.
	Call(ctx context.Context, c Call) llm.ToolResult
	// Reset forgets what the tool keeps of a user's conversation.
	Reset(ctx context.Context, user files.UserID, conversation string) error
}

// Stateless is the Reset of tools that keep nothing of a conversation.
type Stateless struct{}

// Reset implements Tool: there is nothing to forget.
func (Stateless) Reset(context.Context, files.UserID, string) error { return nil }

// Call is one call of a tool, for one user.
type Call struct {
	User         files.UserID
	Conversation string
	Arguments    json.RawMessage // a JSON object
	Hooks        llm.ToolHooks
}

// Source is where tools come from that may come and go while the program runs.
type Source interface {
	Tools(ctx context.Context, user files.UserID) []Tool
}

// Box holds tools. It implements what chat calls a toolbox.
type Box struct {
	log     *slog.Logger
	fixed   []Tool
	sources []Source
}

// New returns a box of tools. A name that is there twice goes to the first.
func New(log *slog.Logger, fixed ...Tool) *Box {
	return &Box{log: log, fixed: fixed}
}

// AddSource adds tools that may change. It is called before the first use.
func (b *Box) AddSource(s Source) { b.sources = append(b.sources, s) }

func (b *Box) all(ctx context.Context, user files.UserID) []Tool {
	all := b.fixed[:len(b.fixed):len(b.fixed)]
	for _, s := range b.sources {
		all = append(all, s.Tools(ctx, user)...)
	}
	return all
}

// MaxTools is how many tools servers of models take in one request. One more,
// and they refuse it.
const MaxTools = 128

// maxSpecs bounds the names, descriptions and parameters of all tools in a
// request: some 60,000 tokens, which leave room in the windows of today's models.
const maxSpecs = 256 << 10 // bytes

// Tools lists what the model may call for a user: the first 128 tools, without
// those that would make a request too large.
func (b *Box) Tools(ctx context.Context, user files.UserID) []llm.Tool {
	var specs []llm.Tool
	seen := map[string]bool{}
	size := 0
	for _, t := range b.all(ctx, user) {
		spec := t.Spec()
		if !seen[spec.Name] && len(specs) < MaxTools && size+specSize(spec) <= maxSpecs {
			seen[spec.Name] = true
			size += specSize(spec)
			specs = append(specs, spec)
		}
	}
	return specs
}

func specSize(t llm.Tool) int { return len(t.Name) + len(t.Description) + len(t.Parameters) }

// Call runs one call. A tool that panics fails, and nothing else does.
func (b *Box) Call(ctx context.Context, user files.UserID, conversation string, call llm.ToolCall, hooks llm.ToolHooks) (res llm.ToolResult) {
	defer func() {
		if p := recover(); p != nil {
			b.log.ErrorContext(ctx, "tool panicked", "tool", call.Name, "panic", p, "stack", string(debug.Stack()))
			res = Failure(fault.New(fault.Internal, "The tool %s failed.", call.Name))
		}
	}()
	args := json.RawMessage(call.Arguments)
	if strings.TrimSpace(call.Arguments) == "" {
		args = json.RawMessage("{}")
	}
	for _, t := range b.all(ctx, user) {
		if t.Spec().Name == call.Name {
			return t.Call(ctx, Call{User: user, Conversation: conversation, Arguments: args, Hooks: hooks.Filled()})
		}
	}
	return Failure(fault.New(fault.NotFound, "There is no tool named %q.", call.Name))
}

// Reset drops what the tools keep of a user's conversation. It goes on after
// an error.
func (b *Box) Reset(ctx context.Context, user files.UserID, conversation string) error {
	var errs []error
	for _, t := range b.all(ctx, user) {
		errs = append(errs, t.Reset(ctx, user, conversation))
	}
	return errors.Join(errs...)
}

// Failure is the result of a call that failed with err: its kind and its
// sentence, for the model.
func Failure(err error) llm.ToolResult {
	return llm.ToolResult{Failed: true, Error: fmt.Sprintf("Error (%s): %s", fault.KindOf(err), fault.Message(err))}
}

// Package chat turns one message into an answer: history, model, tools, and
// again, until the model has nothing more to call.
package chat

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/locale"
)

// Turn is one message to the assistant.
type Turn struct {
	ID           string       // the front end's id of the message: one id is answered once
	User         files.UserID // who asks, pays and owns the files
	UserName     string       // how the model may address them
	Conversation string       // the history that the turn continues: opaque, at most 200 bytes
	Model        string       // answers this turn; "": the one that the user chose
	Text         string
	Files        []files.File // attachments of this message, already saved
	FrontEnd     *FrontEnd    // where it was written; nil: nothing is said of that
	// Replaces is the ID of the user's last turn in this conversation, to run it
	// again: its answer leaves the history. Text and Files say the edited prompt;
	// without either, the earlier one is used.
	Replaces string
	// After says that the turn goes on from what other people's turns of the
	// conversation are working on: it waits for them. Else people are answered side by
	// side, but for code in a session that they share.
	After bool
	// Ask puts a yes-or-no question to the user and waits. A nil Ask is a no.
	Ask func(ctx context.Context, question locale.Message) (bool, error)
	// Sharing is what the user shares with the others of the conversation.
	Sharing llm.Sharing
	// Tools may be called in this turn alone, beside those of the toolbox, whose
	// names come first.
	Tools []TurnTool
}

// TurnTool is a tool of one turn: what it reaches depends on who asks, and where.
type TurnTool struct {
	llm.Tool
	// Call runs one call to its end. Whatever happens is in the result.
	Call func(ctx context.Context, arguments json.RawMessage, hooks llm.ToolHooks) llm.ToolResult
}

// FrontEnd is where people write: what the model, and the sentences that people
// read, have to know of it.
type FrontEnd struct {
	Name   string // as the model is told: "a chat on Discord"
	Markup string // what the model should write for it: one rule, in whole sentences
	// Hints are what a person can do there against an error, each a whole sentence.
	Hints map[fault.Hint]string
	// Language is that of who reads; the model is told everything in English.
	Language *locale.Language
	// Clock writes a time of the day, where there is a better way than words; may be nil.
	Clock func(t time.Time) string
}

// In is the front end for somebody who reads a language.
func (f *FrontEnd) In(l *locale.Language) *FrontEnd {
	in := *f
	in.Language = l
	return &in
}

// T says a text in the language of who reads.
func (f *FrontEnd) T(key string, args ...any) string {
	if f == nil {
		return (*locale.Language)(nil).T(key, args...)
	}
	if f.Clock != nil {
		args = slices.Clone(args)
		for i, a := range args {
			if c, ok := a.(locale.Clock); ok {
				args[i] = f.Clock(c.Time)
			}
		}
	}
	return f.Language.T(key, args...)
}

// hint returns a sentence, with a blank before it, or "".
func (f *FrontEnd) hint(h fault.Hint) string {
	if f == nil || f.Hints[h] == "" {
		return ""
	}
	return " " + f.T(f.Hints[h])
}

// Explain returns the sentence of an error with what helps against it here.
func (f *FrontEnd) Explain(err error) string {
	return fault.In(err, f.T) + f.hint(fault.HintOf(err))
}

// Result is what a turn came to. With an error it holds what there was by then.
type Result struct {
	Text   string             // the whole answer; a paragraph for each round that had text
	Files  []files.File       // made by tools, in order
	Model  string             // that answered
	Rounds int                // requests to the model that were answered
	Usage  llm.Usage          // of all requests together
	Cost   ledger.NanoDollars // of those whose price is known
}

// Event is something to show while a turn runs: one of the types below.
type Event interface{ event() }

type (
	// TextDelta is a piece of the answer, as the model writes it.
	TextDelta struct{ Text string }
	// ToolStarted begins a call; Round counts the model's rounds from 1.
	ToolStarted struct {
		Call  llm.ToolCall
		Round int
	}
	// ToolStatus replaces what a running call is doing.
	ToolStatus struct {
		CallID string
		Status llm.ToolStatus
	}
	// ToolOutput is text that running code printed.
	ToolOutput struct{ CallID, Text string }
	// ToolEnded ends a call. Files made by it are in Files, with their ids.
	ToolEnded struct {
		Call   llm.ToolCall
		Result llm.ToolResult
		Files  []files.File
	}
	// Waiting says that other turns of the conversation run first, or run code first.
	Waiting struct{}
	// Begun says that the turn waits no more.
	Begun struct{}
	// Notice is one line for the person that is not the model's text.
	Notice struct{ Text string }
)

func (TextDelta) event()   {}
func (ToolStarted) event() {}
func (ToolStatus) event()  {}
func (ToolOutput) event()  {}
func (ToolEnded) event()   {}
func (Waiting) event()     {}
func (Begun) event()       {}
func (Notice) event()      {}

// Toolbox is what the engine needs of the tools. Every call acts for one user
// and sees only that user's files.
type Toolbox interface {
	// Tools lists what the model may call.
	Tools(ctx context.Context, user files.UserID) []llm.Tool
	// Call runs one call to its end. Whatever happens is in the result.
	Call(ctx context.Context, user files.UserID, conversation string, call llm.ToolCall, hooks llm.ToolHooks) llm.ToolResult
	// Reset drops what the tools keep of the user's conversation: the Python session.
	Reset(ctx context.Context, user files.UserID, conversation string) error
}

package llm

import (
	"context"
	"time"

	"github.com/attachebot/attache/internal/table"
)

// ToolResult is what a tool's call gives back. A failed call is a result as
// well: Text then tells the model what went wrong.
type ToolResult struct {
	Text   string        // for the model
	Failed bool          // the call did not do what was asked
	Files  []string      // ids of the files that were made, saved as the asking user's
	Notes  []string      // one line each for the person: "restored: df, model · lost: conn"
	Tables []table.Table // for the person, in the order shown
	Run    *Run          // the code that ran, if any
}

// Run tells what code ran and how, for the person who wants to see it.
type Run struct {
	Code     string        `json:"code"`
	Output   string        `json:"output,omitempty"` // as printed, shortened in the middle beyond the output limit
	Elapsed  time.Duration `json:"elapsed"`
	Packages []string      `json:"packages,omitempty"` // installed for it, as "geopandas 1.1.0"
}

// ToolHooks is how a running tool speaks to the person who waits. Any field
// may be nil. They are called from one goroutine at a time.
type ToolHooks struct {
	// Status replaces what the tool is doing now: "Installing geopandas".
	Status func(text string)
	// Output is text that the code printed, as it comes.
	Output func(text string)
	// Ask puts a yes-or-no question and waits. A nil Ask is a no.
	Ask func(ctx context.Context, question string) (bool, error)
}

// Filled returns the hooks with none missing: what was nil does nothing, and
// a question that nobody can be asked is answered with no.
func (h ToolHooks) Filled() ToolHooks {
	if h.Status == nil {
		h.Status = func(string) {}
	}
	if h.Output == nil {
		h.Output = func(string) {}
	}
	if h.Ask == nil {
		h.Ask = func(context.Context, string) (bool, error) { return false, nil }
	}
	return h
}

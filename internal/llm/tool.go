package llm

import (
	"context"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/table"
)

// PythonTool is the name of the tool that runs code.
const PythonTool = "execute_python_code"

// ToolResult is what a tool's call gives back, each part apart. A failed call
// is a result as well.
type ToolResult struct {
	Output   string           // what the tool printed or answered
	Values   []string         // that the code displayed, as text, in order
	Warnings []string         // one line each
	Error    string           // what went wrong: a sentence, or a traceback
	Failed   bool             // the call did not do what was asked
	Notes    []locale.Message // one line each, for the person too: "restored: df, model · lost: conn"
	Packages []string         // installed for the call, as "geopandas 1.1.0"
	Files    []string         // ids of the files that were made, saved as the asking user's
	Tables   []table.Table    // for the person, in the order shown
	Run      *Run             // the code that ran, if any
}

// Run tells what code ran and how, for the person who wants to see it. What stands
// in the call's ToolResult as well is set in the history alone.
type Run struct {
	Code     string        `json:"code"`
	Output   string        `json:"output,omitempty"` // as printed, shortened in the middle beyond the output limit
	Elapsed  time.Duration `json:"elapsed"`
	Packages []string      `json:"packages,omitempty"` // installed for it, as "geopandas 1.1.0"
	Files    []string      `json:"files,omitempty"`    // in the history: ids of the files that it made
	Tables   []table.Table `json:"tables,omitempty"`   // in the history: that it showed, as many rows as are kept
	Failed   bool          `json:"failed,omitempty"`   // in the history
	Error    string        `json:"error,omitempty"`    // in the history
	By       string        `json:"by,omitempty"`       // who asked, in a conversation of several people
}

// ForModel returns the text that a model reads of the result. It is never
// empty.
func (r ToolResult) ForModel() string {
	text := r.Text()
	switch {
	case text != "":
		return text
	case r.Failed:
		return "The tool failed and did not say why."
	case r.Run != nil:
		return "(The code ran and printed nothing.)"
	}
	return "(The tool ran and returned nothing.)"
}

// Text returns all parts of the result as one text, empty if there is nothing
// to say.
func (r ToolResult) Text() string {
	var parts []string
	add := func(text string) {
		if text = strings.TrimRight(text, "\n"); strings.TrimSpace(text) != "" {
			parts = append(parts, text)
		}
	}
	for _, n := range r.EnglishNotes() {
		add("Note: " + n)
	}
	add(r.Output)
	for _, v := range r.Values {
		add(v)
	}
	if len(r.Warnings) > 0 {
		add("Warnings:\n" + strings.Join(r.Warnings, "\n"))
	}
	add(r.Error)
	if len(r.Packages) > 0 {
		add("Installed: " + strings.Join(r.Packages, ", "))
	}
	if len(r.Files) > 0 {
		add("Saved for the user and sent: " + strings.Join(r.Files, ", "))
	}
	return strings.Join(parts, "\n\n")
}

// EnglishNotes returns the notes as the model reads them.
func (r ToolResult) EnglishNotes() (out []string) {
	for _, n := range r.Notes {
		out = append(out, n.String())
	}
	return out
}

// ToolHooks is how a running tool speaks to the person who waits. Any field
// may be nil. They are called from one goroutine at a time.
type ToolHooks struct {
	// Status replaces what the tool is doing now.
	Status func(ToolStatus)
	// Output is text that the code printed, as it comes.
	Output func(text string)
	// Ask puts a yes-or-no question and waits. A nil Ask is a no.
	Ask func(ctx context.Context, question locale.Message) (bool, error)
	// Sharing is what the person shares with the others of the conversation.
	Sharing Sharing
}

// Sharing is what a turn shares with the others who speak in its conversation.
// The zero value is for conversations of one person: their own files, and
// their own session.
type Sharing struct {
	// Session is the user in whose session code runs; 0: the asking user's own.
	Session uint64
	// Use tells whether the file of that id may be used in this turn: somebody
	// else's too. Its error says whose it is, and how to ask. nil: those of the
	// asking user.
	Use func(ctx context.Context, id string) error
	// Listed returns the files that code may see listed, if those are not all of
	// the asking user's. nil: they are.
	Listed func(ctx context.Context) (ids []string, all bool, err error)
}

// Filled returns the hooks with none missing: what was nil does nothing, and
// a question that nobody can be asked is answered with no.
func (h ToolHooks) Filled() ToolHooks {
	if h.Status == nil {
		h.Status = func(ToolStatus) {}
	}
	if h.Output == nil {
		h.Output = func(string) {}
	}
	if h.Ask == nil {
		h.Ask = func(context.Context, locale.Message) (bool, error) { return false, nil }
	}
	return h
}

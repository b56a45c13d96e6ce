package tools_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/tools"
)

// deleting is a sandbox whose code deletes the file that it names.
type deleting struct {
	sandbox.Sandbox
	deleted bool
	err     error
}

func (d *deleting) Run(ctx context.Context, _ sandbox.Key, c sandbox.Cell) (sandbox.Result, error) {
	_, d.deleted, d.err = c.Files.Delete(ctx, c.Code)
	return sandbox.Result{}, nil
}

// Code deletes a file of its user after two confirmations, and nothing else.
func TestDeleteFile(t *testing.T) {
	fs := newFiles(t, files.Options{})
	for _, c := range []struct {
		answers string // of the questions, in order
		owner   files.UserID
		deleted bool
		asked   int
	}{
		{"yy", alice, true, 2}, {"yn", alice, false, 2}, {"n", alice, false, 1}, {"yy", bob, false, 0}, {"", alice, false, 0},
	} {
		f := save(t, fs, c.owner, "sa*les.csv", "a,b\n1,2\n")
		in := &deleting{}
		var questions []string
		hooks := llm.ToolHooks{Ask: func(_ context.Context, message locale.Message) (bool, error) {
			q := message.String()
			questions = append(questions, q)
			return c.answers[len(questions)-1] == 'y', nil
		}}
		if c.answers == "" {
			hooks.Ask = nil
		}
		args, _ := json.Marshal(map[string]string{"code": string(f.ID)})
		tools.NewPython(in, fs).Call(t.Context(), tools.Call{User: alice, Conversation: "c", Arguments: args, Hooks: hooks})
		_, err := fs.Get(t.Context(), c.owner, f.ID)
		if gone := fault.Is(err, fault.NotFound); gone != c.deleted || in.deleted != c.deleted || len(questions) != c.asked {
			t.Errorf("%q of %d: deleted %v (told %v, %v) after %d questions", c.answers, c.owner, gone, in.deleted, in.err, len(questions))
		}
		for _, q := range questions {
			if !strings.Contains(q, `sa\*les.csv`) {
				t.Errorf("the question does not name the file: %q", q)
			}
		}
	}
}

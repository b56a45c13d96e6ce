package tools_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/tools"
)

// keeper is a tool that keeps something.
type keeper struct {
	name   string
	err    error
	resets []string
}

func (k *keeper) Spec() llm.Tool                                  { return llm.Tool{Name: k.name} }
func (k *keeper) Call(context.Context, tools.Call) llm.ToolResult { return llm.ToolResult{} }
func (k *keeper) Reset(_ context.Context, _ files.UserID, conversation string) error {
	k.resets = append(k.resets, conversation)
	return k.err
}

// measured is a decorator as an observer of tools writes it.
type measured struct{ tools.Tool }

func (m measured) Call(ctx context.Context, c tools.Call) llm.ToolResult { return m.Tool.Call(ctx, c) }

// A decorator does not switch Reset off, and an error does not stop it.
func TestResetReachesEveryTool(t *testing.T) {
	bad, good := &keeper{name: "bad", err: errors.New("bad")}, &keeper{name: "good"}
	box := tools.New(slog.New(slog.DiscardHandler), measured{bad}, suggestName{}, measured{measured{good}})
	if err := box.Reset(t.Context(), alice, "c"); !errors.Is(err, bad.err) {
		t.Errorf("%v", err)
	}
	if len(bad.resets) != 1 || len(good.resets) != 1 || good.resets[0] != "c" {
		t.Errorf("%q %q", bad.resets, good.resets)
	}
}

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/terminal"
)

// chat asks in the terminal: one prompt, or a conversation.
func (m *Main) chat(ctx context.Context, args []string) error {
	fs := m.flags("chat")
	user := fs.Uint64("user", 1, "id of the user who asks")
	conversation := fs.String("conversation", "", "name of a conversation to go on with; without one, a prompt stands alone")
	out := fs.String("out", "", "folder that charts and other new files are written to")
	yes := fs.Bool("yes", false, "allow the installation of packages that are not well known")
	var attach list
	fs.Var(&attach, "attach", "a file to save and to ask about; may be repeated")
	rest, err := parse(fs, args)
	if err != nil {
		return err
	}
	if *conversation == "" {
		*conversation = fmt.Sprint(time.Now().UnixNano())
	}
	m.Config.Pool = min(m.Config.Pool, 1) // one person asks
	a, tools, err := m.openAssistant(ctx, m.log(m.quiet()), m.Stderr)
	if err != nil {
		return err
	}
	t := terminal.New(a, terminal.Options{
		In: m.Stdin, Out: m.Stdout, Status: m.Stderr, User: files.UserID(*user), UserName: os.Getenv("USER"),
		Conversation: "terminal:" + *conversation, Folder: *out, Yes: *yes,
	})
	m.interruptible(t.Interrupt)
	saved, err := t.Attach(ctx, attach)
	if err != nil {
		return err
	}
	tools.wait(ctx, m.Stderr)
	prompt := strings.Join(rest, " ")
	if prompt == "" && len(saved) == 0 {
		return t.Converse(ctx)
	}
	if prompt == "" {
		prompt = "Analyze this data"
	}
	return t.Ask(ctx, prompt, saved)
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/terminal"
)

// chatCommand is the command chat with its flags.
type chatCommand struct {
	m            *Main
	user         files.UserID
	conversation string
	goOn         bool
	model        string
	attach       []string
	out          string
	asJSON       bool
	yes          bool
}

func (m *Main) chatCommand() *cobra.Command {
	c := &chatCommand{m: m, user: 1}
	cmd := &cobra.Command{
		Use: "chat [OPTIONS] [PROMPT] [FILE...]", Short: "ask in the terminal, once or in a conversation",
		Long: "Asks one question and prints the answer; without one, a conversation begins. What is piped into it is a file of the\n" +
			"question, and so are files that are named behind it. It ends with status 1 if there is no answer, and after one question also if no sandbox could start.",
		Example: `  attache chat
  attache chat --out charts "Analyze this data" sales.csv
  dmesg | attache chat "What went wrong?"
  attache chat --continue "And since yesterday?"`,
		Args: cobra.ArbitraryArgs, RunE: m.with(c.run),
	}
	f := cmd.Flags()
	f.StringArrayVar(&c.attach, "attach", nil, "a `FILE` to save and to ask about; may be repeated")
	f.StringVar(&c.out, "out", "", "the `FOLDER` that charts and other new files are written to")
	f.StringVar(&c.model, "model", "", "the `MODEL` that answers, instead of the one that the user chose")
	f.BoolVar(&c.goOn, "continue", false, "go on with the user's last conversation")
	f.StringVar(&c.conversation, "conversation", "", "the `NAME` of a conversation to go on with; without one, a prompt stands alone")
	f.Var(userFlag{&c.user}, "user", "the `ID` of the user who asks")
	f.BoolVar(&c.asJSON, "json", false, "print the answer as JSON")
	f.BoolVar(&c.yes, "yes", false, "allow the installation of packages that are not well known")
	cmd.MarkFlagsMutuallyExclusive("continue", "conversation")
	return cmd
}

// ownConversations begins the names of the terminal's conversations.
const ownConversations = "terminal:"

// run asks one prompt, or leads a conversation.
func (c *chatCommand) run(ctx context.Context, args []string) error {
	m := c.m
	prompt, named := c.split(args)
	c.attach = append(c.attach, named...)
	if c.asJSON && prompt == "" && len(c.attach) == 0 {
		return fault.New(fault.Invalid, "--json needs a question.")
	}
	m.Config.Pool = min(m.Config.Pool, 1) // one person asks
	a, tools, err := m.openAssistant(ctx, m.log(m.quiet()), m.Stderr)
	if err != nil {
		return err
	}
	if c.conversation == "" {
		c.conversation = fmt.Sprint(time.Now().UnixNano())
	}
	name := ownConversations + c.conversation
	if c.goOn {
		last, err := a.Conversations(ctx, chat.ConversationQuery{User: c.user, Prefix: ownConversations, Limit: 1})
		if err != nil {
			return err
		}
		if len(last) == 0 {
			return fault.New(fault.NotFound, "There is no conversation to go on with.")
		}
		name = last[0].ID
	}
	t := terminal.New(a, terminal.Options{
		In: m.Stdin, Out: m.Stdout, Status: m.Stderr, User: c.user, UserName: os.Getenv("USER"),
		Conversation: name, Model: c.model, Folder: c.out, Yes: c.yes, Language: m.language(),
		History: filepath.Join(m.Config.DataDir, "terminal_history"),
	})
	m.interruptible(t.Interrupt)
	saved, err := t.Attach(ctx, c.attach)
	if err != nil {
		return err
	}
	if prompt != "" {
		piped, err := c.piped(ctx)
		if err != nil {
			return err
		}
		if len(piped) > 0 {
			f, err := a.Files().Save(ctx, files.Upload{User: c.user, Name: "stdin.txt", Size: int64(len(piped)), Body: bytes.NewReader(piped)})
			if err != nil {
				return err
			}
			saved = append(saved, f.File)
		}
	}
	tools.wait(ctx, m.Stderr)
	if prompt == "" && len(saved) == 0 {
		return t.Converse(ctx)
	}
	if prompt == "" {
		prompt = "Analyze this data"
	}
	if c.asJSON {
		answer, err := t.Answer(ctx, prompt, saved)
		if err := errors.Join(err, m.printJSON(answer)); err != nil {
			return err
		}
	} else if err := t.Ask(ctx, prompt, saved); err != nil {
		return err
	}
	if tools.starts.failed.Load() {
		return errCode(1) // which was said
	}
	return nil
}

// split tells the words of a question from the files that are named beside it, which
// are attached: any behind it, and in it those whose names look like one. Whoever
// names one that is not there is told.
func (c *chatCommand) split(args []string) (prompt string, named []string) {
	looks := func(word string) bool { return strings.ContainsAny(word, "./") }
	end := len(args)
	for end > 0 && isFile(args[end-1]) && (end > 1 || looks(args[0])) {
		end--
	}
	for i, word := range args[:end] {
		switch {
		case looks(word) && isFile(word):
			named = append(named, word)
		case i > 0 && files.KindByName(word) != "" && !strings.ContainsAny(word, " \n"):
			fmt.Fprintf(c.m.Stderr, "There is no file %s here: it is taken as a word of the question.\n", word)
		}
	}
	return strings.Join(args[:end], " "), append(named, args[end:]...)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// isPiped reports whether something may come from standard input: no person is at a
// terminal there, and it is no device.
func (m *Main) isPiped() bool {
	f, ok := m.Stdin.(*os.File)
	if !ok {
		return true
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeDevice == 0 && !info.IsDir()
}

// piped returns what is piped into the program.
func (c *chatCommand) piped(ctx context.Context) ([]byte, error) {
	if !c.m.isPiped() {
		return nil, nil
	}
	slow := time.AfterFunc(2*time.Second, func() {
		fmt.Fprintln(c.m.Stderr, "⏳ Reading standard input until its end; </dev/null gives none")
	})
	defer slow.Stop()
	type read struct {
		data []byte
		err  error
	}
	most := int64(c.m.Config.MaxUpload) << 20
	all := make(chan read, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(c.m.Stdin, most+1))
		all <- read{data, err}
	}()
	select {
	case r := <-all:
		if int64(len(r.data)) > most {
			return nil, fault.New(fault.TooLarge, "Standard input is too large: a file may have at most %d MB.", c.m.Config.MaxUpload)
		}
		return r.data, fault.Wrap(r.err, fault.Invalid, "Standard input can't be read: %v.", r.err)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

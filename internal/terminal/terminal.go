// Package terminal is the front end on standard input and output: one question,
// or a conversation.
package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// frontEnd is what the model and the sentences know of a terminal.
var frontEnd = &chat.FrontEnd{
	Name:   "a terminal",
	Markup: "Your text is shown in a terminal: write short lines and simple lists. Of Markdown, headings, bold text, code and tables are shown well.",
	Hints: map[fault.Hint]string{
		fault.FreeSpace:       locale.Key("Delete some with `attache files rm`, then try again."),
		fault.OtherModel:      locale.Key("OPENAI_MODEL sets another one."),
		fault.NewConversation: locale.Key("/reset starts a new one."),
	},
}

// Options say who talks to the assistant, and where.
type Options struct {
	In           io.Reader
	Out          io.Writer // answers
	Status       io.Writer // what happens beside them
	User         files.UserID
	UserName     string
	Conversation string
	Model        string           // that answers; empty: the one that the person chose
	Folder       string           // that charts and other new files are written to; empty: they are only saved
	Yes          bool             // answer questions with yes
	Language     *locale.Language // of the person; nil: English
	History      string           // file that what was entered is kept in; empty: nowhere
}

// Terminal is a person at a terminal.
type Terminal struct {
	a    *assistant.Assistant
	opts Options
	in   *bufio.Reader

	editor  *editor      // nil: lines are read as they come
	pending []files.File // attached since the last prompt
	last    string       // turn

	asked sync.Once // whether the terminal shows sixels
	sixel bool

	asks sync.Mutex // held while the person is asked: one question at a time

	mu   sync.Mutex
	turn *assistant.Turn // that runs
	n    int             // of turns so far
}

// New returns a terminal. The assistant is the caller's to close.
func New(a *assistant.Assistant, o Options) *Terminal {
	return &Terminal{a: a, opts: o, in: bufio.NewReader(o.In)}
}

// Converse reads prompts until the end of input.
func (t *Terminal) Converse(ctx context.Context) error {
	t.editor = newEditor(t.opts.In, t.opts.Status, t.opts.History, t.complete)
	t.help(ctx, "")
	for {
		line, err := t.readPrompt(ctx)
		if err != nil {
			fmt.Fprintln(t.opts.Status)
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		switch {
		case line == "":
			continue
		case line == "/quit" || line == "/exit":
			return nil
		case t.command(ctx, line):
			continue
		}
		attached := t.pending
		t.pending = nil
		err = t.Ask(ctx, line, attached)
		switch {
		case ctx.Err() != nil:
			return err
		case fault.Is(err, fault.Canceled):
			fmt.Fprintln(t.opts.Status, "⏹️  "+t.opts.Language.T("Stopped. Ctrl-C again leaves."))
		default:
			t.complain(err)
		}
	}
}

// readPrompt reads a line, or several when a block of code begins in it.
func (t *Terminal) readPrompt(ctx context.Context) (string, error) {
	fmt.Fprintln(t.opts.Status)
	prompt, err := t.readLine(ctx, "> ")
	for err == nil && strings.Count(prompt, "```")%2 == 1 {
		var line string
		line, err = t.readLine(ctx, "… ")
		prompt += "\n" + line
	}
	if prompt != "" && errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimSpace(prompt), err
}

// readLine reads a line; an ended ctx (Ctrl-C) ends the wait.
func (t *Terminal) readLine(ctx context.Context, prompt string) (string, error) {
	if t.editor != nil {
		return t.editor.read(ctx, prompt)
	}
	fmt.Fprint(t.opts.Status, prompt)
	type read struct {
		line string
		err  error
	}
	c := make(chan read, 1)
	go func() {
		line, err := t.in.ReadString('\n')
		if line != "" {
			err = nil
		}
		c <- read{strings.TrimRight(line, "\r\n"), err}
	}()
	select {
	case r := <-c:
		return r.line, r.err
	case <-ctx.Done():
		return "", io.EOF
	}
}

func (t *Terminal) complain(err error) {
	if err == nil {
		return
	}
	if sentence := t.a.Explain(err, "answering in the terminal", frontEnd.In(t.opts.Language)); sentence != "" {
		fmt.Fprintln(t.opts.Status, sentence)
	}
}

// Interrupt stops the answer that the person waits for, and tells whether there
// was one.
func (t *Terminal) Interrupt() bool {
	t.mu.Lock()
	turn := t.turn
	t.turn = nil
	t.mu.Unlock()
	return turn != nil && turn.Stop(t.opts.User)
}

// fileOf returns the file that a stream is, or nil.
func fileOf(stream any) *os.File {
	for {
		w, ok := stream.(interface{ Unwrap() io.Writer })
		if !ok {
			break
		}
		stream = w.Unwrap()
	}
	f, _ := stream.(*os.File)
	return f
}

// IsTerminal tells whether a stream is a terminal, with a person at it.
func IsTerminal(stream any) bool {
	f := fileOf(stream)
	if f == nil {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
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
	t := &terminal{m: m, user: files.UserID(*user), out: *out, yes: *yes, conversation: "terminal:" + *conversation}
	if *conversation == "" {
		t.conversation = fmt.Sprintf("terminal:%d", time.Now().UnixNano())
	}
	m.Config.Pool = min(m.Config.Pool, 1) // one person asks
	if t.assistant, err = m.openAssistant(ctx, m.log(m.quiet()), m.Stderr); err != nil {
		return err
	}
	saved, err := t.attach(ctx, attach)
	if err != nil {
		return err
	}
	t.tools.wait(ctx, m.Stderr)
	prompt := strings.Join(rest, " ")
	if prompt == "" && len(saved) == 0 {
		return t.converse(ctx)
	}
	if prompt == "" {
		prompt = "Analyze this data"
	}
	return t.ask(ctx, prompt, saved)
}

// terminal is a conversation in the terminal.
type terminal struct {
	*assistant
	m            *Main
	user         files.UserID
	conversation string
	out          string
	yes          bool
	in           *bufio.Reader
}

func (t *terminal) attach(ctx context.Context, paths []string) ([]files.File, error) {
	var saved []files.File
	for _, p := range paths {
		s, err := t.m.attachOne(ctx, t.files, t.user, p)
		if err != nil {
			return saved, err
		}
		saved = append(saved, s.File)
	}
	return saved, nil
}

const terminalHelp = "Type a question; a ```python block may have several lines. Commands:" + `
  /attach FILE   save a file, to ask about it
  /files         list your files
  /reset         forget the conversation and its variables
  /quit          leave`

// converse reads prompts until the end of input.
func (t *terminal) converse(ctx context.Context) error {
	fmt.Fprintln(t.m.Stderr, terminalHelp)
	t.in = bufio.NewReader(t.m.Stdin)
	var pending []files.File // attached since the last prompt
	for {
		fmt.Fprint(t.m.Stderr, "\n> ")
		line, err := t.readPrompt(ctx)
		if err != nil {
			fmt.Fprintln(t.m.Stderr)
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		command, rest, _ := strings.Cut(line, " ")
		switch command {
		case "":
			continue
		case "/quit", "/exit":
			return nil
		case "/help":
			fmt.Fprintln(t.m.Stderr, terminalHelp)
			continue
		case "/attach":
			saved, err := t.attach(ctx, []string{strings.TrimSpace(rest)})
			pending = append(pending, saved...)
			t.complain(err)
			continue
		case "/files":
			t.complain(t.list(ctx))
			continue
		case "/reset":
			err := t.engine.Reset(ctx, t.user, t.conversation)
			if t.complain(err); err == nil {
				fmt.Fprintln(t.m.Stderr, "Forgotten. Your files are kept.")
			}
			continue
		}
		if strings.HasPrefix(command, "/") && !strings.Contains(command[1:], "/") {
			fmt.Fprintf(t.m.Stderr, "There is no command %s.\n%s\n", command, terminalHelp)
			continue
		}
		turn, stop := context.WithCancel(ctx)
		t.m.answering.Store(&stop) // Ctrl-C stops the answer, and the next one the program
		err = t.ask(turn, line, pending)
		t.m.answering.Store(nil)
		stop()
		switch {
		case ctx.Err() != nil:
			return err
		case fault.Is(err, fault.Canceled):
			fmt.Fprintln(t.m.Stderr, "⏹️  Stopped. Ctrl-C again leaves.")
		default:
			t.complain(err)
		}
		pending = nil
	}
}

// readPrompt reads a line, or several when a block of code begins in it.
func (t *terminal) readPrompt(ctx context.Context) (string, error) {
	prompt, err := t.readLine(ctx)
	for err == nil && strings.Count(prompt, "```")%2 == 1 {
		var line string
		line, err = t.readLine(ctx)
		prompt += "\n" + line
	}
	if prompt != "" && errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimSpace(prompt), err
}

// readLine reads a line; an ended ctx (Ctrl-C) ends the wait.
func (t *terminal) readLine(ctx context.Context) (string, error) {
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

func (t *terminal) complain(err error) {
	if err != nil {
		fmt.Fprintln(t.m.Stderr, fault.Message(err))
	}
}

func (t *terminal) list(ctx context.Context) error {
	page, err := t.files.List(ctx, t.user, files.Query{Limit: 100})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.m.Stdout, "You have %d file(s)\n", page.Total)
	for _, f := range page.Files {
		fmt.Fprintf(t.m.Stdout, "%s %s  %s  %s • %s • %s\n", f.Emoji(), f.Name, f.ID, f.Kind, files.Size(f.Size), lifetime(f))
	}
	return nil
}

// ask runs one turn and prints it as it comes.
func (t *terminal) ask(ctx context.Context, prompt string, attached []files.File) error {
	p := &turnPrinter{out: t.m.Stdout, err: t.m.Stderr}
	res, err := t.engine.Run(ctx, chat.Turn{
		ID: fmt.Sprintf("%s:%d", t.conversation, time.Now().UnixNano()), User: t.user, UserName: os.Getenv("USER"),
		Conversation: t.conversation, Text: prompt, Files: attached, Ask: t.m.asker(t.yes),
	}, p.show)
	p.end()
	var ids []string
	for _, f := range res.Files {
		ids = append(ids, string(f.ID))
	}
	made, ferr := t.m.fetch(ctx, t.files, t.user, ids, t.out)
	for _, f := range made {
		where := ""
		if f.Path != "" {
			where = " → " + f.Path
		}
		fmt.Fprintf(t.m.Stdout, "File saved! ID: %s (%s, %s)%s\n", f.ID, f.Name, files.Size(f.Size), where)
	}
	return errors.Join(err, ferr)
}

// turnPrinter prints the events of a turn: the answer on out, what happens
// beside it on err.
type turnPrinter struct {
	out, err io.Writer
	open     bool // the last line of out has no end yet
	last     string
}

func (p *turnPrinter) show(e chat.Event) {
	switch e := e.(type) {
	case chat.TextDelta:
		io.WriteString(p.out, e.Text)
		p.open = !strings.HasSuffix(e.Text, "\n")
	case chat.ToolStarted:
		p.status(llm.StatusOf(e.Call))
	case chat.ToolStatus:
		if e.Status.State != llm.ToolRunning { // which was said when it started
			p.status(e.Status)
		}
	case chat.ToolEnded:
		for _, n := range e.Result.Notes {
			p.line("ℹ️  " + n)
		}
		if r := e.Result.Run; r != nil {
			how := "✅ Done in"
			if e.Result.Failed {
				how = "❌ Failed after"
			}
			p.line(fmt.Sprintf("%s %s", how, max(r.Elapsed.Round(time.Millisecond), time.Millisecond)))
		}
	case chat.Notice:
		p.line("ℹ️  " + e.Text)
	}
}

func (p *turnPrinter) status(s llm.ToolStatus) { p.line(s.Emoji() + " " + s.String()) }

func (p *turnPrinter) line(text string) {
	if text == p.last {
		return
	}
	p.last = text
	p.end()
	fmt.Fprintln(p.err, text)
}

func (p *turnPrinter) end() {
	if p.open {
		fmt.Fprintln(p.out)
		p.open = false
	}
}

// asker puts yes-or-no questions of tools to the person at the terminal.
func (m *Main) asker(yes bool) func(context.Context, string) (bool, error) {
	return func(ctx context.Context, question string) (bool, error) {
		if yes {
			return true, nil
		}
		f, ok := m.Stdin.(*os.File)
		if !ok || !isTerminal(f) {
			fmt.Fprintf(m.Stderr, "%s No: nobody is there to be asked (use --yes).\n", question)
			return false, nil
		}
		fmt.Fprintf(m.Stderr, "%s [y/N] ", strings.ReplaceAll(question, "**", ""))
		answer := make(chan string, 1)
		go func() {
			line, _ := bufio.NewReader(f).ReadString('\n')
			answer <- line
		}()
		select {
		case line := <-answer:
			return strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), "y"), nil
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// lifetime says how long a file is kept.
func lifetime(f files.File) string {
	if f.ExpiresAt.IsZero() {
		return "♾️ This file never expires (permanent storage)"
	}
	left := time.Until(f.ExpiresAt).Round(time.Hour)
	return fmt.Sprintf("⏰ Expires in %dh", int(left.Hours()))
}

package terminal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/llm"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/table"
)

// Answer is an answer for a program.
type Answer struct {
	Text         string        `json:"text"`
	Files        []Made        `json:"files,omitempty"`
	Tables       []table.Table `json:"tables,omitempty"`
	Notices      []string      `json:"notices,omitempty"`
	Model        string        `json:"model,omitempty"`
	Conversation string        `json:"conversation"`
	Input        int           `json:"input_tokens"`
	Output       int           `json:"output_tokens"`
	Cost         json.Number   `json:"cost_usd,omitempty"` // if there is one that is known
	Error        string        `json:"error,omitempty"`    // why the answer is not whole
}

// Answer asks a question about files that are saved, and returns the answer. With
// an error it has what there was by then.
func (t *Terminal) Answer(ctx context.Context, prompt string, attached []files.File) (Answer, error) {
	a := Answer{Conversation: t.opts.Conversation}
	ended, err := t.follow(ctx, prompt, attached, func(e assistant.Event) {
		switch e := e.(type) {
		case chat.ToolEnded:
			a.Tables = append(a.Tables, e.Result.Tables...)
		case chat.Notice:
			a.Notices = append(a.Notices, e.Text)
		}
	})
	r := ended.Result
	a.Text, a.Model, a.Input, a.Output = r.Text, r.Model, r.Usage.Input, r.Usage.Output
	if r.Cost > 0 {
		a.Cost = json.Number(strings.TrimPrefix(r.Cost.String(), "$"))
	}
	if err == nil {
		a.Files, err = t.fetch(ctx, r.Files)
	}
	if err != nil {
		a.Error = t.a.Explain(err, "answering in the terminal", frontEnd.In(t.opts.Language))
	}
	return a, err
}

// fetch writes the files that an answer made into the folder, if there is one.
func (t *Terminal) fetch(ctx context.Context, all []files.File) ([]Made, error) {
	var ids []string
	for _, f := range all {
		ids = append(ids, string(f.ID))
	}
	return Fetch(context.WithoutCancel(ctx), t.a.Files(), t.opts.User, ids, t.opts.Folder)
}

// Ask asks a question about files that are saved, and prints the answer as it
// comes.
func (t *Terminal) Ask(ctx context.Context, prompt string, attached []files.File) error {
	columns := width(t.opts.Out)
	text, closeText := styled(t.opts.Out, columns)
	p := &printer{out: t.opts.Out, text: text, status: t.opts.Status, width: columns, closeText: closeText, lang: t.opts.Language, spin: newSpinner(t.opts.Status)}
	p.spin.start()
	ended, err := t.follow(ctx, prompt, attached, p.show)
	p.end()
	made, ferr := t.fetch(ctx, ended.Result.Files)
	for _, f := range made {
		t.show(ctx, f)
		if t.editor != nil && f.Path == "" {
			fmt.Fprintf(t.opts.Out, "%s → /open %s\n", f, f.Name)
			continue
		}
		fmt.Fprintln(t.opts.Out, f)
	}
	return errors.Join(err, ferr)
}

// show shows a chart where the terminal can.
func (t *Terminal) show(ctx context.Context, f Made) {
	if !IsTerminal(t.opts.Out) || !strings.HasSuffix(strings.ToLower(f.Name), ".png") {
		return
	}
	p := t.pictures()
	if p == noPictures {
		return
	}
	_, r, err := t.a.Files().Open(ctx, t.opts.User, f.ID)
	if err != nil {
		return // the line of the file tells of it
	}
	defer r.Close()
	_ = showPicture(fileOf(t.opts.Out), p, r) // likewise
}

// pictures tells how the terminal shows pictures. One that is not known by its name
// is asked, once.
func (t *Terminal) pictures() protocol {
	if p := pictures(os.Getenv); p != noPictures {
		return p
	}
	t.asked.Do(func() {
		if IsTerminal(t.opts.In) && os.Getenv("TERM") != "dumb" {
			t.sixel = asksSixel(fileOf(t.opts.In), fileOf(t.opts.Out), time.Second)
		}
	})
	if t.sixel {
		return sixel
	}
	return noPictures
}

// follow asks, shows what happens, and answers what the person is asked.
func (t *Terminal) follow(ctx context.Context, prompt string, attached []files.File, show func(assistant.Event)) (ended assistant.Ended, err error) {
	t.n++
	turn, err := t.a.Ask(assistant.Request{
		ID: fmt.Sprintf("%s:%d:%d", t.opts.Conversation, time.Now().UnixNano(), t.n), User: t.opts.User, UserName: t.opts.UserName,
		Conversation: t.opts.Conversation, Model: t.opts.Model, FrontEnd: frontEnd.In(t.opts.Language), Again: true,
		Message: assistant.Message{Text: prompt, Own: prompt, Files: attached},
	})
	if err != nil {
		return ended, err
	}
	defer context.AfterFunc(ctx, func() { turn.Interrupt(context.Cause(ctx)) })()
	t.setTurn(turn)
	defer t.setTurn(nil)
	t.last = turn.ID
	open := map[string]func(){} // questions that the person is asked, and what calls each off
	defer func() {
		for _, end := range open {
			end()
		}
	}()
	for _, e := range turn.Follow(context.WithoutCancel(ctx), 0) {
		switch e := e.(type) {
		case assistant.Asked:
			show(e)
			open[e.Question.ID] = t.put(ctx, e.Question)
		case assistant.Answered:
			if end := open[e.Question.ID]; end != nil {
				end()
			}
			if e.Outcome == assistant.TimedOut {
				show(chat.Notice{Text: t.opts.Language.T("Nobody answered the question in time.")})
			}
		case assistant.Ended:
			ended = e
		default:
			show(e)
		}
	}
	return ended, ended.Err
}

func (t *Terminal) setTurn(turn *assistant.Turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn = turn
}

// printer prints the events of a turn: the answer on out, what happens beside it
// on status.
type printer struct {
	out, text, status io.Writer // text: what the model writes, shown in out
	closeText         func()
	width             int  // columns of the window
	open              bool // the last line of out has no end yet
	last              string
	lang              *locale.Language
	spin              *spinner
}

func (p *printer) show(e assistant.Event) {
	switch e := e.(type) {
	case assistant.Asked:
		p.spin.stop()
	case chat.TextDelta:
		p.spin.stop()
		io.WriteString(p.text, e.Text)
		p.open = !strings.HasSuffix(e.Text, "\n")
	case chat.ToolStarted:
		p.state(llm.StatusOf(e.Call))
	case chat.ToolStatus:
		if e.Status.State != llm.ToolRunning { // which was said when it started
			p.state(e.Status)
		}
	case chat.ToolEnded:
		for _, n := range e.Result.Notes {
			p.line("ℹ️  " + n.In(p.lang))
		}
		for _, one := range e.Result.Tables {
			p.table(one)
		}
		if r := e.Result.Run; r != nil {
			took := max(r.Elapsed.Round(time.Millisecond), time.Millisecond)
			if e.Result.Failed {
				p.line("❌ " + p.lang.T("Failed after %s", took))
			} else {
				p.line("✅ " + p.lang.T("Done in %s", took))
			}
		}
		p.wait()
	case chat.Notice:
		p.line("ℹ️  " + e.Text)
		p.wait()
	}
}

func (p *printer) state(s llm.ToolStatus) {
	p.line(s.Emoji() + " " + s.Text(p.lang))
	p.wait()
}

// wait shows that something goes on, below what is shown.
func (p *printer) wait() {
	p.end()
	p.spin.start()
}

// shownRows is how many rows of a table are printed.
const shownRows = 30

// table prints a table that fits the window; the columns that do not fit follow
// below.
func (p *printer) table(t table.Table) {
	p.end()
	text := t.Wrap(p.width, shownRows)
	fmt.Fprint(p.out, "\n"+text.Lines)
	if text.Note != "" {
		fmt.Fprintln(p.out, text.Note)
	}
	fmt.Fprintln(p.out)
}

// width is how many columns the window has that out writes to; 80 if it is none.
func width(out io.Writer) int {
	if f := fileOf(out); f != nil {
		if size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil && size.Col >= 20 {
			return int(size.Col)
		}
	}
	return 80
}

func (p *printer) line(text string) {
	p.spin.stop()
	if text == p.last {
		return
	}
	p.last = text
	p.end()
	fmt.Fprintln(p.status, text)
}

func (p *printer) end() {
	p.spin.stop()
	if p.closeText != nil {
		p.closeText()
	}
	if p.open {
		fmt.Fprintln(p.out)
		p.open = false
	}
}

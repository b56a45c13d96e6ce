package terminal

import (
	"context"
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
	"github.com/attachebot/attache/internal/table"
)

// Ask asks a question about files that are saved, and prints the answer as it
// comes.
func (t *Terminal) Ask(ctx context.Context, prompt string, attached []files.File) error {
	t.n++
	turn, err := t.a.Ask(assistant.Request{
		ID: fmt.Sprintf("%s:%d:%d", t.opts.Conversation, time.Now().UnixNano(), t.n), User: t.opts.User, UserName: t.opts.UserName,
		Conversation: t.opts.Conversation, FrontEnd: frontEnd, Again: true,
		Message: assistant.Message{Text: prompt, Files: attached},
	})
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { turn.Interrupt(context.Cause(ctx)) })()
	t.setTurn(turn)
	defer t.setTurn(nil)
	p := &printer{out: t.opts.Out, status: t.opts.Status, width: width(t.opts.Out)}
	var ended assistant.Ended
	for _, e := range turn.Follow(context.WithoutCancel(ctx), 0) {
		switch e := e.(type) {
		case assistant.Asked:
			go t.answer(ctx, e.Question)
		case assistant.Ended:
			ended = e
		default:
			p.show(e)
		}
	}
	p.end()
	var ids []string
	for _, f := range ended.Result.Files {
		ids = append(ids, string(f.ID))
	}
	made, err := Fetch(context.WithoutCancel(ctx), t.a.Files(), t.opts.User, ids, t.opts.Folder)
	for _, f := range made {
		fmt.Fprintln(t.opts.Out, f)
	}
	return errors.Join(ended.Err, err)
}

func (t *Terminal) setTurn(turn *assistant.Turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn = turn
}

func (t *Terminal) answer(ctx context.Context, q assistant.Question) {
	yes, err := Asker(t.opts.In, t.opts.Status, t.opts.Yes)(ctx, q.Text)
	if err == nil {
		t.complain(t.a.Answer(t.opts.User, q.ID, yes))
	}
}

// printer prints the events of a turn: the answer on out, what happens beside it
// on status.
type printer struct {
	out, status io.Writer
	width       int  // columns of the window
	open        bool // the last line of out has no end yet
	last        string
}

func (p *printer) show(e assistant.Event) {
	switch e := e.(type) {
	case chat.TextDelta:
		io.WriteString(p.out, e.Text)
		p.open = !strings.HasSuffix(e.Text, "\n")
	case chat.ToolStarted:
		p.state(llm.StatusOf(e.Call))
	case chat.ToolStatus:
		if e.Status.State != llm.ToolRunning { // which was said when it started
			p.state(e.Status)
		}
	case chat.ToolEnded:
		for _, n := range e.Result.Notes {
			p.line("ℹ️  " + n)
		}
		for _, one := range e.Result.Tables {
			p.table(one)
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

func (p *printer) state(s llm.ToolStatus) { p.line(s.Emoji() + " " + s.String()) }

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
	if f, ok := out.(*os.File); ok {
		if size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil && size.Col >= 20 {
			return int(size.Col)
		}
	}
	return 80
}

func (p *printer) line(text string) {
	if text == p.last {
		return
	}
	p.last = text
	p.end()
	fmt.Fprintln(p.status, text)
}

func (p *printer) end() {
	if p.open {
		fmt.Fprintln(p.out)
		p.open = false
	}
}

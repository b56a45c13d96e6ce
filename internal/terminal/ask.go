package terminal

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/table"
)

// Asker puts yes-or-no questions to the person at in, who is told on status.
// Where nobody is there, and yes is false, the answer is no. What was typed before
// a question is no answer to it, and what is typed after ctx has ended is left for
// who reads next.
func Asker(in io.Reader, status io.Writer, yes bool, l *locale.Language) func(context.Context, locale.Message) (bool, error) {
	return func(ctx context.Context, message locale.Message) (bool, error) {
		question := message.In(l)
		if yes {
			return true, nil
		}
		if !IsTerminal(in) {
			fmt.Fprintf(status, "%s %s\n", question, l.T("No: nobody is there to be asked (use --yes)."))
			return false, nil
		}
		question = strings.ReplaceAll(question, "**", "") + " " + l.T("[y/N]")
		if IsTerminal(status) {
			question = table.Fit(question, width(status)-1)
		}
		_ = unix.IoctlSetInt(int(fileOf(in).Fd()), unix.TCFLSH, unix.TCIFLUSH)
		fmt.Fprint(status, question+" ")
		line, err := readAnswer(ctx, fileOf(in))
		if err != nil {
			fmt.Fprintln(status)
			return false, err
		}
		return agrees(l, line), nil
	}
}

// readAnswer reads a line that a person enters. When ctx ends first, nothing of it
// is taken: a read that waits could not be called off.
func readAnswer(ctx context.Context, in *os.File) (string, error) {
	if err := waitFor(ctx, in); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(in).ReadString('\n') // a terminal can be read when a line is whole
	if errors.Is(err, io.EOF) {
		err = nil // Ctrl-D
	}
	return line, err
}

// Input reads what a program has on standard input, as it is asked for, and
// nothing at its end. When ctx ends first, nothing of it is taken.
func Input(in io.Reader) func(ctx context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		if f := fileOf(in); f != nil {
			if err := waitFor(ctx, f); err != nil {
				return nil, err
			}
		}
		data := make([]byte, 64<<10)
		for {
			n, err := in.Read(data)
			switch {
			case n > 0:
				return data[:n], nil
			case errors.Is(err, io.EOF):
				return nil, nil
			case err != nil:
				return nil, fault.Wrap(err, fault.Invalid, "Standard input can't be read: %v.", cmp.Or(errors.Unwrap(err), err))
			}
		}
	}
}

// waitFor waits until a read does not.
func waitFor(ctx context.Context, in *os.File) error {
	ended, end, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ended.Close()
	defer end.Close()
	defer context.AfterFunc(ctx, func() { end.Close() })()
	for {
		_, err := unix.Poll([]unix.PollFd{
			{Fd: int32(in.Fd()), Events: unix.POLLIN}, {Fd: int32(ended.Fd()), Events: unix.POLLIN},
		}, -1)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil || !errors.Is(err, unix.EINTR):
			return err
		}
	}
}

// agrees tells whether a line is a yes: a y, or the letter that the language shows
// for it.
func agrees(l *locale.Language, line string) bool {
	line = strings.ToLower(strings.TrimSpace(line))
	yes, _, _ := strings.Cut(strings.TrimPrefix(l.T("[y/N]"), "["), "/")
	return strings.HasPrefix(line, "y") || strings.HasPrefix(line, strings.ToLower(yes))
}

// put asks the person what a turn asks. The function that it returns calls the
// question off, and returns when nobody reads an answer any more; twice is once.
func (t *Terminal) put(ctx context.Context, q assistant.Question) func() {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t.asks.Lock()
		defer t.asks.Unlock()
		if ctx.Err() != nil {
			return
		}
		yes, err := Asker(t.opts.In, t.opts.Status, t.opts.Yes, t.opts.Language)(ctx, q.Text)
		if err == nil {
			t.complain(t.a.Answer(t.opts.User, q.ID, yes))
		}
	}()
	return func() { cancel(); <-ended }
}

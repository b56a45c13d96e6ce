package gvisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/table"
)

// Bounds of what one cell may send, whatever the code makes of the protocol.
const (
	maxShown    = 25
	maxFiles    = 20
	maxFileSize = 50 << 20
	maxAsks     = 2000
	maxNotes    = 20
	grace       = 5 * time.Second // between an interrupt and the kill
)

// errProtocol ends a session whose frames make no sense any more.
var errProtocol = errors.New("the session broke its protocol")

// answerer answers what the code asks the host for, within the rights of the
// cell's user. It returns the fields of the reply.
type answerer func(ctx context.Context, m *message) (map[string]any, error)

// runCell runs one cell in c. An error means that the session is of no use any
// more; the result is complete even then. busy says that the code left threads
// running.
func (c *container) runCell(ctx context.Context, number int64, cell sandbox.Cell, limits sandbox.Limits, answer answerer) (res sandbox.Result, busy bool, err error) {
	r := &cellRun{c: c, cell: cell, number: number, answer: answer}
	r.out = newOutput(limits.Output, cell.Output)
	r.shared = context.WithoutCancel(ctx)
	c.out.redirect(func(b []byte) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.out.write(b)
	})
	err = r.loop(ctx, limits.Time)
	c.out.redirect(nil)
	r.out.end()
	r.res.Output = tidyTerminal(r.out.String())
	return r.res, r.busy, err
}

// cellRun is the state of one running cell.
type cellRun struct {
	c      *container
	cell   sandbox.Cell
	number int64
	answer answerer
	shared context.Context

	mu   sync.Mutex // cell's funcs and out
	out  *output
	res  sandbox.Result
	asks int
	sent int
	busy bool // threads were left running
}

func (r *cellRun) loop(ctx context.Context, limit time.Duration) error {
	if err := r.c.send(map[string]any{"op": "run", "id": r.number, "code": r.cell.Code}); err != nil {
		return r.end(sandbox.Crashed, "The Python process ended.")
	}
	clock := newStopwatch(limit)
	defer clock.stop()
	var (
		stopping sandbox.Outcome // why an interrupt was sent
		killed   <-chan time.Time
		canceled = ctx.Done()
	)
	interrupt := func(why sandbox.Outcome) {
		stopping = why
		clock.stop()
		killed = time.After(grace)
		go r.c.interrupt(r.shared)
	}
	for {
		select {
		case f, ok := <-r.c.frames:
			if !ok {
				return r.died(stopping)
			}
			clock.pause()
			done, err := r.frame(ctx, f)
			if err != nil {
				r.c.kill()
				return r.end(sandbox.Crashed, "The session was ended, because it broke its protocol.")
			}
			if done {
				r.finish(stopping, clock)
				return nil
			}
			if stopping == "" {
				clock.resume()
			}
		case <-clock.C():
			interrupt(sandbox.TimedOut)
		case <-canceled:
			canceled = nil
			if stopping == "" {
				interrupt(sandbox.Interrupted)
			}
		case <-killed:
			r.c.kill()
			<-r.c.ended
			return r.died(stopping)
		}
	}
}

// died ends a cell whose sandbox is gone. What that costs is not known here.
func (r *cellRun) died(stopping sandbox.Outcome) error {
	<-r.c.ended
	switch {
	case r.c.oom.Load():
		return r.end(sandbox.OutOfMemory, "The code used more memory than a session may have, and was ended.")
	case stopping == sandbox.TimedOut:
		return r.end(sandbox.TimedOut, "The code ran into the time limit, did not react to the interrupt and was ended.")
	case stopping == sandbox.Interrupted:
		return r.end(sandbox.Interrupted, "The code was stopped; it did not react to the interrupt and was ended.")
	}
	return r.end(sandbox.Crashed, "The Python process ended unexpectedly.")
}

func (r *cellRun) end(o sandbox.Outcome, why string) error {
	r.res.Outcome, r.res.Error, r.res.Lost = o, why, true
	return errEnded
}

func (r *cellRun) finish(stopping sandbox.Outcome, clock *stopwatch) {
	r.res.Elapsed = max(r.res.Elapsed-clock.paused, 0)
	if r.res.Outcome == sandbox.Interrupted && stopping == sandbox.TimedOut {
		r.res.Outcome = sandbox.TimedOut
		r.res.Error = fmt.Sprintf("The code was interrupted after %s, the time limit. Variables are kept.\n%s", clock.limit, r.res.Error)
	}
	if r.res.Outcome == sandbox.Interrupted && stopping == "" {
		r.res.Outcome = sandbox.Failed // its own KeyboardInterrupt
	}
}

// frame handles one frame and reports whether the cell is done.
func (r *cellRun) frame(ctx context.Context, f frame) (done bool, err error) {
	if f.msg == nil {
		return false, nil // bytes of a file that nobody wants
	}
	m := f.msg
	switch m.Op {
	case "ask":
		return false, r.ask(ctx, m)
	case "show":
		if len(r.res.Shown) < maxShown {
			r.res.Shown = append(r.res.Shown, sandbox.Shown{Text: m.Text, Table: validTable(m.Table)})
		}
	case "file":
		return false, r.file(ctx, m)
	case "done":
		if m.ID != r.number {
			return false, nil // of another cell, or forged
		}
		r.take(m)
		return true, nil
	}
	return false, nil
}

func (r *cellRun) take(m *message) {
	switch o := sandbox.Outcome(m.Status); o {
	case sandbox.OK, sandbox.Failed, sandbox.Interrupted:
		r.res.Outcome = o
	default:
		r.res.Outcome = sandbox.Failed
	}
	r.res.Error = m.Error
	r.busy = m.Threads > 0
	r.res.Warnings = clip(m.Warnings, 20)
	r.res.Packages = append(r.res.Packages, clip(m.Packages, 20)...)
	if m.Seconds > 0 && m.Seconds < 1e6 {
		r.res.Elapsed = time.Duration(m.Seconds * float64(time.Second))
	}
	if len(m.Left) > 0 {
		var names []string
		for _, l := range m.Left[:min(5, len(m.Left))] {
			names = append(names, fmt.Sprintf("%s (%s)", oneLine(l.Name, 80), oneLine(l.Why, 80)))
		}
		note := "Files not sent: " + strings.Join(names, ", ")
		if more := max(m.LeftCount, len(m.Left)) - len(names); more > 0 {
			note += fmt.Sprintf(" and %d more", more)
		}
		r.note(note)
	}
}

func (r *cellRun) note(text string) {
	if len(r.res.Notes) < maxNotes {
		r.res.Notes = append(r.res.Notes, text)
	}
}

// ask answers a question of the code. A failure is an answer too.
func (r *cellRun) ask(ctx context.Context, m *message) error {
	if r.asks++; r.asks > maxAsks {
		return errProtocol
	}
	reply, err := r.answer(ctx, m)
	if err != nil {
		reply = map[string]any{"error": sentence(err)}
	}
	if reply == nil {
		reply = map[string]any{}
	}
	reply["id"] = m.ID
	return r.c.send(reply)
}

// file passes a file on as it comes. What Save does not read is dropped.
func (r *cellRun) file(ctx context.Context, m *message) error {
	body := &fileBody{c: r.c, ctx: r.shared, left: maxFileSize}
	if r.sent++; r.sent <= maxFiles && r.cell.Save != nil {
		name := path.Base(path.Clean("/" + m.Name))
		if err := r.cell.Save(ctx, name, body); err != nil {
			r.note(fmt.Sprintf("%s was not saved: %s", oneLine(name, 80), sentence(err)))
		}
	}
	_, err := io.Copy(io.Discard, body)
	return err
}

// fileBody reads the bytes of one file out of the frames.
type fileBody struct {
	c    *container
	ctx  context.Context
	data []byte
	left int64
	end  bool

	strays int
}

func (b *fileBody) Read(p []byte) (int, error) {
	for len(b.data) == 0 {
		if b.end {
			return 0, io.EOF
		}
		ctx, cancel := context.WithTimeoutCause(b.ctx, 30*time.Second, errProtocol)
		f, err := b.c.receive(ctx)
		cancel()
		switch {
		case err != nil:
			return 0, err
		case f.msg == nil:
			if b.left -= int64(len(f.data)); b.left < 0 {
				return 0, errProtocol
			}
			b.data = f.data
		case f.msg.Op == "file_end":
			b.end = true
		default: // another thread of the code speaks in between: nothing that matters
			if b.strays++; b.strays > 1000 {
				return 0, errProtocol
			}
		}
	}
	n := copy(p, b.data)
	b.data = b.data[n:]
	return n, nil
}

// validTable returns the table if it is within the bounds that the runner
// keeps, or nil.
func validTable(t *table.Table) *table.Table {
	if t == nil || len(t.Columns) == 0 || len(t.Columns) > 64 || len(t.Rows) > 200 {
		return nil
	}
	for _, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return nil
		}
	}
	t.TotalRows = max(t.TotalRows, len(t.Rows))
	t.TotalColumns = max(t.TotalColumns, len(t.Columns))
	return t
}

// stopwatch counts down a limit of running time. It begins running.
type stopwatch struct {
	limit, left time.Duration
	paused      time.Duration // altogether, until the last resume
	since       time.Time     // of the current run; zero when paused
	stopped     time.Time     // of the current pause
	timer       *time.Timer
}

func newStopwatch(limit time.Duration) *stopwatch {
	return &stopwatch{limit: limit, left: limit, since: time.Now(), timer: time.NewTimer(limit)}
}

func (s *stopwatch) C() <-chan time.Time { return s.timer.C }

func (s *stopwatch) pause() {
	if !s.since.IsZero() {
		s.left -= time.Since(s.since)
		s.since, s.stopped = time.Time{}, time.Now()
		s.timer.Stop()
	}
}

func (s *stopwatch) resume() {
	s.since = time.Now()
	s.paused += s.since.Sub(s.stopped)
	s.timer.Reset(max(s.left, 0))
}

func (s *stopwatch) stop() { s.pause() }

// tidyTerminal makes of a terminal's output what stands there at the end:
// a line that was overwritten (progress bars do) keeps its last form.
func tidyTerminal(s string) string {
	if !strings.ContainsRune(s, '\r') {
		return s
	}
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		if cut := strings.LastIndexByte(strings.TrimRight(l, "\r"), '\r'); cut >= 0 {
			lines[i] = strings.TrimRight(l, "\r")[cut+1:]
		} else {
			lines[i] = strings.TrimRight(l, "\r")
		}
	}
	return strings.Join(lines, "\n")
}

// oneLine makes s fit for a note: one line of at most n bytes.
func oneLine(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}

func clip(list []string, n int) []string {
	list = list[:min(n, len(list))]
	for i := range list {
		list[i] = oneLine(list[i], 1000)
	}
	return list
}

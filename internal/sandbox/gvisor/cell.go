package gvisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/gvisor/output"
)

// Bounds of what one cell may send, whatever the code makes of the protocol.
const (
	maxShown    = 25
	maxFiles    = 20
	maxFileSize = 50 << 20
	maxAsks     = 2000
	maxNotes    = 20
	maxTraffic  = 64 << 20         // bytes of messages, files apart
	maxStrays   = 50_000           // frames of bytes that belong to nothing
	grace       = 3 * time.Second  // between an interrupt and the kill
	chance      = 2 * time.Second  // how much of it is left at least when the interrupt arrives
	arrival     = 7 * time.Second  // how long it may take to arrive, on a machine that is very busy
	hostTime    = 10 * time.Minute // of questions, installs and saving that does not count as running
	replyTime   = 3 * time.Second  // how long the code may leave an answer unread
	freeErrors  = 3                // answers with an error that cost the code no time; later ones do
)

// errProtocol ends a session whose frames make no sense any more.
var errProtocol = errors.New("the session broke its protocol")

var (
	errTime     = fault.New(fault.Canceled, "The time limit was reached.")
	errStopping = fault.New(fault.Canceled, "The code is being stopped.")
)

// answerer answers what the code asks the host for, within the rights of the
// cell's user. It returns the fields of the reply.
type answerer func(ctx context.Context, m *container.Message) (map[string]any, error)

// runCell runs one cell in c. An error means that the session is of no use any
// more; the result is complete even then. busy says that the code left threads
// running.
func runCell(ctx context.Context, c *container.Container, number int64, cell sandbox.Cell, limits sandbox.Limits, answer answerer) (res sandbox.Result, busy bool, err error) {
	r := &cellRun{c: c, cell: cell, number: number, answer: answer, arrived: make(chan struct{})}
	r.out = output.New(limits.Output, cell.Output)
	r.shared = context.WithoutCancel(ctx)
	c.Redirect(func(b []byte) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.out.Write(b)
	})
	err = r.loop(ctx, limits.Time)
	c.Redirect(nil)
	r.out.End()
	r.res.Output = output.Tidy(r.out.String())
	return r.res, r.busy, err
}

// cellRun is the state of one running cell.
type cellRun struct {
	c      *container.Container
	cell   sandbox.Cell
	number int64
	answer answerer
	shared context.Context

	mu   sync.Mutex // cell's funcs and out
	out  *output.Output
	res  sandbox.Result
	asks int
	bad  int // of them, those that were answered with an error
	sent int
	busy bool // threads were left running

	clock    *stopwatch
	stopping sandbox.Outcome // why an interrupt was sent; empty: none was
	asked    time.Time       // when it was
	arrived  chan struct{}   // closed when it is there
	traffic  int             // bytes of messages
	strays   int             // frames of bytes that belong to nothing
}

// loop ends when the cell is done, or by the clock: whatever the runner sends
// or does not send, the host waits for it no longer than the limit and grace.
func (r *cellRun) loop(ctx context.Context, limit time.Duration) error {
	run := map[string]any{"op": "run", "id": r.number, "code": r.cell.Code}
	if len(r.cell.Args) > 0 {
		run["argv"] = r.cell.Args
	}
	if err := r.c.Send(run); err != nil {
		r.c.End()
		return r.end(sandbox.Crashed, 1, "The Python process did not answer and was ended.")
	}
	r.clock = newStopwatch(limit, hostTime)
	defer func() {
		r.clock.stop()
		r.res.Elapsed = r.clock.ran()
	}()
	canceled, arrived := ctx.Done(), r.arrived
	for {
		select {
		case f, ok := <-r.c.Frames():
			if !ok {
				return r.gone(ctx)
			}
			done, err := r.frame(ctx, f)
			switch {
			case done:
				r.settle()
				r.finish()
				return nil
			case err == nil:
			case errors.Is(err, container.ErrEnded):
				return r.gone(ctx)
			case errors.Is(err, os.ErrDeadlineExceeded): // it does not read: the stream is out of step
				if r.stopping == "" && ctx.Err() != nil {
					r.stopping = sandbox.Interrupted
				}
				return r.died()
			case ctx.Err() != nil && r.stopping == "", r.clock.over():
				// Given up for that reason, which is seen below.
			default:
				r.c.Kill()
				return r.end(sandbox.Crashed, 1, brokeProtocol)
			}
		case <-r.clock.C():
		case <-arrived:
			arrived = nil
			r.clock.restart(max(grace-time.Since(r.asked), chance))
		case <-canceled:
			canceled = nil
		}
		switch {
		case r.stopping == "" && ctx.Err() != nil:
			r.interrupt(sandbox.Interrupted)
		case !r.clock.over():
		case r.stopping == "":
			r.interrupt(sandbox.TimedOut)
		default:
			return r.died()
		}
	}
}

// interrupt asks the code to stop. It has the time of grace for it.
func (r *cellRun) interrupt(why sandbox.Outcome) {
	r.stopping, r.asked = why, time.Now()
	r.clock.restart(arrival)
	go func() {
		ctx, cancel := context.WithTimeout(r.shared, arrival)
		defer cancel()
		r.c.Interrupt(ctx)
		close(r.arrived)
	}()
}

// settle has the runner forget an interrupt that came when its cell was done, or
// before it began: the next cell is not meant. Whether that arrives, the next cell sees.
func (r *cellRun) settle() {
	if r.stopping == "" {
		return
	}
	<-r.arrived
	r.c.SendWithin(replyTime, map[string]any{"op": "settle"})
}

// gone is died of a runner whose frames ended, mostly by its own end: that has the time
// of grace, so that its status is known. Stop ends the wait.
func (r *cellRun) gone(ctx context.Context) error {
	select {
	case <-r.c.Ended():
	case <-time.After(grace):
	case <-ctx.Done():
		if !r.c.Gone() && r.stopping == "" {
			r.stopping = sandbox.Interrupted
		}
	}
	return r.died()
}

// died ends a cell whose sandbox is gone, or is killed. What that costs is not known here.
func (r *cellRun) died() error {
	r.c.Kill()
	if r.stopping == "" { // else why it ended is known before it has
		r.c.End()
	}
	switch {
	case r.c.EndedFor(container.OverMemory):
		return r.end(sandbox.OutOfMemory, 0, "The code used more memory than a session may have, and was ended.")
	case r.stopping == sandbox.TimedOut:
		return r.end(sandbox.TimedOut, 0, "The code ran into the time limit, did not react to the interrupt and was ended.")
	case r.stopping == sandbox.Interrupted:
		return r.end(sandbox.Interrupted, 0, "The code was stopped; it did not react to the interrupt and was ended.")
	case r.c.EndedFor(container.NoFrame):
		return r.end(sandbox.Crashed, 1, brokeProtocol)
	case r.c.EndedFor(container.CutOff):
		return r.end(sandbox.Crashed, 1, "The code closed the connection to its session, and was ended.")
	}
	status, known := r.c.Status()
	switch {
	case !known:
		return r.end(sandbox.Crashed, 1, "The Python process ended unexpectedly.")
	case status > 128 && status <= 128+lastSignal:
		return r.end(sandbox.Crashed, status, fmt.Sprintf("The Python process crashed: %s.", syscall.Signal(status-128)))
	}
	return r.end(sandbox.Crashed, status, fmt.Sprintf("The Python process ended itself, with status %d.", status))
}

const (
	lastSignal    = 64 // the highest number of one
	brokeProtocol = "The session was ended, because it broke its protocol."
)

func (r *cellRun) end(o sandbox.Outcome, exit int, why string) error {
	r.res.Outcome, r.res.Exit, r.res.Error, r.res.Lost = o, exit, why, true
	return container.ErrEnded
}

func (r *cellRun) finish() {
	if r.res.Outcome == sandbox.Interrupted && r.stopping == sandbox.TimedOut {
		r.res.Outcome = sandbox.TimedOut
		r.res.Error = fmt.Sprintf("The code was interrupted after %s, the time limit. Variables are kept.\n%s", r.clock.limit, r.res.Error)
	}
	if r.res.Outcome == sandbox.Interrupted && r.stopping == "" {
		r.res.Outcome, r.res.Exit = sandbox.Failed, 130 // its own KeyboardInterrupt
	}
}

// frame handles one frame and reports whether the cell is done.
func (r *cellRun) frame(ctx context.Context, f container.Frame) (done bool, err error) {
	if f.Msg == nil { // bytes of a file that nobody wants
		if r.strays++; r.strays > maxStrays {
			return false, errProtocol
		}
		return false, nil
	}
	m := f.Msg
	if m.Op == "stderr" && r.cell.Errors != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.cell.Errors(m.Text)
		return false, nil
	}
	if r.traffic += f.Size; r.traffic > maxTraffic {
		return false, errProtocol
	}
	switch m.Op {
	case "ask":
		return false, r.ask(ctx, m)
	case "show":
		if len(r.res.Shown) < maxShown {
			r.res.Shown = append(r.res.Shown, sandbox.Shown{Text: m.Text, Table: m.Table})
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

func (r *cellRun) take(m *container.Message) {
	switch o := sandbox.Outcome(m.Status); o {
	case sandbox.OK, sandbox.Failed, sandbox.Interrupted:
		r.res.Outcome = o
	default:
		r.res.Outcome = sandbox.Failed
	}
	r.res.Error = m.Error
	if r.res.Outcome == sandbox.Failed {
		r.res.Exit = m.Exit & 0xff
	}
	r.busy = m.Threads > 0
	r.res.Warnings = clip(m.Warnings, 20)
	if len(m.Left) > 0 {
		var names []string
		for _, l := range m.Left[:min(5, len(m.Left))] {
			name := brief.Bytes(brief.Line(l.Name), 80)
			if why, known := whyLeft[l.Why]; known {
				name += " (" + why + ")"
			}
			names = append(names, name)
		}
		note := locale.Later("Files not sent: %s", strings.Join(names, ", "))
		if more := max(m.LeftCount, len(m.Left)) - len(names); more > 0 {
			note = locale.Later("Files not sent: %s and %s more", strings.Join(names, ", "), strconv.Itoa(more))
		}
		r.note(note)
	}
}

// whyLeft has the reasons of the runner. What code says in its place is not ours to tell.
var whyLeft = map[string]string{
	"many":    fmt.Sprintf("only %d files of a run are sent", maxFiles),
	"large":   fmt.Sprintf("over %d MB", maxFileSize>>20),
	"stopped": "the code was stopped",
}

func (r *cellRun) note(text locale.Message) {
	if len(r.res.Notes) < maxNotes {
		r.res.Notes = append(r.res.Notes, text)
	}
}

// ask answers a question of the code. A failure is an answer too.
func (r *cellRun) ask(ctx context.Context, m *container.Message) error {
	if r.asks++; r.asks > maxAsks {
		return errProtocol
	}
	reply, err := r.answerIn(ctx, m)
	if err != nil {
		r.bad++
		reply = map[string]any{"error": sentence(err)}
	}
	if reply == nil {
		reply = map[string]any{}
	}
	for _, name := range installed(reply) {
		if !slices.Contains(r.res.Packages, name) {
			r.res.Packages = append(r.res.Packages, name)
		}
	}
	if data, _ := reply["data"].([]byte); len(data) > 0 {
		r.asks-- // standard input may be long
	}
	reply["id"] = m.ID
	wait := replyTime
	if r.stopping != "" {
		wait = min(wait, max(r.clock.remaining(), 0))
	}
	return r.c.SendWithin(wait, reply)
}

// answerIn answers within the time that the host's own work may take. Code that
// is being stopped gets no more answers, and code that asks for what there is
// not, again and again, uses its own time.
func (r *cellRun) answerIn(ctx context.Context, m *container.Message) (map[string]any, error) {
	if r.stopping != "" {
		return nil, errStopping
	}
	work := r.clock.hostWork
	if r.bad >= freeErrors {
		work = r.clock.within
	}
	ctx, done := work(ctx)
	defer done()
	return r.answer(ctx, m)
}

// file passes a file on as it comes. What Save does not read is dropped.
func (r *cellRun) file(ctx context.Context, m *container.Message) error {
	body := &fileBody{r: r, ctx: ctx, left: maxFileSize}
	if r.stopping == sandbox.Interrupted {
		body.ctx = r.shared // it is over; the clock ends the wait
	}
	if r.sent++; r.sent <= maxFiles && r.cell.Save != nil {
		name := path.Base(path.Clean("/" + m.Name))
		work, done := r.clock.hostWork(ctx)
		err := r.cell.Save(work, name, body)
		done()
		if err != nil {
			r.note(locale.Later("%s was not saved:", brief.Bytes(brief.Line(name), 80)).And(said(err)))
		}
	}
	_, err := io.Copy(io.Discard, body)
	if err == io.ErrUnexpectedEOF { // the rest does not come, and other frames do
		return nil
	}
	return err
}

// fileBody reads the bytes of one file out of the frames. Waiting for them is
// running time of the code.
type fileBody struct {
	r    *cellRun
	ctx  context.Context
	data []byte
	left int64 // bytes that may come yet; every frame costs some
	end  bool
	err  error

	strays int
}

func (b *fileBody) Read(p []byte) (int, error) {
	for len(b.data) == 0 && b.err == nil {
		if b.end {
			return 0, io.EOF
		}
		f, err := b.next()
		switch {
		case err != nil:
			b.err = err
		case f.Msg == nil:
			if b.left -= int64(max(len(f.Data), 1<<10)); b.left < -(1 << 10) {
				b.err = errProtocol
			}
			b.data = f.Data
		case f.Msg.Op == "file_end" && f.Msg.Size < 0: // it was stopped in the middle
			b.err = io.ErrUnexpectedEOF
		case f.Msg.Op == "file_end":
			b.end = true
		default: // another thread of the code speaks in between: nothing that matters
			if b.strays++; b.strays > 1000 {
				b.err = errProtocol
			}
		}
	}
	if b.err != nil {
		return 0, b.err
	}
	n := copy(p, b.data)
	b.data = b.data[n:]
	return n, nil
}

// next returns the next frame, until the cell is stopped or its time is over.
func (b *fileBody) next() (container.Frame, error) {
	clock := b.r.clock
	if clock.resume() {
		defer clock.pause()
	}
	if clock.over() {
		return container.Frame{}, errTime
	}
	select {
	case f, ok := <-b.r.c.Frames():
		if !ok {
			return container.Frame{}, container.ErrEnded
		}
		return f, nil
	case <-b.ctx.Done():
		return container.Frame{}, context.Cause(b.ctx)
	case <-clock.C():
		return container.Frame{}, errTime
	}
}

func clip(list []string, n int) []string {
	list = list[:min(n, len(list))]
	for i := range list {
		list[i] = brief.Bytes(brief.Line(list[i]), 1000)
	}
	return list
}

// sentence is what the code is told of an error.
func sentence(err error) string {
	if err == nil {
		return ""
	}
	return said(err).String()
}

// said is what the person is told of an error.
func said(err error) locale.Message {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return locale.Later("the file is shorter than it should be")
	}
	m := locale.Plain(fault.Message(err))
	fault.In(err, func(format string, args ...any) string {
		texts := make([]string, len(args))
		for i, a := range args {
			if s, ok := a.(fmt.Stringer); ok {
				a = s.String()
			}
			text, ok := a.(string)
			if !ok {
				return ""
			}
			texts[i] = text
		}
		m = locale.Later(format, texts...)
		return ""
	})
	return m
}

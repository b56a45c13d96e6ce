package remote

import (
	"context"
	"encoding/json"
	"io"
	"sync"
	"sync/atomic"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox"
)

// callee is a call on the worker's side: what the cell asks for goes to the
// caller and back.
type callee struct {
	l      *link
	cancel context.CancelCauseFunc // ends the cell

	mu      sync.Mutex
	last    uint32
	replies map[uint32]chan answer
	files   map[uint32]*io.PipeWriter // that the cell reads
	program chan program

	told atomic.Pointer[func()] // called when the caller has the outcome
}

func newCallee(l *link) *callee {
	return &callee{l: l, replies: map[uint32]chan answer{}, files: map[uint32]*io.PipeWriter{}, program: make(chan program, 1)}
}

// run takes what the caller sends until the link ends.
func (c *callee) run() {
	long := parts{}
	defer c.drop()
	go func() { // what reads no further keeps nobody
		<-c.l.over
		c.drop()
	}()
	for {
		f, err := c.l.take(nil)
		if err != nil {
			return
		}
		if f.kind == data || f.kind == end {
			err = c.file(f)
		} else if whole, perr := long.take(f); perr != nil {
			err = perr
		} else if f.kind != part {
			err = c.handle(f, whole)
		}
		if err != nil {
			c.l.fail(err)
			return
		}
		c.l.usedUp()
	}
}

var errLost = fault.New(fault.Unavailable, "The connection to Attaché was lost.")

func (c *callee) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.files {
		f.CloseWithError(errLost)
	}
}

func (c *callee) handle(f frame, b []byte) error {
	if f.kind != reply {
		return errFrame
	}
	if f.id == 0 {
		p, err := parseJSON[program](b)
		select {
		case c.program <- p:
		default:
			return errFrame
		}
		return err
	}
	a, err := parseJSON[answer](b)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.replies[f.id]; r != nil {
		r <- a // has room for one
		delete(c.replies, f.id)
	}
	return nil
}

// file passes bytes on to the cell that reads them. It waits for it.
func (c *callee) file(f frame) error {
	c.mu.Lock()
	w := c.files[f.id]
	c.mu.Unlock()
	if w == nil {
		return nil
	}
	if f.kind == data {
		defer stalls(func() { w.CloseWithError(errStalled) })()
		w.Write(f.data) // an error: the cell reads no further
		return nil
	}
	failed, err := endOf(f)
	if failed == nil {
		failed = io.EOF
	}
	w.CloseWithError(failed)
	c.mu.Lock()
	delete(c.files, f.id)
	c.mu.Unlock()
	return err
}

// ask sends a request, and the file that goes with it, and waits for the answer.
// A file that the caller sends is read from the reader returned.
func (c *callee) ask(ctx context.Context, what, arg string, body io.Reader) (answer, io.ReadCloser, error) {
	c.mu.Lock()
	c.last++
	id := c.last
	answered := make(chan answer, 1)
	c.replies[id] = answered
	var file *io.PipeReader
	if what == "open" || what == "get" {
		file, c.files[id] = io.Pipe()
	}
	c.mu.Unlock()
	forgetFile := func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.replies, id)
		delete(c.files, id)
	}
	err := c.l.sendJSON(ctx, request, id, question{what, arg})
	if err == nil && body != nil {
		err = c.l.sendFile(ctx, id, body)
	}
	if err != nil && ctx.Err() == nil && body == nil {
		forgetFile()
		return answer{}, nil, fault.Wrap(err, fault.Unavailable, "The connection to Attaché was lost.")
	}
	select {
	case a := <-answered:
		if err := a.Err.err(); err != nil || file == nil {
			forgetFile()
			return a, nil, err
		}
		return a, file, nil
	case <-c.l.over:
		forgetFile()
		return answer{}, nil, errLost
	case <-ctx.Done():
		forgetFile()
		if file != nil {
			file.Close()
		}
		go c.l.send(context.WithoutCancel(ctx), forget, id, nil)
		return answer{}, nil, context.Cause(ctx)
	}
}

// cell is what the driver runs. What it prints waits for the caller until worker ends.
func (c *callee) cell(worker context.Context, o order, p program) sandbox.Cell {
	cell := sandbox.Cell{Code: p.Code, Args: p.Args}
	if o.Files {
		cell.Files = callerFiles{c}
	}
	text := func(k kind) func(string) {
		return func(s string) {
			for len(s) > 0 {
				n := min(len(s), chunk)
				if c.l.send(worker, k, 0, []byte(s[:n])) != nil {
					return
				}
				s = s[n:]
			}
		}
	}
	if o.Output {
		cell.Output = text(output)
	}
	if o.Errors {
		cell.Errors = text(stderr)
	}
	if o.Input {
		cell.Input = func(ctx context.Context) ([]byte, error) {
			a, _, err := c.ask(ctx, "input", "", nil)
			return a.Data, err
		}
	}
	if o.Status {
		cell.Status = func(s sandbox.Status) { c.l.sendJSON(worker, status, 0, s) }
	}
	if o.Save {
		cell.Save = func(ctx context.Context, name string, r io.Reader) error {
			_, _, err := c.ask(ctx, "save", name, r)
			return err
		}
	}
	if o.Ask {
		cell.Ask = func(ctx context.Context, question locale.Message) (bool, error) {
			message, err := json.Marshal(question)
			if err != nil {
				return false, fault.Wrap(err, fault.Internal, "")
			}
			a, _, err := c.ask(ctx, "ask", string(message), nil)
			return a.Yes, err
		}
	}
	return cell
}

// callerFiles are the files of the caller's user.
type callerFiles struct{ c *callee }

var _ sandbox.Files = callerFiles{}

func (f callerFiles) List(ctx context.Context) ([]sandbox.FileInfo, error) {
	a, _, err := f.c.ask(ctx, "list", "", nil)
	return a.Infos, err
}

func (f callerFiles) Stat(ctx context.Context, id string) (sandbox.FileInfo, error) {
	a, _, err := f.c.ask(ctx, "stat", id, nil)
	return a.info(), err
}

func (f callerFiles) Open(ctx context.Context, id string) (sandbox.FileInfo, io.ReadCloser, error) {
	a, r, err := f.c.ask(ctx, "open", id, nil)
	return a.info(), r, err
}

func (f callerFiles) Delete(ctx context.Context, id string) (sandbox.FileInfo, bool, error) {
	a, _, err := f.c.ask(ctx, "delete", id, nil)
	return a.info(), a.Yes, err
}

// callerImages are where the caller keeps images.
type callerImages struct{ c *callee }

var _ sandbox.Images = callerImages{}

func (i callerImages) Has(ctx context.Context, name string) (bool, error) {
	a, _, err := i.c.ask(ctx, "has", name, nil)
	return a.Yes, err
}

func (i callerImages) Put(ctx context.Context, name string, r io.Reader) error {
	_, _, err := i.c.ask(ctx, "put", name, r)
	return err
}

func (i callerImages) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	_, r, err := i.c.ask(ctx, "get", name, nil)
	return r, err
}

func (a answer) info() sandbox.FileInfo {
	if a.Info == nil {
		return sandbox.FileInfo{}
	}
	return *a.Info
}

package remote

import (
	"context"
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox"
)

// caller is a call on the side of the process that asked for it: it serves what
// the cell asks for.
type caller struct {
	l      *link
	cell   sandbox.Cell
	images sandbox.Images // nil: none

	mu       sync.Mutex
	requests map[uint32]*served
	work     sync.WaitGroup
}

// served is a request of the cell that is being answered.
type served struct {
	cancel context.CancelFunc
	in     *io.PipeWriter // bytes of a file that the cell saves; nil: it saves none
}

func newCaller(l *link, cell sandbox.Cell, images sandbox.Images) *caller {
	return &caller{l: l, cell: cell, images: images, requests: map[uint32]*served{}}
}

// run serves the call until its outcome is there or the link breaks. Where the caller
// leaves, what is being saved is given up: nothing else arrives while that stalls.
func (c *caller) run(ctx context.Context) (out outcome, err error) {
	defer context.AfterFunc(ctx, c.drop)()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-c.l.over:
			c.drop()
		case <-ended:
		}
	}()
	defer c.work.Wait()
	defer cancel()
	defer c.drop()
	long := parts{}
	for {
		f, err := c.l.take(nil)
		if err != nil {
			return outcome{}, err
		}
		if f.kind == data || f.kind == end {
			err = c.file(f)
		} else if whole, perr := long.take(f); perr != nil {
			err = perr
		} else if f.kind == result {
			c.l.usedUp()
			return parseJSON[outcome](whole)
		} else if f.kind != part {
			err = c.handle(ctx, f, whole)
		}
		if err != nil {
			c.l.fail(err)
			return outcome{}, err
		}
		c.l.usedUp()
	}
}

// drop ends what still reads what the cell saves.
func (c *caller) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.requests {
		r.cancel()
		if r.in != nil {
			r.in.CloseWithError(notWhole(errGone))
		}
	}
}

func (c *caller) handle(ctx context.Context, f frame, b []byte) error {
	switch f.kind {
	case output:
		if c.cell.Output != nil {
			c.cell.Output(string(b))
		}
	case stderr:
		if c.cell.Errors != nil {
			c.cell.Errors(string(b))
		}
	case status:
		s, err := parseJSON[sandbox.Status](b)
		if err == nil && c.cell.Status != nil {
			c.cell.Status(s)
		}
		return err
	case forget:
		c.mu.Lock()
		defer c.mu.Unlock()
		if r := c.requests[f.id]; r != nil {
			r.cancel()
		}
	case request:
		q, err := parseJSON[question](b)
		if err != nil {
			return err
		}
		return c.serve(ctx, f.id, q)
	default:
		return errFrame
	}
	return nil
}

// file passes bytes on to what saves them. It waits for it.
func (c *caller) file(f frame) error {
	c.mu.Lock()
	r := c.requests[f.id]
	c.mu.Unlock()
	if r == nil || r.in == nil {
		return nil // it has been answered: nobody reads the rest
	}
	if f.kind == data {
		defer stalls(func() {
			r.cancel()
			r.in.CloseWithError(errStalled)
		})()
		r.in.Write(f.data) // an error: nobody reads the rest
		return nil
	}
	failed, err := endOf(f)
	if failed == nil {
		failed = io.EOF
	}
	r.in.CloseWithError(failed)
	return err
}

// stallTime is how long nothing of a file may get on.
var stallTime = time.Minute

var errStalled = fault.New(fault.Unavailable, "The file did not get on for too long; please try again.")

// stalls calls f if what comes next takes too long, until ended is called.
func stalls(f func()) (ended func()) {
	t := time.AfterFunc(stallTime, f)
	return func() { t.Stop() }
}

// stallReader gives a source up that has nothing for too long.
type stallReader struct {
	io.Reader
	giveUp func()
}

func (r stallReader) Read(p []byte) (int, error) {
	defer stalls(r.giveUp)()
	return r.Reader.Read(p)
}

// endOf returns why a file ended early, or nil.
func endOf(f frame) (failed, err error) {
	if len(f.data) == 0 {
		return nil, nil
	}
	why, err := parseJSON[failure](f.data)
	return why.err(), err
}

// serve answers a request in a goroutine of its own.
func (c *caller) serve(ctx context.Context, id uint32, q question) error {
	ctx, cancel := context.WithCancel(ctx)
	r := &served{cancel: cancel}
	var body *io.PipeReader
	if q.What == "save" || q.What == "put" {
		body, r.in = io.Pipe()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests[id] != nil || len(c.requests) > 64 {
		cancel()
		return errFrame
	}
	c.requests[id] = r
	c.work.Go(func() {
		defer cancel()
		a, open := c.answer(ctx, q, body)
		if body != nil {
			body.CloseWithError(io.ErrClosedPipe)
		}
		c.mu.Lock()
		delete(c.requests, id)
		c.mu.Unlock()
		err := c.l.sendJSON(ctx, reply, id, a)
		if open != nil {
			if err == nil {
				c.l.sendFile(ctx, id, stallReader{open, func() {
					cancel()
					open.Close()
				}})
			}
			open.Close()
		}
	})
	return nil
}

func (c *caller) answer(ctx context.Context, q question, body io.Reader) (a answer, open io.ReadCloser) {
	var info sandbox.FileInfo
	var err error
	switch fs := c.cell.Files; {
	case q.What == "ask" && c.cell.Ask != nil:
		var message locale.Message
		if err = json.Unmarshal([]byte(q.Arg), &message); err == nil {
			a.Yes, err = c.cell.Ask(ctx, message)
		}
	case q.What == "input" && c.cell.Input != nil:
		a.Data, err = c.cell.Input(ctx)
	case q.What == "save" && c.cell.Save != nil:
		err = c.cell.Save(ctx, q.Arg, body)
	case (q.What == "has" || q.What == "get" || q.What == "put") && c.images != nil:
		switch q.What {
		case "has":
			a.Yes, err = c.images.Has(ctx, q.Arg)
		case "get":
			open, err = c.images.Get(ctx, q.Arg)
		case "put":
			err = c.images.Put(ctx, q.Arg, body)
		}
	case fs == nil:
		err = fault.New(fault.NotFound, "There are no files here.")
	case q.What == "list":
		a.Infos, err = fs.List(ctx)
	case q.What == "stat":
		info, err = fs.Stat(ctx, q.Arg)
		a.Info = &info
	case q.What == "open":
		info, open, err = fs.Open(ctx, q.Arg)
		a.Info = &info
	case q.What == "delete":
		info, a.Yes, err = fs.Delete(ctx, q.Arg)
		a.Info = &info
	default:
		err = fault.New(fault.Invalid, "Unknown request.")
	}
	a.Err = failureOf(err)
	return a, open
}

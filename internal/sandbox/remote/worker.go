package remote

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox"
)

// Local is a driver of this machine that a worker offers to others.
type Local interface {
	sandbox.Sandbox
	// Close stores the sessions, within the context's time, and ends all.
	Close(ctx context.Context) error
}

// WorkerOptions bend a Worker. The zero value works.
type WorkerOptions struct {
	Max     int    // cells that it runs at once; 0: 8
	Version string // of the program
	Log     *slog.Logger
}

// Worker runs cells for the processes that share a message server.
type Worker struct {
	nc   *nats.Conn
	name string
	open func(context.Context) (Local, error)
	seen *ledger
	opts WorkerOptions
}

// NewWorker returns a worker of a name, which listens and speaks on Subjects of
// it alone. It opens its driver in Run, and again whenever it begins anew. What
// it has to remember of its sessions is in folder dir.
func NewWorker(nc *nats.Conn, name, dir string, open func(context.Context) (Local, error), o WorkerOptions) (*Worker, error) {
	if o.Max == 0 {
		o.Max = 8
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	seen, err := openLedger(dir)
	if err != nil {
		return nil, err
	}
	return &Worker{nc: nc, name: name, open: open, seen: seen, opts: o}, nil
}

// Run works until ctx ends; it then stores the sessions and leaves. A worker
// whose lease ended stores them too, and begins anew: others may have them.
func (w *Worker) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := w.live(ctx); err != nil {
			return err
		}
	}
	return nil
}

// life is a worker from the opening of its driver to its close.
type life struct {
	w     *Worker
	id    string
	local Local
	stop  context.CancelCauseFunc // of the running cells

	mu       sync.Mutex
	lease    cluster.Lease
	until    time.Duration // since boot
	calls    map[string]*callee
	done     map[string]time.Time // calls of late, which may be asked for again
	draining bool
	failed   string
	offers   *offers
	runs     map[sandbox.Key]*runs
	work     sync.WaitGroup
}

func (w *Worker) live(ctx context.Context) error {
	local, err := w.open(ctx)
	if err != nil {
		return err
	}
	cells, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	l := &life{w: w, id: rand.Text()[:10], local: local, stop: stop, calls: map[string]*callee{}, done: map[string]time.Time{}, offers: newOffers(), runs: map[sandbox.Key]*runs{}}
	if m, ok := local.(Movable); ok {
		m.OnStored(l.offers.add)
	}
	mine := subjectWorker + w.name + "." + l.id + "."
	sub, err := w.nc.Subscribe(mine+">", func(m *nats.Msg) { l.receive(cells, strings.TrimPrefix(m.Subject, mine), m) })
	if err == nil {
		quiet := make(chan struct{})
		go l.reports(quiet)
		publishing, end := context.WithCancel(context.WithoutCancel(ctx))
		published := make(chan struct{})
		go func() {
			defer close(published)
			l.publish(publishing)
		}()
		l.keep(ctx)
		close(quiet)
		end()
		<-published
	}
	// No new cells; those that run may end, unless others may have the sessions.
	l.mu.Lock()
	l.draining = true
	lease := l.lease
	l.mu.Unlock()
	if ctx.Err() == nil {
		stop(errAnew)
	}
	l.report()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	go l.abandon(end)
	if cerr := local.Close(end); cerr != nil {
		w.opts.Log.Warn("store the sessions", "error", cerr)
	}
	due := l.offers.take(true)
	for _, k := range due { // so that they can go on elsewhere
		if l.w.nc.IsConnected() {
			l.offer(end, k, false)
		}
	}
	for _, k := range l.ranBut(due) {
		if l.w.nc.IsConnected() {
			l.offer(end, k, true)
		}
	}
	stop(errAnew)
	l.work.Wait()
	l.ask(end, true)
	if err == nil {
		err = sub.Unsubscribe()
	}
	if ctx.Err() == nil {
		w.opts.Log.Warn("the lease was lost: sessions were stored, and the worker begins anew", "generation", lease.Generation)
	}
	return err
}

// abandon ends, until ctx does, the cells whose callers have given them up: those of
// a worker that was not connected for as long as a caller waits.
func (l *life) abandon(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for last := cluster.SinceBoot(); ; {
		now := cluster.SinceBoot()
		if l.w.nc.IsConnected() {
			last = now
		} else if now-last > silent {
			l.stop(errAnew)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

var errAnew = fault.New(fault.Unavailable, "The machine that runs code starts anew; please try again.")

// reports says every second how the worker is.
func (l *life) reports(quiet <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		l.report()
		select {
		case <-quiet:
			return
		case <-tick.C:
		}
	}
}

// keep asks for the lease until ctx ends or the lease does.
func (l *life) keep(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var asked time.Time
	for first := true; ; first = false {
		l.mu.Lock()
		had := l.lease.Generation != 0
		l.mu.Unlock()
		if first || !had || time.Since(asked) > leaseTime/5 {
			asked = time.Now()
			if !l.ask(ctx, false) || had && !l.valid() {
				return
			}
		}
		if had && !l.valid() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// leaseRequest asks for the lease of a worker, and leaseReply answers.
type leaseRequest struct {
	Report
	Release bool
}

type leaseReply struct {
	Generation uint64
	Taken      bool // by another process of the same name
}

// ask asks for the lease, or gives it back. It is false when the lease has been
// lost for certain.
func (l *life) ask(ctx context.Context, release bool) bool {
	body, _ := json.Marshal(leaseRequest{l.state(), release})
	began := cluster.SinceBoot()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	m, err := l.w.nc.RequestWithContext(ctx, subjectLease+l.w.name, body)
	if err != nil {
		return true
	}
	r, err := parseJSON[leaseReply](m.Data)
	if err != nil || release {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	had := l.lease.Generation
	switch {
	case r.Generation == 0:
		l.failed = ""
		if r.Taken {
			l.failed = "another worker has this name"
		}
		return had == 0 || !r.Taken
	case had != 0 && had != r.Generation:
		return false
	}
	l.lease.Generation, l.until, l.failed = r.Generation, began+leaseTime, ""
	if had == 0 {
		go l.report() // it can work from now on
	}
	return true
}

func (l *life) valid() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return cluster.SinceBoot() < l.until
}

func (l *life) state() Report {
	stats := l.local.Stats()
	l.mu.Lock()
	defer l.mu.Unlock()
	return Report{Name: l.w.name, Life: l.id, Generation: l.lease.Generation, Version: l.w.opts.Version, Max: l.w.opts.Max,
		Draining: l.draining, Enters: true, Stats: stats, Error: l.failed}
}

func (l *life) report() {
	body, _ := json.Marshal(l.state())
	l.w.nc.Publish(subjectReport+l.w.name, body)
}

// receive takes what comes on the worker's own subjects; it does not wait.
func (l *life) receive(ctx context.Context, what string, m *nats.Msg) {
	if what == "ping" {
		m.Respond(nil)
		return
	}
	if id, ok := strings.CutPrefix(what, "c."); ok {
		l.mu.Lock()
		c := l.calls[id]
		l.mu.Unlock()
		if c != nil {
			switch c.l.receive(m.Data) {
			case cancel:
				c.cancel(context.Canceled)
			case bye:
				if told := c.told.Load(); told != nil { // before the next cell of the session
					(*told)()
				}
				c.l.close()
			}
		}
		return
	}
	o, err := parseJSON[order](m.Data)
	if err != nil || what != "call" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls[o.Call] != nil || !l.done[o.Call].IsZero() {
		return // asked twice, because an answer was lost
	}
	reply := m.Reply
	c := newCallee(newLink(func(b []byte) error { return l.w.nc.Publish(reply, b) }, l.w.nc.IsConnected))
	cells := ctx
	ctx, c.cancel = context.WithCancelCause(ctx)
	l.calls[o.Call] = c
	refuse := l.draining && o.Op != "publish" || l.lease.Generation == 0 || o.Generation != l.lease.Generation || cluster.SinceBoot() >= l.until
	l.work.Go(func() {
		defer l.forget(o.Call, c)
		go c.run()
		out := outcome{Refused: true}
		if !refuse {
			out = l.do(ctx, cells, o, c)
		}
		out.Stats = l.local.Stats()
		c.finish(out)
	})
}

// forget ends a call; its name is remembered for a while.
func (l *life) forget(id string, c *callee) {
	c.cancel(nil)
	c.l.close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.calls, id)
	now := time.Now()
	l.done[id] = now
	for old, at := range l.done {
		if now.Sub(at) > time.Minute {
			delete(l.done, old)
		}
	}
}

// do does what an order says. Cells ends with the worker, and ctx before, when nobody
// waits for this one.
func (l *life) do(ctx, cells context.Context, o order, c *callee) (out outcome) {
	// Who asked may have gone: nobody waits for the cell.
	go func() {
		select {
		case <-c.l.over:
			c.cancel(errLost)
		case <-ctx.Done():
		}
	}()
	var p program
	select {
	case p = <-c.program:
	case <-ctx.Done():
		return outcome{Err: failureOf(context.Cause(ctx)), Untouched: true}
	}
	if o.Op == "reset" {
		err := l.local.Reset(ctx, o.Key)
		if err == nil {
			l.forgetRuns(o.Key)
			err = l.w.seen.forget(o.Key)
		}
		return outcome{Err: failureOf(err)}
	}
	if o.Op == "publish" {
		ran := l.shut(o) // before: a run that ends meanwhile may not be in the image
		return outcome{Err: failureOf(l.give(ctx, o, c)), Ran: ran}
	}
	ended := func() {}
	if o.Op != "enter" {
		var ok bool
		if ended, ok = l.begin(o); !ok {
			return outcome{Refused: true}
		}
	}
	if err := l.enter(ctx, o, c); err != nil {
		ended()
		return outcome{Err: failureOf(err), Untouched: true}
	}
	if o.Op == "enter" {
		return outcome{}
	}
	res, err := l.local.Run(ctx, o.Key, c.cell(cells, o, p))
	ended()
	// What was said to nobody is said now.
	now := l.w.seen.read(o.Key)
	res.Notes = append(now.Notes, res.Notes...)
	if now.Notes = res.Notes; len(now.Notes) > 0 {
		if err := l.w.seen.set(o.Key, now); err != nil {
			l.w.opts.Log.Warn("keep what a person is to be told", "user", o.Key.User, "error", err)
		}
		if err == nil {
			told := func() {
				if err := l.w.seen.told(o.Key, now); err != nil {
					l.w.opts.Log.Warn("keep what a person was told", "user", o.Key.User, "error", err)
				}
			}
			c.told.Store(&told)
		}
	}
	if err != nil {
		l.mu.Lock()
		l.failed = fault.Message(err)
		l.mu.Unlock()
	}
	return outcome{Result: res, Err: failureOf(err)}
}

// enter makes sure that what the driver has of a session is of the epoch that
// its record names: anything else is old. If the record has an image, the session
// goes on from that.
func (l *life) enter(ctx context.Context, o order, c *callee) error {
	before := l.w.seen.epoch(o.Key)
	if before == o.Epoch {
		return nil
	}
	if before == "" && o.First {
		return l.w.seen.set(o.Key, seen{Epoch: o.Epoch})
	}
	if err := l.local.Reset(ctx, o.Key); err != nil {
		return err
	}
	m, movable := l.local.(Movable)
	err := fault.New(fault.NotFound, "")
	if o.Image && movable {
		err = m.Fetch(ctx, o.Key, callerImages{c}, o.Behind)
	}
	now := seen{Epoch: o.Epoch}
	switch {
	case err == nil:
	case !fault.Is(err, fault.NotFound):
		return err // another try may have it
	case o.Away && !o.Image:
		now.Notes = []locale.Message{locale.Later("lost: all variables of this session, because the machine that has them can't be asked from here")}
	case o.Lost && !o.Image:
		now.Notes = []locale.Message{locale.Later("lost: all variables of this session, because the machine that had them is gone")}
	case o.Image || !o.New:
		now.Notes = []locale.Message{locale.Later("lost: all variables of this session, because its machine no longer has them")}
	}
	return l.w.seen.set(o.Key, now)
}

// give publishes a session that is stored here.
func (l *life) give(ctx context.Context, o order, c *callee) error {
	m, ok := l.local.(Movable)
	if !ok {
		return errNoShelf
	}
	if l.w.seen.epoch(o.Key) != o.Epoch {
		return errElsewhere
	}
	return m.Publish(ctx, o.Key, fetchedImages{callerImages{c}, l.offers})
}

// finish sends the outcome and waits until the caller has it, for a while.
func (c *callee) finish(out outcome) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if c.l.sendJSON(ctx, result, 0, out) != nil {
		return
	}
	select {
	case <-c.l.over:
	case <-ctx.Done():
	}
}

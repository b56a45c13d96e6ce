package remote

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// Driver is a sandbox.Sandbox whose sandboxes are on the workers.
type Driver struct {
	nc    *nats.Conn
	store cluster.Store
	log   *slog.Logger
	fleet *fleet
	shelf *Shelf // of images; nil: there is none
	subs  []*nats.Subscription

	stopping context.Context // ends when calls are interrupted
	stop     context.CancelFunc
	opened   time.Duration // since boot
	fetching chan struct{} // a place for each session that is fetched at once

	mu      sync.Mutex
	closed  bool
	work    sync.WaitGroup
	keys    map[sandbox.Key]chan struct{} // closed when the key's turn is over
	at      string                        // the message server
	servers map[string]bool               // it, and those that were at its place before
}

var _ sandbox.Sandbox = (*Driver)(nil)

// Open returns a driver that finds workers over nc and keeps where sessions
// live in store. Images of sessions are kept on shelf, and move with them; it may be
// nil, and so may log.
func Open(nc *nats.Conn, store cluster.Store, shelf *Shelf, log *slog.Logger) (*Driver, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	d := &Driver{nc: nc, store: store, log: log, fleet: newFleet(), shelf: shelf, opened: cluster.SinceBoot(), fetching: make(chan struct{}, 4), keys: map[sandbox.Key]chan struct{}{}, servers: map[string]bool{}}
	d.stopping, d.stop = context.WithCancel(context.Background())
	reports, err := nc.Subscribe(subjectReport+"*", func(m *nats.Msg) {
		if r, err := parseJSON[Report](m.Data); err == nil && r.Name == strings.TrimPrefix(m.Subject, subjectReport) {
			d.fleet.heard(r)
		}
	})
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The message server does not answer.")
	}
	leases, err := nc.QueueSubscribe(subjectLease+"*", group, func(m *nats.Msg) { d.serve(func() { d.lease(m) }) })
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The message server does not answer.")
	}
	stored, err := nc.QueueSubscribe(subjectStored+"*", group, func(m *nats.Msg) { d.serve(func() { d.stored(m) }) })
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The message server does not answer.")
	}
	d.subs = []*nats.Subscription{reports, leases, stored}
	d.server() // known from now on, also when another takes its place
	return d, nil
}

// serve does what a worker asks for. Close waits for it; after that nothing is done.
func (d *Driver) serve(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.work.Go(f)
	}
}

// Close ends the driver; the workers keep their sessions. Calls that run are
// waited for until ctx ends, and then interrupted. Twice is once.
func (d *Driver) Close(ctx context.Context) error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	d.mu.Unlock()
	defer d.stop()
	defer context.AfterFunc(ctx, d.stop)()
	for _, s := range d.subs {
		s.Unsubscribe()
	}
	d.work.Wait()
	return nil
}

// Stats adds up what the workers have.
func (d *Driver) Stats() sandbox.Stats { return d.fleet.stats() }

var (
	errClosed = fault.New(fault.Unavailable, "I am shutting down; please try again in a minute.")
	errNobody = fault.New(fault.Unavailable, "No machine that runs code is connected right now; please try again in a minute.")
)

// begin takes the turn of a key.
func (d *Driver) begin(ctx context.Context, key sandbox.Key) (leave func(), err error) {
	for {
		d.mu.Lock()
		if d.closed {
			d.mu.Unlock()
			return nil, errClosed
		}
		busy := d.keys[key]
		if busy == nil {
			mine := make(chan struct{})
			d.keys[key] = mine
			d.work.Add(1)
			d.mu.Unlock()
			return func() {
				d.mu.Lock()
				delete(d.keys, key)
				d.mu.Unlock()
				close(mine)
				d.work.Done()
			}, nil
		}
		d.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Run implements sandbox.Sandbox.
func (d *Driver) Run(ctx context.Context, key sandbox.Key, cell sandbox.Cell) (sandbox.Result, error) {
	leave, err := d.begin(ctx, key)
	if err != nil {
		return sandbox.Result{}, err
	}
	defer leave()
	if cell.Status == nil {
		cell.Status = func(sandbox.Status) {}
	}
	for {
		p, err := d.placeUntilClosed(ctx, key, cell.Status)
		if err != nil {
			return sandbox.Result{}, err
		}
		out, err := d.run(ctx, p, cell)
		p.leave()
		switch {
		case errors.Is(err, errNotSent) && ctx.Err() != nil: // stopped before anybody had the code
			d.didNothing(ctx, p, true)
			return sandbox.Result{}, canceled(ctx)
		case err == nil && out.Refused, errors.Is(err, errNotSent):
			d.didNothing(ctx, p, true)
			d.fleet.doubt(p.worker)
			if err := pause(ctx, 50*time.Millisecond); err != nil {
				return sandbox.Result{}, err
			}
			continue
		case err != nil:
			d.log.Warn("call a worker", "worker", p.worker.Name, "user", key.User, "error", err)
			d.fleet.doubt(p.worker)
			return sandbox.Result{Outcome: sandbox.Crashed, Exit: 1, Lost: true,
				Error: "The machine that ran this code was lost. The code may have run in part, and is not run again by itself."}, nil
		case out.Err != nil:
			d.didNothing(ctx, p, out.Untouched)
			return sandbox.Result{}, out.Err.err()
		}
		if !d.still(ctx, p.session) {
			return sandbox.Result{Outcome: sandbox.Crashed, Exit: 1, Lost: true, Notes: out.Result.Notes,
				Error: "This session has gone on elsewhere meanwhile; what this code did there does not count."}, nil
		}
		return out.Result, nil
	}
}

// placeUntilClosed is place; nothing of it is waited for when the driver is closed.
func (d *Driver) placeUntilClosed(ctx context.Context, key sandbox.Key, status func(sandbox.Status)) (*place, error) {
	open, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.stopping, cancel)()
	p, err := d.place(open, key, status)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		err = canceled(ctx)
	case open.Err() != nil:
		err = errClosed
	}
	return p, err
}

// didNothing notes that a cell did not run: the record is what it was, if the worker
// did not touch the session, or else the session has not gone on from its image.
// Where that fails, a line says that more is lost than is.
func (d *Driver) didNothing(ctx context.Context, p *place, untouched bool) {
	ctx = context.WithoutCancel(ctx)
	s, err := p.session, error(nil)
	switch {
	case s.Revision == p.before.Revision: // the record was not written
	case untouched && p.before.Revision == 0:
		err = d.store.DeleteSession(ctx, s)
	case untouched:
		s = p.before
		s.Revision = p.session.Revision
		_, err = d.store.SaveSession(ctx, s)
	case !p.before.Behind && s.Image != "":
		s.Behind = false
		_, err = d.store.SaveSession(ctx, s)
	}
	if err != nil {
		d.log.Warn("note that a cell did not run", "user", s.User, "error", err)
	}
}

// run has the worker of a place run a cell.
func (d *Driver) run(ctx context.Context, p *place, cell sandbox.Cell) (outcome, error) {
	if save := cell.Save; save != nil {
		s := p.session
		cell.Save = p.save(func(ctx context.Context) error {
			if !d.still(ctx, s) {
				return fault.New(fault.Unavailable, "This session has gone on elsewhere.")
			}
			return nil
		}, save)
	}
	o := d.order(p, "run")
	o.Files, o.Save, o.Output, o.Errors, o.Input, o.Status, o.Ask = cell.Files != nil, cell.Save != nil, cell.Output != nil, cell.Errors != nil, cell.Input != nil, true, cell.Ask != nil
	return d.call(ctx, p.worker, o, cell, d.shelf.reads(p.session))
}

// order says what a worker has to know of the session of a place.
func (d *Driver) order(p *place, op string) order {
	return order{Op: op, Key: p.session.Key, Epoch: p.session.Epoch, Generation: p.session.Generation, Revision: p.session.Revision, First: p.before.Revision == 0, New: p.fresh(), Lost: p.lost, Away: p.away,
		Image: d.shelf != nil && p.session.Image != "", Behind: p.before.Behind}
}

var (
	errNotSent     = errors.New("the worker did not take the call")
	errNobodyThere = errors.New("no server had anybody to give the order to")
)

func canceled(ctx context.Context) error { return fault.Wrap(context.Cause(ctx), fault.Canceled, "") }

// call has a worker do something. The error is errNotSent if it certainly did
// nothing.
func (d *Driver) call(ctx context.Context, w Report, o order, cell sandbox.Cell, images sandbox.Images) (outcome, error) {
	if ctx.Err() != nil {
		return outcome{}, errors.Join(errNotSent, canceled(ctx))
	}
	o.Call = rand.Text()
	base := subjectWorker + w.Name + "." + w.Life + "."
	inbox := subjectCall + w.Name + "." + o.Call
	l := newLink(func(b []byte) error { return d.nc.PublishRequest(base+"c."+o.Call, inbox, b) }, d.nc.IsConnected)
	defer l.close()
	heard := make(chan struct{}) // the worker has the order
	var once sync.Once
	var repeated atomic.Bool              // the order may have got there by another message than the first
	connection := d.nc.Stats().Reconnects // and so it may by another connection
	sub, err := d.nc.Subscribe(inbox, func(m *nats.Msg) {
		if m.Header.Get("Status") == "503" {
			if m.Header.Get("Nats-Subject") == base+"call" && !repeated.Load() && d.nc.Stats().Reconnects == connection {
				l.fail(errNobodyThere) // at once: nobody can have had it
			} else {
				l.noResponders()
			}
			return
		}
		once.Do(func() { close(heard) })
		l.receive(m.Data)
	})
	if err != nil {
		return outcome{}, errors.Join(errNotSent, err)
	}
	defer sub.Unsubscribe()
	body, err := json.Marshal(o)
	if err == nil {
		err = d.nc.PublishRequest(base+"call", inbox, body)
	}
	if err != nil {
		return outcome{}, errors.Join(errNotSent, err)
	}
	go func() { // the order may be lost on its way; the worker knows it by its name
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for began := cluster.SinceBoot(); ; {
			select {
			case <-heard:
				return
			case <-l.over:
				return
			case <-tick.C:
				if cluster.SinceBoot()-began > repeatFor {
					return
				}
				if !d.nc.IsConnected() { // it would wait for the connection
					continue
				}
				repeated.Store(true)
				d.nc.PublishRequest(base+"call", inbox, body)
			}
		}
	}()
	quit := context.AfterFunc(ctx, func() { d.cancel(l) })
	defer quit()
	closing := make(chan struct{})
	defer close(closing)
	go func() {
		tick, stop := time.NewTicker(beatEvery), d.stopping.Done()
		defer tick.Stop()
		for {
			select {
			case <-stop:
				stop = nil
				go d.cancel(l)
			case <-closing:
				return
			case <-tick.C:
			}
			if d.nc.IsClosed() { // for good: nothing comes any more
				l.fail(errGone)
				return
			}
		}
	}()
	var out outcome
	if err = l.sendJSON(ctx, reply, 0, program{cell.Code, cell.Args}); err == nil || ctx.Err() != nil {
		out, err = newCaller(l, cell, images).run(ctx)
	}
	if err == nil {
		l.control(bye, 0)
		d.fleet.count(w, out.Stats)
		return out, nil
	}
	// That nothing was heard proves nothing: a worker may die right after it began.
	if errors.Is(err, errNobodyThere) {
		err = errors.Join(errNotSent, err)
	}
	return outcome{}, err
}

// cancel tells the worker that nobody waits any more, until it has ended.
func (d *Driver) cancel(l *link) {
	for {
		l.control(cancel, 0)
		select {
		case <-l.over:
			return
		case <-time.After(beatEvery):
		}
	}
}

// Reset implements sandbox.Sandbox.
func (d *Driver) Reset(ctx context.Context, key sandbox.Key) error {
	leave, err := d.begin(ctx, key)
	if err != nil {
		return err
	}
	defer leave()
	for {
		s, err := d.store.Session(ctx, key)
		if err != nil || s.Revision == 0 {
			return err
		}
		// What a worker has that can't be asked is old when its session begins anew.
		if w, ok := d.fleet.get(s.Worker); ok && w.Generation == s.Generation {
			out, err := d.call(ctx, w, order{Op: "reset", Key: key, Generation: w.Generation}, sandbox.Cell{}, nil)
			if err == nil && out.Err != nil {
				return out.Err.err()
			}
		}
		err = d.store.DeleteSession(ctx, s)
		if err == nil {
			d.shelf.drop(ctx, s.Image)
		}
		if !fault.Is(err, fault.Exists) {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return canceled(ctx)
	}
}

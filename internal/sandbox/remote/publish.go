package remote

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// Movable is a Local whose stored sessions can go to another machine.
type Movable interface {
	Local
	// OnStored has f called with each session that was stored; f does not wait.
	OnStored(f func(sandbox.Key))
	// Publish puts what is stored of a session into images. The error is NotFound
	// if nothing is, and Exists if the session has gone on.
	Publish(ctx context.Context, key sandbox.Key, images sandbox.Images) error
	// Fetch makes what images have of a session what is stored of it. Behind says that
	// the session went on after that, so that its next run tells so. NotFound: there
	// is nothing that could come back.
	Fetch(ctx context.Context, key sandbox.Key, images sandbox.Images, behind bool) error
}

// storedRequest tells the processes that reach the bucket that a session was
// stored; one of them fetches it.
type storedRequest struct {
	Life       string
	Generation uint64
	Key        sandbox.Key
	Epoch      string
	Again      bool // it was told before: what is kept may be all
}

type storedReply struct {
	Err *failure `json:",omitempty"`
}

// offers are the sessions of a worker that were stored, and are not in the bucket yet.
type offers struct {
	mu   sync.Mutex
	busy time.Time // when somebody fetched one last
	due  map[sandbox.Key]time.Time
	wait map[sandbox.Key]time.Duration // after the last failure
	wake chan struct{}
}

func newOffers() *offers {
	return &offers{due: map[sandbox.Key]time.Time{}, wait: map[sandbox.Key]time.Duration{}, wake: make(chan struct{}, 1)}
}

func (o *offers) add(k sandbox.Key) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.due[k] = time.Now()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// take returns the sessions whose time has come, or all.
func (o *offers) take(all bool) (keys []sandbox.Key) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	for k, at := range o.due {
		if all || !at.After(now) {
			keys = append(keys, k)
			delete(o.due, k)
		}
	}
	return keys
}

// ended notes how an offer ended: what failed is tried again, later each time.
func (o *offers) ended(k sandbox.Key, again bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !again {
		delete(o.wait, k)
		return
	}
	o.wait[k] = min(max(2*o.wait[k], time.Second), 2*time.Minute)
	if o.due[k].IsZero() {
		o.due[k] = time.Now().Add(o.wait[k])
	}
}

// fetched notes that somebody fetches, now.
func (o *offers) fetched() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy = time.Now()
}

// patience is how long an offer waits while nobody fetches: whoever took it is gone.
var patience = 10 * time.Second

// within ends a context when nobody has fetched for a while.
func (o *offers) within(ctx context.Context) (context.Context, context.CancelFunc) {
	o.fetched()
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for ctx.Err() == nil {
			o.mu.Lock()
			idle := time.Since(o.busy)
			o.mu.Unlock()
			if idle > patience {
				cancel()
			}
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	}()
	return ctx, cancel
}

// publish offers stored sessions until ctx ends.
func (l *life) publish(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, k := range l.offers.take(false) {
			l.offer(ctx, k, false)
		}
		select {
		case <-ctx.Done():
			return
		case <-l.offers.wake:
		case <-tick.C:
		}
	}
}

// offer has one of the processes that reach the bucket fetch a stored session.
func (l *life) offer(ctx context.Context, k sandbox.Key, again bool) {
	l.mu.Lock()
	generation := l.lease.Generation
	l.mu.Unlock()
	body, _ := json.Marshal(storedRequest{l.id, generation, k, l.w.seen.epoch(k), again})
	waiting, cancel := l.offers.within(ctx)
	defer cancel()
	m, err := l.w.nc.RequestWithContext(waiting, subjectStored+l.w.name, body)
	if err == nil {
		var r storedReply
		if r, err = parseJSON[storedReply](m.Data); err == nil {
			err = r.Err.err()
		}
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Exists, fault.TooLarge:
		l.offers.ended(k, false) // there is no bucket, or the session has gone on
		return
	}
	l.offers.ended(k, err != nil)
	if err != nil && ctx.Err() == nil {
		l.w.opts.Log.Warn("keep a stored session in the bucket; its older image stays", "user", k.User, "error", err)
		l.mu.Lock()
		l.failed = fault.Message(err)
		l.mu.Unlock()
	}
}

var errNoShelf = fault.New(fault.Invalid, "There is no bucket for sessions.")

// stored fetches a session that a worker has stored.
func (d *Driver) stored(m *nats.Msg) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	r, err := parseJSON[storedRequest](m.Data)
	if err != nil {
		return
	}
	if err = errNoShelf; d.shelf != nil {
		d.fetching <- struct{}{}
		err = d.fetch(ctx, strings.TrimPrefix(m.Subject, subjectStored), r)
		<-d.fetching
	}
	body, _ := json.Marshal(storedReply{failureOf(err)})
	m.Respond(body)
}

// fetch writes a session of a worker into the bucket, whole, and then names it
// in its record. If anything fails, the record keeps the image that it has.
func (d *Driver) fetch(ctx context.Context, name string, r storedRequest) error {
	mine := func(s cluster.Session) bool {
		return s.Worker == name && s.Generation == r.Generation && s.Epoch == r.Epoch
	}
	before, err := d.store.Session(ctx, r.Key)
	if err != nil {
		return err
	}
	if !mine(before) {
		return errElsewhere
	}
	if r.Again && before.Image != "" && !before.Behind {
		return nil
	}
	to := &moving{shelf: d.shelf, user: r.Key.User}
	out, err := d.call(ctx, Report{Name: name, Life: r.Life, Generation: r.Generation},
		order{Op: "publish", Key: r.Key, Generation: r.Generation, Epoch: r.Epoch, Revision: before.Revision}, sandbox.Cell{}, to)
	switch {
	case err == nil && out.Refused:
		err = errElsewhere
	case err == nil:
		err = out.Err.err()
	default:
		err = fault.Wrap(err, fault.Unavailable, "The connection to the worker was lost.")
	}
	for err == nil {
		var now cluster.Session
		if now, err = d.store.Session(ctx, r.Key); err != nil {
			break
		}
		if !mine(now) {
			err = errElsewhere
			break
		}
		if now.Image == to.image { // it was written although the database said otherwise
			d.shelf.drop(ctx, before.Image)
			return nil
		}
		if now.Image != before.Image { // which of the two is newer is not known
			err = errOvertaken
			break
		}
		// A run whose record was written meanwhile may begin after the image was made.
		now.Image, now.ImageSum, now.Behind = to.image, to.sum, now.Behind && now.Revision != out.Ran || now.Revision != before.Revision
		if _, err = d.store.SaveSession(ctx, now); err == nil {
			d.shelf.drop(ctx, before.Image)
			return nil
		}
		if !fault.Is(err, fault.Exists) {
			return err // the record may name it all the same; if not, a sweep deletes it
		}
		err = nil
	}
	d.shelf.drop(ctx, to.image)
	return err
}

var errOvertaken = fault.New(fault.Unavailable, "Another process kept this session at the same time; it is kept again.")

var errElsewhere = fault.New(fault.Exists, "This session has gone on elsewhere.")

// fetchedImages note that what is put there gets on.
type fetchedImages struct {
	sandbox.Images
	offers *offers
}

func (f fetchedImages) Put(ctx context.Context, name string, r io.Reader) error {
	return f.Images.Put(ctx, name, fetchedReader{r, f.offers})
}

type fetchedReader struct {
	io.Reader
	offers *offers
}

func (r fetchedReader) Read(p []byte) (int, error) {
	r.offers.fetched()
	return r.Reader.Read(p)
}

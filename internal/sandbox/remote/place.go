package remote

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// place is where a cell is to run: a worker that the session's record names.
type place struct {
	worker  Report
	before  cluster.Session // the record as it was
	session cluster.Session // and as it is now
	lost    bool            // nobody has what the session was, except for its image
	away    bool            // because who has it can't be asked from here
	leave   func()
}

// fresh tells whether the session begins anew.
func (p *place) fresh() bool { return p.session.Epoch != p.before.Epoch }

// save guards what a cell saves by the record.
func (p *place) save(check func(context.Context) error, save func(context.Context, string, io.Reader) error) func(context.Context, string, io.Reader) error {
	return func(ctx context.Context, name string, r io.Reader) error {
		if err := check(ctx); err != nil {
			return err
		}
		return save(ctx, name, r)
	}
}

// nobodyFor is how long a call waits for any worker.
var nobodyFor = 10 * time.Second

// keptElsewhere is how long a session that can't be asked for is waited for: its
// worker has stored it long before, unless it can't.
const keptElsewhere = time.Hour

var errAway = fault.New(fault.Unavailable, "This session is on a machine that can't be asked from here. It goes on here when that machine has stored it; please try again in some minutes.")

// place finds the worker for a session and claims the session for it: the one
// that has it while that lives, or else the one with the most room.
func (d *Driver) place(ctx context.Context, key sandbox.Key, status func(sandbox.Status)) (*place, error) {
	for began := cluster.SinceBoot(); ; {
		s, err := d.store.Session(ctx, key)
		if err != nil {
			return nil, err
		}
		p := &place{before: s, session: s}
		want := s.Worker
		if want != "" {
			switch d.fate(ctx, s) {
			case quiet:
				// Nobody may have it before its lease ends; who leaves stores it first. After a
				// restart of all, it is about to come back.
				if !d.nc.IsConnected() && cluster.SinceBoot()-began > nobodyFor {
					return nil, errNobody
				}
				if err := pause(ctx, 100*time.Millisecond); err != nil {
					return nil, err
				}
				continue
			case gone:
				want, p.lost = "", true
			case elsewhere:
				if whole := d.shelf != nil && s.Image != "" && !s.Behind; !whole {
					d.log.Warn("a session is on a worker of another message server, which can't be asked from here; see attache doctor", "worker", want, "user", key.User)
					if d.shelf != nil && time.Since(s.UsedAt) < keptElsewhere {
						return nil, errAway
					}
					p.lost, p.away = true, true
				}
				want = ""
			}
		}
		w, leave, err := d.fleet.enter(ctx, key.User, want, func(n int) { status(sandbox.Status{State: sandbox.Queued, Place: n}) })
		if err == errNobody && want != "" {
			continue // it went while we waited for it
		}
		if err != nil {
			return nil, err
		}
		p.worker, p.leave = w, leave
		if s.Worker != w.Name {
			p.session.Epoch = rand.Text()
		} else {
			p.lost, p.away = false, false // it is back
		}
		if p.fresh() && w.Enters {
			if err := d.enter(ctx, p); err != nil {
				leave()
				if !errors.Is(err, errNotEntered) {
					return nil, err
				}
				if err := pause(ctx, 50*time.Millisecond); err != nil {
					return nil, err
				}
				continue
			}
		}
		now := time.Now().UTC()
		if s.Worker == w.Name && s.Generation == w.Generation && now.Sub(s.UsedAt) < time.Minute && d.shelf == nil {
			return p, nil
		}
		// With images, each run changes the record: what is stored while it runs is behind.
		p.session.Behind = true
		p.session.Worker, p.session.Generation, p.session.UsedAt = w.Name, w.Generation, now
		saved, err := d.store.SaveSession(ctx, p.session)
		if err != nil && p.fresh() { // it may have been written all the same
			if now, again := d.store.Session(ctx, key); again == nil && now.Epoch == p.session.Epoch {
				saved, err = now, nil
			}
		}
		if p.session = saved; err == nil {
			return p, nil
		}
		leave()
		if !fault.Is(err, fault.Exists) {
			return nil, err
		}
	}
}

// enter has the worker of a place begin the session's new epoch, before the record names
// it: whoever reads the record knows that its worker has had the epoch, also where this
// process dies before it has sent the cell. Nobody uses what a worker has of an epoch
// that is in no record.
func (d *Driver) enter(ctx context.Context, p *place) error {
	o := d.order(p, "enter")
	o.Generation = p.worker.Generation
	out, err := d.call(ctx, p.worker, o, sandbox.Cell{}, d.shelf.reads(p.before))
	switch {
	case ctx.Err() != nil:
		return canceled(ctx)
	case err != nil || out.Refused:
		d.fleet.doubt(p.worker)
		return errNotEntered
	}
	return out.Err.err()
}

var errNotEntered = errors.New("the worker did not begin the session")

// still tells whether what a call did counts: the session is where it was.
func (d *Driver) still(ctx context.Context, s cluster.Session) bool {
	now, err := d.store.Session(context.WithoutCancel(ctx), s.Key)
	return err == nil && now.Worker == s.Worker && now.Generation == s.Generation && now.Epoch == s.Epoch
}

// early tells that a worker may be there, or come back, without this process having
// heard of it: it has just been opened.
func (d *Driver) early(worker string) bool {
	return cluster.SinceBoot()-d.opened < nobodyFor && !d.fleet.met(worker)
}

// fate is what became of the worker of a session.
type fate int

const (
	here      fate = iota // it takes orders
	quiet                 // it is waited for
	gone                  // nobody can hear it: it left, its lease ended, or no server has had a connection of it for a second
	elsewhere             // it lives, at a message server that can't be asked from here
)

func (d *Driver) fate(ctx context.Context, s cluster.Session) fate {
	w, ok := d.fleet.get(s.Worker)
	switch {
	case ok && !w.Draining:
		return here
	case ok && d.shelf == nil:
		return gone
	case ok || d.early(s.Worker):
		return quiet
	}
	all, err := d.store.Leases(ctx, leaseName(s.Worker))
	if err != nil {
		return quiet
	}
	for _, l := range all {
		switch {
		case l.Name != leaseName(s.Worker):
		case !d.reaches(l):
			return elsewhere
		case l.Generation == s.Generation && !d.deaf(ctx, s.Worker, l.Holder):
			return quiet
		}
	}
	return gone
}

// server names the message server of this process; those of one cluster have one
// name. It is the last one while there is no connection.
func (d *Driver) server() string {
	name := cmp.Or(d.nc.ConnectedClusterName(), d.nc.ConnectedServerName())
	d.mu.Lock()
	defer d.mu.Unlock()
	if name != "" && name != d.at {
		d.at, d.servers[name] = name, true
	}
	return d.at
}

// reaches tells whether the worker that has a lease is at the message server of this
// process, or at the one that was there before it. Where it is not, that nothing is
// heard of it means nothing.
func (d *Driver) reaches(l cluster.Lease) bool {
	d.server()
	r, _ := parseJSON[Report]([]byte(l.Note))
	d.mu.Lock()
	defer d.mu.Unlock()
	return r.Server == "" || d.servers[r.Server]
}

// deaf tells whether no server has had a connection of a life for a second.
func (d *Driver) deaf(ctx context.Context, name, life string) bool {
	for began := cluster.SinceBoot(); cluster.SinceBoot()-began < goneAfter; {
		ask, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		_, err := d.nc.RequestWithContext(ask, subjectWorker+name+"."+life+".ping", nil)
		cancel()
		if !errors.Is(err, nats.ErrNoResponders) || !d.nc.IsConnected() {
			return false
		}
		if pause(ctx, 200*time.Millisecond) != nil {
			return false
		}
	}
	return true
}

func leaseName(worker string) string { return "worker/" + worker }

// Workers returns what the workers that have a lease said of themselves last.
func Workers(ctx context.Context, store cluster.Store) ([]Report, error) {
	leases, err := store.Leases(ctx, leaseName(""))
	all := make([]Report, 0, len(leases))
	for _, l := range leases {
		r, err := parseJSON[Report]([]byte(l.Note))
		if err == nil {
			r.Name, r.Generation = strings.TrimPrefix(l.Name, leaseName("")), l.Generation
			all = append(all, r)
		}
	}
	return all, err
}

// lease answers a worker that asks for its lease: it can't reach the database
// itself.
func (d *Driver) lease(m *nats.Msg) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	name := strings.TrimPrefix(m.Subject, subjectLease)
	r, err := parseJSON[leaseRequest](m.Data)
	if err != nil || r.Name != name || r.Life == "" {
		return
	}
	r.Report.Server = d.server() // who asks here is reached from here
	note, _ := json.Marshal(r.Report)
	var answer leaseReply
	if r.Release {
		err = d.store.Release(ctx, cluster.Lease{Name: leaseName(name), Holder: r.Life, Generation: r.Generation})
	} else {
		var l cluster.Lease
		l, err = d.store.Acquire(ctx, leaseName(name), r.Life, leaseTime, string(note))
		if fault.Is(err, fault.Exists) && d.reaches(l) && d.deaf(ctx, name, l.Holder) { // its life before
			if err = d.store.Release(ctx, l); err == nil {
				l, err = d.store.Acquire(ctx, leaseName(name), r.Life, leaseTime, string(note))
			}
		}
		answer.Generation, answer.Taken = l.Generation, fault.Is(err, fault.Exists)
		if err != nil {
			answer.Generation = 0
		}
	}
	if err != nil && !answer.Taken {
		d.log.Warn("keep the lease of a worker", "worker", name, "error", err)
		return
	}
	body, _ := json.Marshal(answer)
	m.Respond(body)
}

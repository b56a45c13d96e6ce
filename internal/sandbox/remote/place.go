package remote

import (
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
	session cluster.Session
	fresh   bool // the session begins anew
	first   bool // it had no record
	behind  bool // it may have gone on from its image
	lost    bool // because the machine that had it is gone
	leave   func()
}

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
const nobodyFor = 10 * time.Second

// place finds the worker for a session and claims the session for it: the one
// that has it while that lives, or else the one with the most room.
func (d *Driver) place(ctx context.Context, key sandbox.Key, status func(sandbox.Status)) (*place, error) {
	for {
		s, err := d.store.Session(ctx, key)
		if err != nil {
			return nil, err
		}
		want, lost := s.Worker, false
		if want != "" {
			w, ok := d.fleet.get(want)
			switch {
			case ok && !w.Draining:
			case ok && d.shelf != nil, !ok && (d.early(want) || !d.gone(ctx, s)):
				// Nobody may have it before its lease ends; who leaves stores it first. After a
				// restart of all, it is about to come back.
				select {
				case <-d.stop:
					return nil, errClosed
				default:
				}
				if err := pause(ctx, 100*time.Millisecond); err != nil {
					return nil, err
				}
				continue
			default:
				want, lost = "", true
			}
		}
		w, leave, err := d.fleet.enter(ctx, key.User, want, func(n int) { status(sandbox.Status{State: sandbox.Queued, Place: n}) })
		if err == errNobody && want != "" {
			continue // it went while we waited for it
		}
		if err != nil {
			return nil, err
		}
		p := &place{worker: w, session: s, leave: leave, first: s.Revision == 0, behind: s.Behind}
		if s.Worker != w.Name {
			p.fresh = true
			p.session.Epoch = rand.Text()
			p.lost = lost
		}
		now := time.Now().UTC()
		if s.Worker == w.Name && s.Generation == w.Generation && now.Sub(s.UsedAt) < time.Minute && d.shelf == nil {
			return p, nil
		}
		// With images, each run changes the record: what is stored while it runs is behind.
		p.session.Behind = true
		p.session.Worker, p.session.Generation, p.session.UsedAt = w.Name, w.Generation, now
		p.session, err = d.store.SaveSession(ctx, p.session)
		if err == nil {
			return p, nil
		}
		leave()
		if !fault.Is(err, fault.Exists) {
			return nil, err
		}
	}
}

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

// gone tells whether nobody can hear the worker of a session any more: its lease
// ended, or no server has had a connection of it for a second.
func (d *Driver) gone(ctx context.Context, s cluster.Session) bool {
	all, err := d.store.Leases(ctx, leaseName(s.Worker))
	if err != nil {
		return false
	}
	for _, l := range all {
		if l.Name == leaseName(s.Worker) && l.Generation == s.Generation {
			return d.deaf(ctx, s.Worker, l.Holder)
		}
	}
	return true
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
	note, _ := json.Marshal(r.Report)
	var answer leaseReply
	if r.Release {
		err = d.store.Release(ctx, cluster.Lease{Name: leaseName(name), Holder: r.Life, Generation: r.Generation})
	} else {
		var l cluster.Lease
		l, err = d.store.Acquire(ctx, leaseName(name), r.Life, leaseTime, string(note))
		if fault.Is(err, fault.Exists) && d.deaf(ctx, name, l.Holder) { // its life before
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

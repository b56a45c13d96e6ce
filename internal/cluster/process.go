package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// Process is this process among those of one machine that share a folder. What
// is one process's at a time there is so by leases and records, as between
// machines: a record names the life of a process. Only who is dead is known in
// another way: the kernel frees the lock of a process in the moment of its end, so
// that nobody waits for a lease to end, and one that is stopped keeps what it has.
type Process struct {
	store  Store // of the folder
	dir    string
	number int
	life   string
	lock   *os.File
	lease  Lease

	mu   sync.Mutex
	held map[sandbox.Key]bool // claimed by this process
}

const (
	// untilDeath is longer than a machine runs: such a lease ends with its process.
	untilDeath    = 50 * 365 * 24 * time.Hour
	mostProcesses = 10_000
)

// NewProcess enters a folder, in which dir, which exists, has the locks of
// processes, and store the leases and records. It takes the first number that no
// living process has: what a process left behind that had it and died is for this
// one to clean up.
func NewProcess(ctx context.Context, store Store, dir string) (*Process, error) {
	for n := 1; n < mostProcesses; n++ {
		lock, err := lockNumber(dir, n, syscall.LOCK_EX)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "The data folder can't be written: %v.", err)
		}
		p := &Process{store: store, dir: dir, number: n, life: fmt.Sprintf("%d-%s", n, rand.Text()[:12]), lock: lock, held: map[sandbox.Key]bool{}}
		if p.lease, err = p.take(ctx, processLease(n)); err != nil {
			lock.Close()
			return nil, err
		}
		return p, nil
	}
	return nil, fault.New(fault.Exhausted, "Too many processes use one data folder.")
}

func processLease(n int) string { return fmt.Sprint("process/", n) }

// lockNumber locks the file of a number. A process that only asks whether it is
// free holds it for a moment, so who wants it tries again.
func lockNumber(dir string, n, how int) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(n)), os.O_RDWR|os.O_CREATE|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if how != syscall.LOCK_EX || try == 3 || !errors.Is(err, syscall.EWOULDBLOCK) {
			f.Close()
			return nil, err
		}
		time.Sleep(time.Millisecond)
	}
}

// Number is that of this process among the living ones.
func (p *Process) Number() int { return p.number }

// Life names this process for ever: no other one has the name.
func (p *Process) Life() string { return p.life }

// Close leaves the folder. What the process still has of it is free.
func (p *Process) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	p.store.Release(ctx, p.lease) //nolint:errcheck // without its lock the lease means nothing
	return p.lock.Close()
}

// Alive tells whether the process of a life lives. One that may live, does.
func (p *Process) Alive(ctx context.Context, life string) bool {
	number, _, _ := strings.Cut(life, "-")
	n, err := strconv.Atoi(number)
	switch {
	case err != nil || n < 1 || n >= mostProcesses:
		return false
	case n == p.number:
		return life == p.life
	}
	lock, err := lockNumber(p.dir, n, syscall.LOCK_SH)
	if err == nil {
		lock.Close()
		return false
	}
	leases, err := p.store.Leases(ctx, processLease(n))
	if err != nil {
		return true
	}
	for _, l := range leases {
		if l.Name == processLease(n) {
			return l.Holder == life
		}
	}
	return false
}

// take takes a lease until this process ends. While another one that lives has it,
// the error is Exists.
func (p *Process) take(ctx context.Context, name string) (Lease, error) {
	for {
		l, err := p.store.Acquire(ctx, name, p.life, untilDeath, "")
		if !fault.Is(err, fault.Exists) || p.Alive(ctx, l.Holder) {
			return l, err
		}
		if err := p.store.Release(ctx, l); err != nil {
			return l, err
		}
	}
}

// Alone makes this process the one that does what is named, in this folder, until
// it ends or calls free. While another one does it, the error is Exists.
func (p *Process) Alone(ctx context.Context, name string) (free func(), err error) {
	l, err := p.take(ctx, name)
	if err != nil {
		return nil, err
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		p.store.Release(ctx, l) //nolint:errcheck // it is free with the end of the process
	}, nil
}

// Sessions returns the records of the folder's sessions, those unused for longest
// first.
func (p *Process) Sessions(ctx context.Context) ([]Session, error) {
	return p.store.Sessions(ctx, time.Now().AddDate(100, 0, 0), 1<<20)
}

// Claim is a session that is this process's, until it is released.
type Claim struct {
	p       *Process
	session Session
}

var errClaimed = fault.New(fault.Exists, "This session is in use by another Attaché process right now.")

// Claim makes a session this process's. While it is another's that lives, or
// somebody's in this process, the error is Exists.
func (p *Process) Claim(ctx context.Context, key sandbox.Key) (*Claim, error) {
	for {
		s, err := p.store.Session(ctx, key)
		if err != nil {
			return nil, err
		}
		c, err := p.ClaimAs(ctx, s)
		if err != errClaimed && fault.Is(err, fault.Exists) {
			continue // another one was faster: see whether it lives
		}
		return c, err
	}
}

// ClaimAs claims a session whose record was read: if it was used since, the error is
// Exists.
func (p *Process) ClaimAs(ctx context.Context, s Session) (_ *Claim, err error) {
	key := s.Key // what a store returns beside an error has none
	p.mu.Lock()
	mine := p.held[key]
	p.held[key] = true
	p.mu.Unlock()
	if mine {
		return nil, errClaimed
	}
	defer func() {
		if err != nil {
			p.unhold(key)
		}
	}()
	if s.Worker != "" && s.Worker != p.life && p.Alive(ctx, s.Worker) {
		return nil, errClaimed
	}
	s.Worker, s.Generation, s.UsedAt = p.life, p.lease.Generation, time.Now()
	if s, err = p.store.SaveSession(ctx, s); err != nil {
		return nil, err
	}
	return &Claim{p, s}, nil
}

// Record returns the record of a session.
func (p *Process) Record(ctx context.Context, key sandbox.Key) (Session, error) {
	return p.store.Session(ctx, key)
}

// Revision is that of the record as the claim wrote it: while the record has it,
// nobody else has had the session.
func (c *Claim) Revision() uint64 { return c.session.Revision }

func (p *Process) unhold(key sandbox.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.held, key)
}

// Release gives a session back. Where that fails, it is free with the end of this
// process, which may claim it again before.
func (c *Claim) Release(ctx context.Context) error {
	defer c.p.unhold(c.session.Key)
	c.session.Worker, c.session.Generation, c.session.UsedAt = "", 0, time.Now()
	_, err := c.p.store.SaveSession(context.WithoutCancel(ctx), c.session)
	return err
}

// Forget gives a session back of which nothing is left.
func (c *Claim) Forget(ctx context.Context) error {
	defer c.p.unhold(c.session.Key)
	return c.p.store.DeleteSession(context.WithoutCancel(ctx), c.session)
}

// Package sessions keeps who has signed in in the browser, so that a restart, or
// another machine on the same database, still knows them.
package sessions

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/sync/singleflight"

	"github.com/attachebot/attache/internal/notes"
)

// Store is the store of a manager of sessions, which names them by the hash of their
// cookie: who reads the database signs in as nobody. It is safe for concurrent use,
// also by several programs.
//
// What was read is kept for [CacheLife]. A session that this program ended is gone at
// once; one that another program ended, within CacheLife.
type Store struct {
	notes notes.Store

	mu      sync.Mutex
	read    map[string]entry // by hash
	changes int              // what was read before the last change is not kept
	reading singleflight.Group
}

type entry struct {
	Session
	at time.Time // of the reading
}

// Session is one as it is kept.
type Session struct {
	User  string    `json:"user"`
	ID    string    `json:"id"` // by which its streams end: never that of its cookie
	Until time.Time `json:"until"`
	Data  []byte    `json:"data"`
}

// CacheLife is how long this program goes on with what it has read of a session.
const CacheLife = 2 * time.Second

const (
	kept       = "session/" // and the hash: the session
	hashLength = 43         // of SHA-256, in base64
	mostListed = 100_000
	mostRead   = 10_000
	readTime   = 10 * time.Second
)

var _ scs.CtxStore = (*Store)(nil)

// New returns the sessions that a store of notes has.
func New(n notes.Store) *Store { return &Store{notes: n, read: map[string]entry{}} }

// FindCtx implements scs.CtxStore. Many who ask for one session at the same time
// read it once.
func (s *Store) FindCtx(ctx context.Context, hash string) ([]byte, bool, error) {
	if len(hash) != hashLength {
		return nil, false, nil
	}
	s.mu.Lock()
	one, ok := s.read[hash]
	s.mu.Unlock()
	if now := time.Now(); ok && now.Sub(one.at) < CacheLife {
		return one.Data, now.Before(one.Until), nil
	}
	var found singleflight.Result
	select {
	case found = <-s.reading.DoChan(hash, func() (any, error) { return s.find(context.WithoutCancel(ctx), hash) }):
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	if found.Err != nil {
		return nil, false, found.Err
	}
	one.Session = found.Val.(Session)
	return one.Data, time.Now().Before(one.Until), nil
}

// find reads a session; the zero Session: there is none.
func (s *Store) find(ctx context.Context, hash string) (one Session, err error) {
	s.mu.Lock()
	changes := s.changes
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	found, err := s.notes.Notes(ctx, kept+hash, 1)
	if err != nil || len(found) == 0 || found[0].Name != kept+hash || json.Unmarshal([]byte(found[0].Text), &one) != nil {
		return Session{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if changes == s.changes {
		if len(s.read) >= mostRead {
			clear(s.read)
		}
		s.read[hash] = entry{one, time.Now()}
	}
	return one, nil
}

// set changes a session, and forgets what was read of it.
func (s *Store) set(ctx context.Context, hash, text string) error {
	err := s.notes.SetNote(ctx, kept+hash, text)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	delete(s.read, hash)
	s.reading.Forget(hash)
	return err
}

// CommitCtx implements scs.CtxStore.
func (s *Store) CommitCtx(ctx context.Context, hash string, data []byte, until time.Time) error {
	_, values, err := scs.GobCodec{}.Decode(data)
	if err != nil {
		return err
	}
	one := Session{Until: until, Data: data}
	one.User, _ = values["user"].(string)
	one.ID, _ = values["id"].(string)
	text, err := json.Marshal(one)
	if err != nil {
		return err
	}
	return s.set(ctx, hash, string(text))
}

// DeleteCtx implements scs.CtxStore.
func (s *Store) DeleteCtx(ctx context.Context, hash string) error { return s.set(ctx, hash, "") }

// End deletes the sessions that a function chooses, and returns them.
func (s *Store) End(ctx context.Context, chosen func(Session) bool) (ended []Session, err error) {
	all, err := s.notes.Notes(ctx, kept, mostListed)
	for _, n := range all {
		var one Session
		if json.Unmarshal([]byte(n.Text), &one) != nil || chosen(one) {
			err = errors.Join(err, s.set(ctx, n.Name[len(kept):], ""))
			ended = append(ended, one)
		}
	}
	return ended, err
}

// Sweep deletes the sessions that have expired, and returns them.
func (s *Store) Sweep(ctx context.Context) ([]Session, error) {
	now := time.Now()
	return s.End(ctx, func(one Session) bool { return !now.Before(one.Until) })
}

// Without a context: scs calls these of stores that have no others.

// Find implements scs.Store.
func (s *Store) Find(hash string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), hash)
}

// Delete implements scs.Store.
func (s *Store) Delete(hash string) error { return s.DeleteCtx(context.Background(), hash) }

// Commit implements scs.Store.
func (s *Store) Commit(hash string, data []byte, until time.Time) error {
	return s.CommitCtx(context.Background(), hash, data, until)
}

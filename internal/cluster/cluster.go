// Package cluster is what processes that work together agree on: who holds a
// lease, and where a session lives.
//
// Nothing here trusts a clock to keep two processes apart. A lease says who
// should act; its generation and the revision of a session's record decide
// whose action counts.
package cluster

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
)

// Store keeps leases, session records and secrets that processes share. It may
// be used by many goroutines and processes. Times run by the database's clock.
type Store interface {
	// Acquire takes the lease of a name for holder, or prolongs it: it ends ttl
	// from now. While another holds it, the error is Exists and the lease
	// returned is theirs. A holder is one process in one life: names of holders are
	// never used again.
	//
	// The generation grows with each change of hands, also when a holder takes again
	// what had ended; it stays while the holder prolongs in time. Ttl is at least a
	// millisecond.
	Acquire(ctx context.Context, name, holder string, ttl time.Duration, note string) (Lease, error)
	// Release gives a lease back: the next one has it at once. A lease that is
	// no longer the holder's is left alone, and no error.
	Release(ctx context.Context, l Lease) error
	// Leases returns the leases that live whose names begin with prefix, by name.
	Leases(ctx context.Context, prefix string) ([]Lease, error)

	// Session returns the record of a session. If there is none, it is a record
	// with the key alone.
	Session(ctx context.Context, key sandbox.Key) (Session, error)
	// SaveSession writes a record over the one that was read: where the
	// stored revision is another (0: there is none), the error is Exists and nothing
	// changes. It returns the record as it is stored, with its new revision, which
	// no other record of the session had, also none that was deleted.
	SaveSession(ctx context.Context, s Session) (Session, error)
	// DeleteSession removes a record if its revision is still that of s, and fails
	// with Exists otherwise. One that is gone is no error.
	DeleteSession(ctx context.Context, s Session) error
	// Sessions returns up to limit records that were last used before a time, the
	// oldest first.
	Sessions(ctx context.Context, before time.Time, limit int) ([]Session, error)

	// Secret returns the secret of a name. If there is none yet, it becomes
	// value; of many callers at once one makes it, and all get that one. An empty
	// value asks for one that is there, or NotFound.
	Secret(ctx context.Context, name string, value []byte) ([]byte, error)
	// DeleteSecrets removes the secrets that have a value and whose names begin with
	// prefix, and returns how many they were.
	DeleteSecrets(ctx context.Context, prefix string, value []byte) (int, error)
}

// Lease is a name that one process holds for a while.
type Lease struct {
	Name       string
	Holder     string
	Generation uint64        // the fencing token; from 1
	Left       time.Duration // until it ends, when it was read
	Note       string        // what the holder tells of itself
}

// Session is the record of a sandbox session: where it lives, and what is the
// last of it that is whole.
type Session struct {
	sandbox.Key
	Worker     string // who has the newest state on its disk; empty: nobody
	Generation uint64 // of the worker's lease when it claimed the session; 0: released
	// Epoch is another whenever the session begins anew. What a worker holds of
	// another epoch is old, and is thrown away.
	Epoch    string
	Image    string    // name of the last whole image that others can reach; empty: none
	ImageSum string    // SHA-256 of its bytes, in hexadecimal: others may write where it is kept
	Behind   bool      // the session may have gone on from it
	UsedAt   time.Time // in milliseconds
	Revision uint64    // of the record; 0: it was never saved
}

// NextRevision is the revision after one. That of a new record, after 0, is random:
// it does not come again after the record was deleted.
func NextRevision(old uint64) uint64 {
	if old == 0 {
		return 1 + rand.Uint64()>>2 // databases have 63 bits
	}
	return old + 1
}

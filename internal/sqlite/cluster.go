package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// Cluster is a [cluster.Store] for the processes of one machine. Its clock is
// the machine's since boot: no setting of the wall clock moves it.
type Cluster struct {
	db   *DB
	boot string
	jump atomic.Int64 // lets time go on, for tests
}

var _ cluster.Store = (*Cluster)(nil)

// NewCluster returns the leases, session records and secrets of a database.
func NewCluster(db *DB) (*Cluster, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "This system does not tell when it was started.")
	}
	return &Cluster{db: db, boot: strings.TrimSpace(string(boot))}, nil
}

// now is the machine's clock since boot in milliseconds.
func (c *Cluster) now() int64 {
	return (cluster.SinceBoot() + time.Duration(c.jump.Load())).Milliseconds()
}

// row reads a lease, and tells whether it lives.
func (c *Cluster) row(scan func(...any) error, now int64) (l cluster.Lease, lives bool, err error) {
	var boot string
	var ends int64
	err = scan(&l.Name, &l.Holder, &l.Generation, &boot, &ends, &l.Note)
	if err == nil && boot == c.boot && ends > now {
		l.Left = time.Duration(ends-now) * time.Millisecond
		lives = true
	}
	return l, lives, err
}

const leaseColumns = "name, holder, generation, boot, ends, note"

// Acquire implements cluster.Store.
func (c *Cluster) Acquire(ctx context.Context, name, holder string, ttl time.Duration, note string) (l cluster.Lease, err error) {
	err = c.db.update(ctx, func(tx *sql.Tx) error {
		now := c.now() // by whoever has the write lock
		var lives bool
		l, lives, err = c.row(tx.QueryRowContext(ctx, "SELECT "+leaseColumns+" FROM leases WHERE name = ?", name).Scan, now)
		switch {
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		case lives && l.Holder != holder:
			return fault.New(fault.Exists, "Another process has this lease.")
		case !lives:
			l.Generation++
		}
		l.Name, l.Holder, l.Left, l.Note = name, holder, ttl, note
		_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO leases ("+leaseColumns+") VALUES (?, ?, ?, ?, ?, ?)",
			name, holder, l.Generation, c.boot, now+ttl.Milliseconds(), note)
		return err
	})
	return l, err
}

// Release implements cluster.Store. The row stays: generations never come again.
func (c *Cluster) Release(ctx context.Context, l cluster.Lease) error {
	return c.db.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE leases SET boot = '' WHERE name = ? AND holder = ? AND generation = ?", l.Name, l.Holder, l.Generation)
		return err
	})
}

// Leases implements cluster.Store.
func (c *Cluster) Leases(ctx context.Context, prefix string) (all []cluster.Lease, err error) {
	err = c.db.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT "+leaseColumns+" FROM leases WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name", prefix)
		if err != nil {
			return err
		}
		defer rows.Close()
		now := c.now()
		for rows.Next() {
			l, lives, err := c.row(rows.Scan, now)
			if err != nil {
				return err
			}
			if lives {
				all = append(all, l)
			}
		}
		return rows.Err()
	})
	return all, err
}

const sessionColumns = "user_id, conversation, worker, generation, epoch, image, image_sum, behind, used_at, revision"

func sessionOf(scan func(...any) error) (s cluster.Session, err error) {
	var user, used int64
	err = scan(&user, &s.Conversation, &s.Worker, &s.Generation, &s.Epoch, &s.Image, &s.ImageSum, &s.Behind, &used, &s.Revision)
	s.User, s.UsedAt = uint64(user), timeOf(used)
	return s, err
}

// Session implements cluster.Store.
func (c *Cluster) Session(ctx context.Context, key sandbox.Key) (s cluster.Session, err error) {
	err = c.db.view(ctx, func(tx *sql.Tx) error {
		s, err = sessionOf(tx.QueryRowContext(ctx, "SELECT "+sessionColumns+" FROM sessions WHERE user_id = ? AND conversation = ?",
			int64(key.User), key.Conversation).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			s, err = cluster.Session{Key: key}, nil
		}
		return err
	})
	return s, err
}

// SaveSession implements cluster.Store.
func (c *Cluster) SaveSession(ctx context.Context, s cluster.Session) (cluster.Session, error) {
	old := s.Revision
	s.Revision = cluster.NextRevision(old)
	s.UsedAt = s.UsedAt.UTC().Truncate(time.Millisecond)
	err := c.db.update(ctx, func(tx *sql.Tx) error {
		var res sql.Result
		var err error
		if old == 0 {
			res, err = tx.ExecContext(ctx, "INSERT INTO sessions ("+sessionColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
				int64(s.User), s.Conversation, s.Worker, s.Generation, s.Epoch, s.Image, s.ImageSum, s.Behind, millis(s.UsedAt), s.Revision)
		} else {
			res, err = tx.ExecContext(ctx, `UPDATE sessions SET worker = ?, generation = ?, epoch = ?, image = ?, image_sum = ?, behind = ?, used_at = ?, revision = ?
				WHERE user_id = ? AND conversation = ? AND revision = ?`,
				s.Worker, s.Generation, s.Epoch, s.Image, s.ImageSum, s.Behind, millis(s.UsedAt), s.Revision, int64(s.User), s.Conversation, old)
		}
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errSessionChanged())
		}
		return nil
	})
	if err != nil {
		return cluster.Session{}, err
	}
	return s, nil
}

func errSessionChanged() error {
	return fault.New(fault.Exists, "This session has gone on elsewhere.")
}

// DeleteSession implements cluster.Store.
func (c *Cluster) DeleteSession(ctx context.Context, s cluster.Session) error {
	return c.db.update(ctx, func(tx *sql.Tx) error {
		key := []any{int64(s.User), s.Conversation}
		if _, err := tx.ExecContext(ctx, "DELETE FROM sessions WHERE user_id = ? AND conversation = ? AND revision = ?", append(key, s.Revision)...); err != nil {
			return err
		}
		var left int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sessions WHERE user_id = ? AND conversation = ?", key...).Scan(&left); err != nil {
			return err
		}
		if left > 0 {
			return errSessionChanged()
		}
		return nil
	})
}

// Sessions implements cluster.Store.
func (c *Cluster) Sessions(ctx context.Context, before time.Time, limit int) (all []cluster.Session, err error) {
	err = c.db.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT "+sessionColumns+" FROM sessions WHERE used_at < ? ORDER BY used_at, user_id, conversation LIMIT ?", millis(before), limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			s, err := sessionOf(rows.Scan)
			if err != nil {
				return err
			}
			all = append(all, s)
		}
		return rows.Err()
	})
	return all, err
}

// Secret implements cluster.Store.
func (c *Cluster) Secret(ctx context.Context, name string, value []byte) (kept []byte, err error) {
	do := c.db.update
	if len(value) == 0 {
		do = c.db.view
	}
	err = do(ctx, func(tx *sql.Tx) error {
		if len(value) > 0 {
			if _, err := tx.ExecContext(ctx, "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", name, value); err != nil {
				return err
			}
		}
		err := tx.QueryRowContext(ctx, "SELECT value FROM secrets WHERE name = ?", name).Scan(&kept)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "There is no such secret.")
		}
		return err
	})
	return kept, err
}

// DeleteSecrets implements cluster.Store.
func (c *Cluster) DeleteSecrets(ctx context.Context, prefix string, value []byte) (n int, err error) {
	err = c.db.update(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "DELETE FROM secrets WHERE substr(name, 1, length(?1)) = ?1 AND value = ?2", prefix, value)
		if err != nil {
			return err
		}
		gone, err := res.RowsAffected()
		n = int(gone)
		return err
	})
	return n, err
}

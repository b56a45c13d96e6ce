package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/attachebot/attache/internal/fault"
)

// Updates that share a transaction do not share their fate.
func TestBatch(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "attache.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b := &batch{db: db}
	refused := errors.New("refused")
	gone, cancel := context.WithCancel(t.Context())
	cancel()

	insert := func(ctx context.Context, user int, fail error) error {
		return b.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, "INSERT INTO user_models VALUES (?, 'm')", user); err != nil {
				return err
			}
			return fail
		})
	}
	// Whoever holds the turn makes all others wait, and so share.
	b.turn.Lock()
	var all sync.WaitGroup
	var bad atomic.Int64
	for i := range 40 {
		all.Go(func() {
			var err error
			var want func(error) bool
			switch i % 4 {
			case 0:
				err, want = insert(t.Context(), i, nil), func(err error) bool { return err == nil }
			case 1:
				err, want = insert(t.Context(), i, refused), func(err error) bool { return errors.Is(err, refused) }
			case 2: // the same key as another one
				err, want = insert(t.Context(), 1000, nil), func(err error) bool { return err == nil || fault.Is(err, fault.Exists) }
			case 3:
				err, want = insert(gone, i, nil), func(err error) bool { return fault.Is(err, fault.Canceled) }
			}
			if !want(err) {
				bad.Add(1)
				t.Errorf("update %d: %v", i, err)
			}
		})
	}
	for n := 0; n < 40; {
		b.mu.Lock()
		n = len(b.waiting)
		b.mu.Unlock()
	}
	b.turn.Unlock()
	all.Wait()
	var kept int
	if err := db.read.QueryRow("SELECT COUNT(*) FROM user_models WHERE user_id % 4 = 0").Scan(&kept); err != nil || kept != 11 {
		t.Errorf("%d rows are kept, want 10 and the one of the common key, %v", kept, err)
	}
	if err := db.read.QueryRow("SELECT COUNT(*) FROM user_models").Scan(&kept); err != nil || kept != 11 {
		t.Errorf("%d rows are kept in all, %v", kept, err)
	}

	// A panic fails those that shared its transaction, and is passed on.
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		_ = b.update(t.Context(), func(context.Context, *sql.Tx) error { panic("a bug") })
	}()
	if err := insert(t.Context(), 2000, nil); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

func BenchmarkWritesAtOnce(b *testing.B) {
	db, err := Open(b.Context(), filepath.Join(b.TempDir(), "attache.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	c := NewChats(db)
	var n atomic.Int64
	for _, way := range []string{"one by one", "together"} {
		b.Run(way, func(b *testing.B) {
			b.SetParallelism(50)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					user := n.Add(1)
					do := func(ctx context.Context, tx *sql.Tx) error {
						_, err := tx.ExecContext(ctx, "INSERT INTO user_models VALUES (?, ?)", user, fmt.Sprint("m", user))
						return err
					}
					var err error
					if way == "together" {
						err = c.writes.update(b.Context(), do)
					} else {
						err = db.update(b.Context(), func(tx *sql.Tx) error { return do(b.Context(), tx) })
					}
					if err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

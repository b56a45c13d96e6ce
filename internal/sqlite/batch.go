package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"
)

// batch makes one transaction of the updates that wait for the writer at the
// same time: a commit waits for the disk, and so they wait for it together.
// Each update succeeds or fails on its own, as in a transaction of its own; one
// that returned is on the disk.
type batch struct {
	db *DB

	turn sync.Mutex // who has it runs what is waiting

	mu      sync.Mutex
	waiting []*update
}

type update struct {
	ctx  context.Context
	do   func(context.Context, *sql.Tx) error
	done bool // set and read under turn
	err  error
}

// update runs do. A context that ends while it waits ends the update; once it
// runs, it runs to its end.
func (b *batch) update(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	u := &update{ctx: ctx, do: do}
	b.mu.Lock()
	b.waiting = append(b.waiting, u)
	b.mu.Unlock()

	b.turn.Lock()
	defer b.turn.Unlock()
	if !u.done {
		b.mu.Lock()
		all := b.waiting
		b.waiting = nil
		b.mu.Unlock()
		b.run(all)
	}
	return translate(u.err)
}

// run runs updates in one transaction and notes how each one went.
func (b *batch) run(all []*update) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := errors.New("an update of the batch panicked")
	defer func() {
		for _, u := range all {
			u.done = true
			u.err = cmp.Or(u.err, err)
		}
	}()
	err = b.db.update(ctx, func(tx *sql.Tx) error {
		for _, u := range all {
			if err := u.apply(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// apply runs one update. The error is one of the whole transaction.
func (u *update) apply(ctx context.Context, tx *sql.Tx) error {
	if u.err = u.ctx.Err(); u.err != nil {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
		return err
	}
	if u.err = u.do(ctx, tx); u.err != nil {
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO one"); err != nil {
			return errors.Join(err, u.err)
		}
	}
	_, err := tx.ExecContext(ctx, "RELEASE one")
	return err
}

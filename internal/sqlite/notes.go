package sqlite

import (
	"context"
	"database/sql"

	"github.com/attachebot/attache/internal/notes"
)

// Notes is a [notes.Store].
type Notes struct{ db *DB }

var _ notes.Store = (*Notes)(nil)

// NewNotes returns the notes of a database.
func NewNotes(db *DB) *Notes { return &Notes{db} }

// SetNote implements notes.Store.
func (n *Notes) SetNote(ctx context.Context, name, text string) error {
	return n.db.update(ctx, func(tx *sql.Tx) (err error) {
		if text == "" {
			_, err = tx.ExecContext(ctx, "DELETE FROM notes WHERE name = ?", name)
		} else {
			_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO notes (name, text, set_at) VALUES (?, ?, (SELECT coalesce(max(set_at), 0) + 1 FROM notes))", name, text)
		}
		return err
	})
}

// Notes implements notes.Store.
func (n *Notes) Notes(ctx context.Context, prefix string, limit int) (all []notes.Note, err error) {
	err = n.db.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `
			SELECT name, text FROM notes WHERE name >= ?1 AND name <= ?1 || char(0x10FFFF) AND substr(name, 1, length(?1)) = ?1
			ORDER BY +set_at DESC LIMIT ?2`, prefix, limit) // + so that the names are searched, not all changes
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var one notes.Note
			if err := rows.Scan(&one.Name, &one.Text); err != nil {
				return err
			}
			all = append(all, one)
		}
		return rows.Err()
	})
	return all, err
}

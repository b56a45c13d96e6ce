// Package notes is the contract of a store of short texts that a restart must not
// forget: what a front end knows of its places, for example. internal/sqlite and
// internal/mongo have one each.
package notes

import "context"

// Store keeps short texts by their names. It is safe for concurrent use, also by
// several programs. Errors are of kind Unavailable. The contract is the suite in
// notestest.
type Store interface {
	// SetNote keeps a text under a name in place of the earlier one. Without a text,
	// the name is forgotten.
	SetNote(ctx context.Context, name, text string) error
	// Notes returns up to limit notes whose names begin with prefix, those that
	// were set last first.
	Notes(ctx context.Context, prefix string, limit int) ([]Note, error)
}

// Note is a text that is kept.
type Note struct{ Name, Text string }

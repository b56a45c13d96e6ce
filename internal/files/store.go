package files

import (
	"context"
	"time"
)

// Query selects a page of a user's files.
type Query struct {
	Kind   Kind // empty: all kinds
	Offset int  // how many to skip
	Limit  int  // at most this many; 0: 25; 100,000 at most
}

// Page is a part of a user's files, newest first.
type Page struct {
	Files []File
	Total int   // how many match the query, over all pages
	Usage Usage // of all the user's files, whatever the query's kind
}

// Usage says what a user has. A file that shares its bytes with another
// counts in full: the numbers are the sums of what the user sees.
type Usage struct {
	Files int
	Bytes int64
	Kinds map[Kind]int // how many of each kind; absent: none

	// Of these, those that were made by code.
	Generated      int
	GeneratedBytes int64
}

// Totals are figures over all users.
type Totals struct {
	Users   int   `json:"users"`   // who have a file
	Files   int   `json:"files"`   // expired ones that are not yet swept included
	Bytes   int64 `json:"bytes"`   // the sum of their sizes
	Stored  int64 `json:"stored"`  // bytes in the bucket: shared ones once
	Expired int   `json:"expired"` // files that wait for the sweep
	Pending int   `json:"pending"` // journal entries: uploads under way and bytes to be removed
}

// Store keeps the metadata of files, and a journal of the keys in the bucket
// whose bytes may exist without a file: being written, or to be removed. A key
// is in the journal from before its first byte until a file holds it, and from
// the moment no file holds it until its bytes are gone. So whatever a crash
// leaves behind is found by reading the journal.
//
// A store is opened in the name of an owner, one running program, and notes it
// in the journal. All methods are safe for concurrent use, also by several
// processes. Errors are of kind Unavailable unless said otherwise. Times come
// back in UTC to the millisecond. The contract is the suite in filestest.
type Store interface {
	// Begin enters a key into the journal at the time given. A key that is there
	// already, or that a file holds, is refused (Exists).
	Begin(ctx context.Context, key string, at time.Time) error

	// Commit makes f known, and takes f.Path out of the journal, at once.
	//
	// If the user has a file with the same SHA256 and Size that does not expire
	// before f.UploadedAt, the new file shares its bytes: the file returned has that
	// one's Path, twin is its id, and the key of f stays in the journal.
	//
	// admit, if not nil, is given what the user has at f.UploadedAt without f; its
	// error refuses f and is returned as it is. Of calls that race for the last
	// place, at most one succeeds. Kinds: Exists for a known id, NotFound for a key
	// that is not in the journal or was reclaimed. After these nothing has changed;
	// after Unavailable, Committed tells.
	Commit(ctx context.Context, f File, admit func(Usage) error) (stored File, twin ID, err error)

	// Committed is asked after Commit(f) has failed with Unavailable, and tells
	// whether f is known after all. If it is not, it never will be by that Commit.
	Committed(ctx context.Context, f File) (bool, error)

	// Get returns a file that is not expired at now, or an error of kind NotFound:
	// for a wrong id, and for another user's.
	Get(ctx context.Context, user UserID, id ID, now time.Time) (File, error)

	// Keep makes a file one that its user put there, which expires at the time given
	// (zero: never), whoever made it. Kind NotFound as Get. Where code made it, admit,
	// if not nil, is given what the user has at now; its error leaves the file as it
	// was and is returned as it is. Of calls that race for the last place, those of
	// Commit too, at most one succeeds.
	Keep(ctx context.Context, user UserID, id ID, expires, now time.Time, admit func(Usage) error) error

	// List returns a page of what has not expired at now, latest upload first;
	// of the same upload time, the greatest id first.
	List(ctx context.Context, user UserID, q Query, now time.Time) (Page, error)

	// Usage sums up what has not expired at now.
	Usage(ctx context.Context, user UserID, now time.Time) (Usage, error)

	// Remove forgets files. It returns those that this call removed (of two calls
	// for one file, one gets it), and the keys that no file holds any more, which
	// it enters into the journal at the time given in the same step.
	Remove(ctx context.Context, files []File, at time.Time) (removed []File, orphans []string, err error)

	// Expired returns up to limit files that are expired at now, oldest expiry first.
	Expired(ctx context.Context, now time.Time, limit int) ([]File, error)

	// Scan returns up to limit files of all users, expired ones too, from the first
	// after the id given. A store has an order of its own for it, in which
	// a user's files are together, by id; the id given need not exist.
	Scan(ctx context.Context, after ID, limit int) ([]File, error)

	// Reclaim returns up to limit journal entries that were entered before the
	// time given, or by this owner if own is true. No Commit of their keys can
	// succeed from then on.
	Reclaim(ctx context.Context, before time.Time, own bool, limit int) (keys []string, err error)

	// Forget takes keys out of the journal: their bytes are gone. A key that
	// a file holds, or that is not there, is left as it is.
	Forget(ctx context.Context, keys []string) error

	// Totals sums up everything.
	Totals(ctx context.Context, now time.Time) (Totals, error)

	SharingStore
}

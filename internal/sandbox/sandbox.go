// Package sandbox runs Python code that nobody trusts, in gVisor.
//
// A [Host] owns the sandboxes of one machine. Run executes a piece of code in
// the session of one user and conversation: a Python process, restored from a
// snapshot that has pandas and its kin imported already, whose variables live
// from one call to the next. A session that is not used is checkpointed to
// disk and freed; the next Run restores it, also after a restart.
//
// If no confined sandbox can be started, Run refuses. Nothing runs unconfined.
package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"github.com/attachebot/attache/internal/table"
	"io"
	"time"
)

// Key names a session: one per user and conversation.
type Key struct {
	User         uint64
	Conversation string
}

// dir is the session's folder below the folder of all sessions. The
// conversation is hashed: it is an opaque text and must not become a path.
func (k Key) dir() string {
	sum := sha256.Sum256([]byte(k.Conversation))
	return fmt.Sprintf("%d/%s", k.User, hex.EncodeToString(sum[:12]))
}

// Files gives a session the files of its user, and of nobody else.
type Files interface {
	// List returns the user's files, newest first.
	List(ctx context.Context) ([]FileInfo, error)
	// Open returns one file's bytes. Its error's sentence is shown to the code.
	Open(ctx context.Context, id string) (FileInfo, io.ReadCloser, error)
	// Stat returns one file's description.
	Stat(ctx context.Context, id string) (FileInfo, error)
}

// FileInfo describes a file to the code, under the names that it sees.
type FileInfo struct {
	ID         string     `json:"file_id"`
	Name       string     `json:"filename"`
	Kind       string     `json:"file_type"`
	Ext        string     `json:"ext"` // with the dot; empty for none
	Size       int64      `json:"file_size"`
	UploadedAt time.Time  `json:"uploaded_at"`
	ExpiresAt  *time.Time `json:"expires_at"` // nil: never
}

// Cell is one piece of code and what it may reach while it runs. Every func
// may be nil; they are called from one goroutine at a time.
type Cell struct {
	Code  string
	Files Files
	// Save takes a file that the code made or changed. The reader ends with
	// the file; its error's sentence goes into Result.Notes.
	Save func(ctx context.Context, name string, r io.Reader) error
	// Output is called with text that the code prints, as it comes.
	Output func(text string)
	// Status is called when what the user waits for changes.
	Status func(Status)
	// Ask puts a yes-or-no question to the user and waits. Nil is a no.
	Ask func(ctx context.Context, question string) (bool, error)
}

// Status is what a cell is waiting for.
type Status struct {
	State  State
	Place  int    // Queued: 1 is next
	Detail string // Installing: the package
}

// State is a stage of Run.
type State string

const (
	Queued     State = "queued"
	Starting   State = "starting"
	Restoring  State = "restoring"
	Installing State = "installing"
	Running    State = "running"
)

// Outcome says how a cell ended. A cell that fails is no Go error.
type Outcome string

const (
	OK          Outcome = "ok"
	Failed      Outcome = "error"       // a Python exception; the traceback is in Error
	TimedOut    Outcome = "timeout"     // interrupted at the time limit
	Interrupted Outcome = "interrupted" // the caller's context ended
	OutOfMemory Outcome = "memory"      // the sandbox passed its memory limit and was ended
	Crashed     Outcome = "crashed"     // the Python process ended
)

// Result is what a cell did.
type Result struct {
	Outcome  Outcome
	Output   string        // what it printed, standard error included, in order
	Shown    []Shown       // values that it displayed, the last expression included
	Error    string        // the traceback or the reason; empty for OK
	Warnings []string      // Python warnings, a line each
	Notes    []string      // for the user and the model: variables lost, files not sent
	Packages []string      // installed for it, as "geopandas 1.1.0"
	Elapsed  time.Duration // of execution, without questions and installations
	Lost     bool          // the session's variables are gone

	threads int // that the code left running
}

// Shown is a displayed value: text always, and a table if it is one.
type Shown struct {
	Text  string
	Table *table.Table
}

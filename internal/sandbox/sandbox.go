// Package sandbox is the contract of running Python code that nobody trusts.
//
// Run executes a piece of code in the session of one user and conversation: a
// Python process with pandas and its kin, whose variables live from one call
// to the next, also after a restart. If no confined sandbox can be started,
// Run refuses. Nothing runs unconfined.
//
// Package gvisor is the driver for one machine; sandboxtest holds what every
// driver must do.
package sandbox

import (
	"context"
	"io"
	"time"

	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/table"
)

// Sandbox runs cells. It may be used by many goroutines.
type Sandbox interface {
	// Run executes a cell in the session of key. Calls for one key run one
	// after the other. What the code does wrong is in the Result; an error says
	// that it could not run at all: Unavailable when no sandbox starts or the
	// driver is closing, Canceled when ctx ended before the code began.
	Run(ctx context.Context, key Key, cell Cell) (Result, error)
	// Reset ends the session of key and forgets its variables. A session that
	// is not there is no error. It waits for a running cell.
	Reset(ctx context.Context, key Key) error
	// Stats returns what the driver holds now.
	Stats() Stats
}

// Stats counts what a driver holds at one moment.
type Stats struct {
	Live    int   // sessions that have a sandbox
	Running int   // cells that run
	Queued  int   // cells that wait for a free sandbox
	Ready   int   // sandboxes without a session, started in advance
	Memory  int64 // bytes of memory of the live sessions, as last measured
}

// Key names a session: one per user and conversation.
type Key struct {
	User         uint64
	Conversation string
}

// Files gives a session the files of its user, and of nobody else.
type Files interface {
	// List returns the user's files, newest first.
	List(ctx context.Context) ([]FileInfo, error)
	// Open returns one file's bytes. Its error's sentence is shown to the code.
	Open(ctx context.Context, id string) (FileInfo, io.ReadCloser, error)
	// Stat returns one file's description.
	Stat(ctx context.Context, id string) (FileInfo, error)
	// Delete deletes one file for good, after its owner has confirmed it twice. It
	// tells whether they did.
	Delete(ctx context.Context, id string) (FileInfo, bool, error)
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
	// Args, if there are any, make the code a program: they are its sys.argv, and
	// what it writes to standard error goes to Errors as it comes, and not into
	// the output.
	Args   []string
	Errors func(text string)
	// Input returns what comes next of the standard input of such a program, and
	// nothing at its end. It is asked when the code reads. Nil: it is empty.
	Input func(ctx context.Context) ([]byte, error)
	// Output is called with text that the code prints, as it comes.
	Output func(text string)
	// Status is called when what the user waits for changes.
	Status func(Status)
	// Ask puts a yes-or-no question to the user and waits. Nil is a no.
	Ask func(ctx context.Context, question locale.Message) (bool, error)
}

// Limits bound one sandbox. A zero field takes the default.
type Limits struct {
	Time      time.Duration // of execution in a cell; starts, questions and installs do not count; 5 min
	Memory    int64         // bytes of the whole sandbox; 1 GiB
	Work      int64         // bytes of the work folder, a part of Memory; 512 MiB
	Processes int           // processes and threads; 64
	Output    int           // characters kept of what a cell prints; 100,000
}

// WithDefaults returns the limits with every zero field filled in.
func (l Limits) WithDefaults() Limits {
	if l.Time == 0 {
		l.Time = 5 * time.Minute
	}
	if l.Memory == 0 {
		l.Memory = 1 << 30
	}
	if l.Work == 0 {
		l.Work = 512 << 20
	}
	if l.Processes == 0 {
		l.Processes = 64
	}
	if l.Output == 0 {
		l.Output = 100_000
	}
	return l
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
	Output   string           // what it printed, standard error included, in order
	Shown    []Shown          // values that it displayed, the last expression included
	Error    string           // the traceback or the reason; empty for OK
	Exit     int              // the status of sys.exit, 130 of KeyboardInterrupt, 0 of OK and every other exception; when Crashed, that of the process, or 1
	Warnings []string         // Python warnings, a line each
	Notes    []locale.Message // for the user and the model: variables lost, files not sent
	Packages []string         // installed for it, as "geopandas 1.1.0"
	Elapsed  time.Duration    // of execution, without questions and installations
	Lost     bool             // the session's variables are gone
}

// Shown is a displayed value: text always, and a table if it is one.
type Shown struct {
	Text  string
	Table *table.Table
}

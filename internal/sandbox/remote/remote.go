// Package remote runs sandboxes on other machines. A [Driver] in the process
// that answers people finds a [Worker] for each session and has it run the
// cells; files, questions and output go through the call, so that a worker
// holds no secret and reaches nothing by itself.
//
// A session is live once: its record in the cluster's store names the worker
// and the generation of its lease, and what comes back counts only while the
// record still says the same. A cell runs at most once: if its worker is lost
// in the middle, the caller is told, and it is not run again.
package remote

import (
	"time"

	"github.com/attachebot/attache/internal/sandbox"
)

// LeaseTime is how long a worker counts as alive that nobody can hear.
const LeaseTime = 20 * time.Second

// leaseTime is LeaseTime; tests have less time.
var leaseTime = LeaseTime

// Subjects of a worker that is named NAME, in its life LIFE. A worker may
// listen below listen and speak below speak of its own name only.
const (
	subjectWorker = "att.w." // NAME.LIFE.call, .ping, .c.CALL: to the worker
	subjectCall   = "att.g." // NAME.CALL: from the worker to the caller of a call
	subjectReport = "att.r." // NAME: how the worker is, every second
	subjectLease  = "att.l." // NAME: the worker asks for its lease
	subjectStored = "att.s." // NAME: the worker has stored a session
	group         = "attache"
)

// Subjects returns what a worker of a name has to be allowed: to listen to, and
// to speak on.
func Subjects(name string) (listen, speak []string) {
	return []string{subjectWorker + name + ".>", Inbox(name) + ".>"},
		[]string{subjectCall + name + ".>", subjectReport + name, subjectLease + name, subjectStored + name}
}

// Inbox is where answers to a worker go.
func Inbox(name string) string { return "_INBOX_" + name }

// Report is what a worker tells of itself.
type Report struct {
	Name       string
	Life       string // of the process, until its lease is lost
	Generation uint64 // of its lease; 0: it has none yet
	Version    string
	Max        int // cells that it runs at once
	Draining   bool
	Enters     bool // it takes the order to enter an epoch
	Stats      sandbox.Stats
	Error      string `json:",omitempty"` // the last one
	Server     string `json:",omitempty"` // in its lease: the message server at which it is
}

// order begins a call.
type order struct {
	Call       string
	Op         string // "enter", "run", "reset" or "publish"
	Key        sandbox.Key
	Generation uint64
	Epoch      string
	Revision   uint64 // of the record that says so
	First      bool   // the session had no record: what a worker has of it is from before it was one
	New        bool   // the session begins anew under this epoch
	Lost       bool   // because the machine that had it is gone
	Away       bool   // no: because that can't be asked
	Image      bool   // there is an image of it, for a worker that does not have the epoch
	Behind     bool   // from which the session may have gone on
	// What the cell may reach.
	Files, Save, Output, Errors, Input, Status, Ask bool
}

// program is what a call runs. It follows the order.
type program struct {
	Code string
	Args []string `json:",omitempty"`
}

// outcome ends a call.
type outcome struct {
	Refused bool // nothing was done: another worker may do it
	Result  sandbox.Result
	Stats   sandbox.Stats // of the worker, after it
	Ran     uint64        // "publish": up to this revision, the image has for certain what ran
	Err     *failure      `json:",omitempty"`
	// With an error: the session is as it was.
	Untouched bool `json:",omitempty"`
}

// question is what a cell asks of its caller.
type question struct {
	What string // "list", "stat", "open", "delete", "save", "ask", "input"; of images: "has", "get", "put"
	Arg  string
}

// answer is what it gets.
type answer struct {
	Info  *sandbox.FileInfo  `json:",omitempty"`
	Infos []sandbox.FileInfo `json:",omitempty"`
	Yes   bool               `json:",omitempty"`
	Data  []byte             `json:",omitempty"`
	Err   *failure           `json:",omitempty"`
}

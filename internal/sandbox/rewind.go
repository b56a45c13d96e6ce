package sandbox

import (
	"context"
	"time"
)

// Rewinder is what a driver may be able to beside Sandbox: keep what a session was
// after each answer, while it goes on, and begin another one from there. Whoever
// calls it names the answers.
type Rewinder interface {
	// Keep keeps what the session of key is now under the name of an answer, in place
	// of what had that name. It waits for a running cell. The session goes on; a
	// session that is not there is NotFound, and what can't be kept is
	// Unavailable, or Exhausted when it is larger than all that may be kept.
	Keep(ctx context.Context, key Key, answer string) error
	// Answers returns what is kept of the session of key, the oldest first. The oldest
	// go first when they become too many.
	Answers(ctx context.Context, key Key) ([]Answer, error)
	// Fork makes what the session of key was after an answer the session of another
	// key of the same user, which has none: Exists. The session of key goes on. What
	// is not kept, or can't be restored any more, is NotFound. What is random differs
	// between the two from then on.
	Fork(ctx context.Context, key Key, answer string, to Key) error
}

// Answer is what is kept of a session after one.
type Answer struct {
	Name  string
	At    time.Time
	Bytes int64 // on the disk
}

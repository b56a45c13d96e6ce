package assistant

import (
	"context"
	"iter"
	"sync"

	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// Request is a message for the assistant.
type Request struct {
	ID           string // the front end's: "discord/…"; one ID is answered once, by one process
	User         files.UserID
	UserName     string // how the model may address them
	Conversation string // the history that the message continues
	Model        string // answers it; "": the one that the user chose
	FrontEnd     *chat.FrontEnd

	// Message is what it says. If that takes fetching, Read gives it instead: it is
	// called once, when the message's turn has come and is claimed. Anew says that
	// the turn which it replaces is not kept: there is no message to be the same as.
	Message Message
	Read    func(ctx context.Context, anew bool) (Message, error)

	// Replaces is the ID of the user's last turn in the conversation, to answer
	// its message again, or this one in its place. One that is not kept, since its
	// message was never read or the conversation was forgotten, is not replaced.
	Replaces string
	// After says that the message is about an answer that is still being written: it
	// waits for the others of the conversation. Else people are answered side by side.
	After bool
	// Again marks what a person asked for with a button, or what is read long after
	// it was written: it does not count as one of a burst of messages.
	Again bool
}

// Message is what a person wrote.
type Message struct {
	Text         string
	Own          string // of Text, what the person wrote themselves: links in it are theirs
	Before       string // put before the text for the model: what is quoted, whom it answers
	Uploads      []Upload
	Files        []files.File    // saved before, in place of Uploads
	Conversation string          // if not empty, in place of Request.Conversation
	Problems     []string        // sentences for the person: what could not be read
	Company      Company         // who else speaks in the conversation
	Tools        []chat.TurnTool // that may be called for this message alone
	Same         bool            // the message of the turn that is replaced is answered again, as it was
}

// Event is something that happened to a turn: one of the types below, or of the
// events of package chat.
type Event any

type (
	// Queued says that other messages of the same person are answered first.
	// Place 1 is next.
	Queued struct{ Place int }
	// Started says that the turn is read and answered from now on.
	Started struct{}
	// Saved tells what became of the message's attachments, in their order.
	Saved struct{ Attachments []Saving }
	// Problem is a sentence about a part of the message that could not be read.
	Problem struct{ Sentence string }
	// Asked says that the turn waits for an answer of its user.
	Asked struct{ Question Question }
	// Answered says that it waits no more.
	Answered struct {
		Question Question
		Outcome  Outcome
	}
	// Ended is the last event of every turn.
	Ended struct {
		Result chat.Result
		Err    error // nil, or as of chat.Engine.Run
		// Nothing says that there was nothing to answer: the message was empty, or
		// had attachments alone.
		Nothing bool
	}
)

// Turn is a message on its way to its answer.
type Turn struct {
	ID   string
	User files.UserID

	a       *Assistant
	req     Request
	ctx     context.Context
	cancel  context.CancelCauseFunc
	claimed chan struct{} // closed when it is known whether the claim succeeded
	claim   error         // of the claim; read after claimed

	mu      sync.Mutex
	state   turnState
	events  []Event
	more    chan struct{} // closed when there are more events, then replaced
	outcome Ended
}

type turnState int

const (
	waiting turnState = iota
	running
	over
)

func (a *Assistant) newTurn(r Request) *Turn {
	t := &Turn{ID: r.ID, User: r.User, a: a, req: r, claimed: make(chan struct{}), more: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancelCause(a.base)
	return t
}

// Conversation is the history that the turn continues, as far as it is known.
func (t *Turn) Conversation() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.req.Conversation
}

// Waits tells whether the turn has not been started yet: its message may still
// change.
func (t *Turn) Waits() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state == waiting
}

// Over tells whether the turn has ended.
func (t *Turn) Over() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state == over
}

// Follow yields the events after the first n, each with its number from 1, as
// they come. It ends behind [Ended], or with ctx. Any number of viewers may
// follow; a slow one holds up nobody.
func (t *Turn) Follow(ctx context.Context, n int) iter.Seq2[int, Event] {
	return func(yield func(int, Event) bool) {
		for at := max(n, 0); ; {
			events, more, end := t.after(at)
			for _, e := range events {
				if at++; !yield(at, e) {
					return
				}
			}
			if end {
				return
			}
			select {
			case <-more:
			case <-ctx.Done():
				return
			}
		}
	}
}

// after returns the events after the first n, a channel that is closed when more
// come, and whether there will be no more.
func (t *Turn) after(n int) (events []Event, more <-chan struct{}, end bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n = min(n, len(t.events))
	return t.events[n:len(t.events):len(t.events)], t.more, t.state == over
}

// Wait returns what the turn came to, when it has ended. A ctx that ends first
// is an error of its own; the turn goes on.
func (t *Turn) Wait(ctx context.Context) (Ended, error) {
	for n := 0; ; {
		events, more, end := t.after(n)
		n += len(events)
		if end {
			return t.outcome, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return Ended{}, context.Cause(ctx)
		}
	}
}

// ErrStopped ends a turn whose user had enough.
var ErrStopped = fault.New(fault.Canceled, "You stopped this answer.")

// Stop ends the turn for its user; another's Stop does nothing. It tells whether
// the turn was there to be stopped. What came of the answer stays.
func (t *Turn) Stop(user files.UserID) bool {
	return user == t.User && t.Interrupt(ErrStopped)
}

// Interrupt ends the turn with an error, and tells whether it was there to be
// ended.
func (t *Turn) Interrupt(cause error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state == over {
		return false
	}
	t.cancel(cause)
	return true
}

func (t *Turn) emit(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(e)
}

func (t *Turn) add(e Event) {
	if t.state == over {
		return
	}
	t.events = append(t.events, e)
	close(t.more)
	t.more = make(chan struct{})
}

// end ends the turn; what ended before stays so.
func (t *Turn) end(e Ended) {
	t.mu.Lock()
	if t.state == over {
		t.mu.Unlock()
		return
	}
	t.add(e)
	t.outcome, t.state = e, over
	t.mu.Unlock()
	t.cancel(nil)
	t.a.keep(t)
}

// start makes a waiting turn a running one, unless it has been ended.
func (t *Turn) start() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state != waiting || t.ctx.Err() != nil {
		return false
	}
	t.state = running
	t.add(Started{})
	return true
}

// Package fault is the project's one error taxonomy.
//
// Every error that crosses a package border either is a *Error or is treated
// as [Internal]. Msg is written for the person who asked and may be shown to
// them and to the model; Err is for the log alone.
package fault

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// Kind says what a caller should do about an error.
type Kind uint8

const (
	Internal    Kind = iota // a bug or an unforeseen failure: apologise, log
	Invalid                 // the request can never succeed as it is: explain
	Denied                  // the caller may not do this: explain
	NotFound                // absent, expired, or somebody else's: explain
	Exists                  // already there: explain
	TooLarge                // over a size limit: state the limit
	Exhausted               // quota, pool, rate or budget: say when to retry
	Unavailable             // a dependency failed or was too slow: retry, then explain
	Canceled                // the caller left: silence
)

var kinds = [...]struct {
	name   string
	status int
}{
	Internal:    {"internal", 500},
	Invalid:     {"invalid", 400},
	Denied:      {"denied", 403},
	NotFound:    {"not found", 404},
	Exists:      {"exists", 409},
	TooLarge:    {"too large", 413},
	Exhausted:   {"exhausted", 429},
	Unavailable: {"unavailable", 503},
	Canceled:    {"canceled", 499},
}

// String returns the kind in lower-case words.
func (k Kind) String() string { return kinds[k.known()].name }

// HTTPStatus returns the status code that a web front end answers with.
// Canceled is 499, as nginx writes it; nobody is there to read it.
func (k Kind) HTTPStatus() int { return kinds[k.known()].status }

func (k Kind) known() Kind {
	if int(k) >= len(kinds) {
		return Internal
	}
	return k
}

// Hint says what would help against an error. How a person does it differs from
// one front end to another, so each one has its own sentence for it.
type Hint string

const (
	FreeSpace       Hint = "free space"       // delete files
	OtherModel      Hint = "other model"      // choose another model
	NewConversation Hint = "new conversation" // forget this one
)

// Error is an error with a kind and a sentence for the user.
type Error struct {
	Kind Kind
	Msg  string // may be shown to a user; empty means a generic sentence of Kind
	Err  error  // the cause, only logged; may be nil
	Hint Hint   // what would help; may be empty

	format string // of Msg
	args   []any
}

// Error renders everything, for the log.
func (e *Error) Error() string {
	s := e.Kind.String()
	if e.Msg != "" {
		s += ": " + e.Msg
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return hidden(s)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns an error without a cause. Msg is formatted as by fmt.Sprintf.
func New(k Kind, format string, args ...any) error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...), format: format, args: args}
}

// Wrap gives err a kind and a sentence. It returns nil for a nil err.
// An ended context wins over k: a canceled one makes the error Canceled,
// whatever the adapter made of the failure that followed.
func Wrap(err error, k Kind, format string, args ...any) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		k = Canceled
	}
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...), Err: err, format: format, args: args}
}

// With gives err a hint. Kind and sentence stay. It returns nil for a nil err.
func With(h Hint, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Kind: KindOf(err), Err: err, Hint: h}
	if said := speaker(err); said != nil {
		e.Msg, e.format, e.args = said.Msg, said.format, said.args
	}
	return e
}

// HintOf returns the outermost hint in err's tree, or "".
func HintOf(err error) Hint {
	var e *Error
	for errors.As(err, &e) {
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}

// KindOf returns the kind of the outermost *Error in err's tree. Bare context
// errors are Canceled and Unavailable; any other error is Internal.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Unavailable
	}
	return Internal
}

// Is reports whether err has kind k. A nil err has none.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// Message returns one sentence about err that may be shown to a user. It never
// contains the text of a cause.
func Message(err error) string { return In(err, nil) }

// In is Message in another language: say makes a sentence of the English format and
// what stands in it. A nil say is fmt.Sprintf.
func In(err error, say func(format string, args ...any) string) string {
	if err == nil {
		return ""
	}
	e := speaker(err)
	switch {
	case e == nil && say == nil:
		return generic(KindOf(err))
	case e == nil:
		return say(generic(KindOf(err)))
	case say == nil || e.format == "":
		return hidden(e.Msg)
	}
	return hidden(say(e.format, e.args...))
}

// hide takes the secrets of the process out of a text; nil: it has none.
var hide atomic.Pointer[func(string) string]

// Redact makes every sentence and every rendered error of the process go through f,
// which takes secrets out.
func Redact(f func(string) string) { hide.Store(&f) }

func hidden(s string) string {
	if f := hide.Load(); f != nil {
		return (*f)(s)
	}
	return s
}

func generic(k Kind) string {
	switch k {
	case Invalid:
		return "That request is not valid."
	case Denied:
		return "You are not allowed to do that."
	case NotFound:
		return "Not found."
	case Exists:
		return "That already exists."
	case TooLarge:
		return "That is too large."
	case Exhausted:
		return "A limit is reached. Please try again later."
	case Unavailable:
		return "Something that I need is not available right now. Please try again in a minute."
	case Canceled:
		return "Canceled."
	default:
		return "Something went wrong on my side."
	}
}

// speaker is the outermost error in err's tree that has a sentence.
func speaker(err error) *Error {
	var e *Error
	for errors.As(err, &e) {
		if e.Msg != "" {
			return e
		}
		err = e.Err
	}
	return nil
}

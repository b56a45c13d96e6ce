package assistant

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// Question is put to the user of a turn, or to the owner of a file, who may answer
// it with yes or no, once, until the deadline: may this package be installed?
type Question struct {
	ID           string
	Turn         string       // the turn that waits for the answer
	Conversation string       // of the turn
	User         files.UserID // who may answer
	Text         locale.Message
	Deadline     time.Time
}

// Outcome is how a question ended.
type Outcome string

const (
	Yes       Outcome = "yes"
	No        Outcome = "no"
	TimedOut  Outcome = "timed out" // nobody answered
	Withdrawn Outcome = "withdrawn" // the turn ended first
)

// question is one that waits.
type question struct {
	Question
	answer chan bool // has room for one
}

// Questions returns the questions that a user may answer now, the oldest first.
func (a *Assistant) Questions(user files.UserID) []Question {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Question
	for _, q := range a.questions {
		if q.User == user {
			out = append(out, q.Question)
		}
	}
	slices.SortFunc(out, func(x, y Question) int { return x.Deadline.Compare(y.Deadline) })
	return out
}

// Answer answers a question. Kind NotFound: it is not open any more, or was
// never; Denied: it is for somebody else.
func (a *Assistant) Answer(user files.UserID, id string, yes bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	q := a.questions[id]
	switch {
	case q == nil:
		return fault.New(fault.NotFound, "This question has expired.")
	case q.User != user:
		return fault.New(fault.Denied, "Only the person who asked can use that.")
	}
	delete(a.questions, id)
	q.answer <- yes
	return nil
}

// Withdraw ends the turns that wait for a person's answer, and those that ask
// from now on, with [ErrClosing]: a program that stops waits for no person. Close
// does it too; twice is once.
func (a *Assistant) Withdraw() { a.withdraw.Do(func() { close(a.withdrawn) }) }

// ErrNoAnswer says that a question was asked, and that nobody answered in time.
var ErrNoAnswer = fault.New(fault.Unavailable, "Nobody answered the question in time.")

// ask puts a question to the turn's user and waits.
func (t *Turn) ask(ctx context.Context, text locale.Message) (bool, error) {
	return t.askOf(ctx, t.User, text)
}

// askOf puts a question to somebody and waits.
func (t *Turn) askOf(ctx context.Context, user files.UserID, text locale.Message) (bool, error) {
	a := t.a
	q := &question{answer: make(chan bool, 1), Question: Question{
		ID: strings.ToLower(rand.Text()[:16]), Turn: t.ID, Conversation: t.Conversation(), User: user,
		Text: text, Deadline: time.Now().Add(a.opts.AskTime),
	}}
	a.mu.Lock()
	a.questions[q.ID] = q
	a.mu.Unlock()
	t.emit(Asked{q.Question})
	timer := time.NewTimer(a.opts.AskTime)
	defer timer.Stop()
	answered := func(yes bool) (bool, error) {
		outcome := No
		if yes {
			outcome = Yes
		}
		t.emit(Answered{q.Question, outcome})
		return yes, nil
	}
	var outcome Outcome
	var err error
	select {
	case yes := <-q.answer:
		return answered(yes)
	case <-timer.C:
		outcome, err = TimedOut, ErrNoAnswer
	case <-ctx.Done():
		outcome, err = Withdrawn, context.Cause(ctx)
	case <-a.withdrawn:
		outcome, err = Withdrawn, ErrClosing
		t.Interrupt(ErrClosing)
	}
	a.mu.Lock()
	delete(a.questions, q.ID)
	a.mu.Unlock()
	select {
	case yes := <-q.answer: // at the last moment
		return answered(yes)
	default:
	}
	t.emit(Answered{q.Question, outcome})
	return false, err
}

package chat

import (
	"context"
	"time"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/ledger"
	"github.com/attachebot/attache/internal/llm"
)

// State says how a turn stands.
type State string

const (
	Claimed     State = "claimed" // the id is taken, and its message not read yet
	Running     State = "running"
	Done        State = "done"
	Failed      State = "failed"      // it ended in an error, which its user was told
	Interrupted State = "interrupted" // it was stopped, by its user or with the program
	Dropped     State = "dropped"     // run again as another turn, or reset: only the id is left
)

// Record is a turn as it is kept.
type Record struct {
	ID           string
	Conversation string
	User         files.UserID
	Instance     string // of the program that runs it
	State        State
	Model        string
	Started      time.Time     // UTC, to the microsecond; the order of a conversation
	Ended        time.Time     // zero while it runs
	Messages     []llm.Message // the user's, then the model's and the tools'
}

// Store keeps turns, users' models and usage. It is safe for concurrent use,
// also by several programs. Errors are of kind Unavailable unless said
// otherwise. The contract is the suite in chattest.
type Store interface {
	// Claim enters a turn as Claimed, without messages: from here on no other
	// program answers its ID. A known ID is an error of kind Exists.
	Claim(ctx context.Context, r Record) error

	// Release makes a claimed turn Dropped: there is nothing to answer. Turns that
	// are not Claimed stay as they are.
	Release(ctx context.Context, id string) error

	// Begin enters a turn, or goes on with one that the same user and instance
	// claimed. Another known ID is an error of kind Exists. If replaces is
	// not empty, the turn that it names becomes Dropped; an error of kind NotFound
	// means that the conversation has no such turn of this user, and Invalid that
	// it is not the last one or still running. After an error nothing has changed.
	Begin(ctx context.Context, r Record, replaces string) error

	// Save replaces State, Model, Ended and Messages of a running turn. For
	// one that is not running (any more) the error is of kind NotFound.
	Save(ctx context.Context, r Record) error

	// Get returns a turn; kind NotFound if there is none or it is Dropped.
	Get(ctx context.Context, id string) (Record, error)

	// History returns a conversation's last turns, at most limit of them,
	// in order of Started. Claimed, Running and Dropped ones are left out, and
	// those that ended before their message was read.
	History(ctx context.Context, conversation string, limit int) ([]Record, error)

	// Clear makes all turns of a conversation Dropped, running ones too.
	Clear(ctx context.Context, conversation string) error

	// Forget deletes turns that started before the time given, but claimed ones
	// and those that run.
	Forget(ctx context.Context, before time.Time) error

	// Conversations returns the conversations that a user began, the one that was
	// used last first. Those without a turn that History has are left out.
	Conversations(ctx context.Context, q ConversationQuery) ([]Conversation, error)

	// Began returns who began a conversation: the user of its first turn that is
	// neither Claimed nor Dropped. 0: it has none.
	Began(ctx context.Context, conversation string) (files.UserID, error)

	// Rename keeps a title for a conversation; "" goes back to its first question.
	// Clear forgets it.
	Rename(ctx context.Context, conversation, title string) error

	// Recover makes claimed and running turns Interrupted: those of the instance, and those of
	// any that started before the time given. It returns them, each one once.
	// It also forgets Dropped turns that started more than a week before that.
	Recover(ctx context.Context, instance string, before time.Time) ([]Record, error)

	// ModelOf returns the model that a user chose; "" if none.
	ModelOf(ctx context.Context, user files.UserID) (string, error)

	// SetModel keeps a user's choice; "" forgets it.
	SetModel(ctx context.Context, user files.UserID, model string) error

	ledger.Store
}

// Conversation is one entry of a list of conversations.
type Conversation struct {
	ID      string
	Title   string // given by Rename, or the text of the first question
	Started time.Time
	Updated time.Time // when the last turn started
	Turns   int
}

// ConversationQuery selects conversations of one user.
type ConversationQuery struct {
	User          files.UserID
	Prefix        string // of the ID: the front end's own
	Search        string // in titles, questions and answers; case does not count for ASCII letters
	Offset, Limit int    // Limit 0: 50
}

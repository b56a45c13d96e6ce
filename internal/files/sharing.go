package files

import (
	"context"
	"time"

	"github.com/attachebot/attache/internal/fault"
)

// Brought is a file that somebody brought into a conversation of several people:
// attached there, or made there by code.
type Brought struct {
	File
	Owner string // how its owner is called there; for people
}

// Word is what somebody said to sharing with the people of a conversation.
type Word string

const (
	Unasked Word = ""        // nothing yet
	Agreed  Word = "yes"     // others may use what they brought, and their Python session there
	Private Word = "private" // nothing yet; but their Python session holds more than what they brought
)

// SharingStore keeps what people share in conversations. What it returns is
// never more than the files that are there: one that is removed is brought no
// more. It is part of [Store].
type SharingStore interface {
	// Bring notes that a file is brought into a conversation. Twice is once: the
	// later name counts.
	Bring(ctx context.Context, conversation string, id ID, owner string) error

	// Brought returns what was brought into a conversation and has not expired at
	// now, latest upload first, at most limit.
	Brought(ctx context.Context, conversation string, now time.Time, limit int) ([]Brought, error)

	// SetWord keeps what a user said in a conversation.
	SetWord(ctx context.Context, conversation string, user UserID, w Word) error

	// WordOf returns what a user said in a conversation.
	WordOf(ctx context.Context, conversation string, user UserID) (Word, error)

	// Unshare forgets what was brought and said in a conversation, or by a user in
	// all of them. An empty conversation or a user 0 stands for all; not both.
	Unshare(ctx context.Context, conversation string, user UserID) error
}

// maxBrought bounds the files of a conversation that others can use: the latest.
const maxBrought = 200

// Bring notes that a user's files are in a conversation: who speaks there may
// use them, if their owner agrees.
func (s *Service) Bring(ctx context.Context, conversation, owner string, fs []File) error {
	for _, f := range fs {
		if err := s.store.Bring(ctx, conversation, f.ID, owner); err != nil {
			return err
		}
	}
	return nil
}

// Brought returns the files that were brought into a conversation, latest first.
func (s *Service) Brought(ctx context.Context, conversation string) ([]Brought, error) {
	return s.store.Brought(ctx, conversation, s.now(), maxBrought)
}

// BroughtFile returns one of them. Kind NotFound: it was not brought there, or
// is gone.
func (s *Service) BroughtFile(ctx context.Context, conversation string, id ID) (Brought, error) {
	all, err := s.Brought(ctx, conversation)
	if err != nil {
		return Brought{}, err
	}
	for _, b := range all {
		if b.ID == id {
			return b, nil
		}
	}
	return Brought{}, errNotFound()
}

// WordOf returns what a user said to sharing in a conversation.
func (s *Service) WordOf(ctx context.Context, conversation string, user UserID) (Word, error) {
	return s.store.WordOf(ctx, conversation, user)
}

// SetWord keeps what a user said to sharing in a conversation.
func (s *Service) SetWord(ctx context.Context, conversation string, user UserID, w Word) error {
	return s.store.SetWord(ctx, conversation, user, w)
}

// UnshareConversation ends all sharing in a conversation, UnshareUser that of a
// user everywhere. The files stay.
func (s *Service) UnshareConversation(ctx context.Context, conversation string) error {
	if conversation == "" {
		return fault.New(fault.Invalid, "")
	}
	return s.store.Unshare(ctx, conversation, 0)
}

// UnshareUser: see UnshareConversation.
func (s *Service) UnshareUser(ctx context.Context, user UserID) error {
	if user == 0 {
		return fault.New(fault.Invalid, "")
	}
	return s.store.Unshare(ctx, "", user)
}

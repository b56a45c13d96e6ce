// Package apitoken keeps the personal tokens with which scripts of people come in.
// They lie in the database, so all machines on it know the same ones.
package apitoken

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/notes"
)

// Token is what is kept of a token: never the token itself.
type Token struct {
	Hash string       `json:"hash"` // SHA-256 of the token, in hex
	User files.UserID `json:"user"`
	Name string       `json:"name"`
	Made time.Time    `json:"made"`
	Used time.Time    `json:"used,omitzero"` // last, give or take a minute; zero: never
}

// Store keeps tokens. It is safe for concurrent use, also by several programs.
// Errors are of kind Unavailable, but for those of Make.
type Store struct {
	notes notes.Store
	now   func() time.Time
}

// New returns the tokens that a store of notes has.
func New(n notes.Store) *Store { return &Store{n, time.Now} }

const (
	// Prefix is how every token begins.
	Prefix = "attache_"
	// Most is how many tokens one user may have.
	Most = 20

	kept   = "api-token/" // and the hash: the token
	used   = "api-used/"  // and the hash: when it was used last
	listed = 100_000      // at most
)

// Hash returns what is kept of a token.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Make returns a new token, which nobody can read again. Kind Exhausted: the user
// has as many as there may be.
func (s *Store) Make(ctx context.Context, user files.UserID, name string) (string, error) {
	mine, err := s.List(ctx, user)
	if err != nil {
		return "", err
	}
	if len(mine) >= Most {
		return "", fault.New(fault.Exhausted, "You have %d tokens. Revoke one first.", Most)
	}
	token := Prefix + strings.ToLower(rand.Text())
	one := Token{Hash: Hash(token), User: user, Name: name, Made: s.now().UTC().Truncate(time.Second)}
	text, err := json.Marshal(one)
	if err != nil {
		return "", err
	}
	return token, s.notes.SetNote(ctx, kept+one.Hash, string(text))
}

// List returns a user's tokens, or everybody's for user 0, the newest first.
func (s *Store) List(ctx context.Context, user files.UserID) (out []Token, err error) {
	all, err := s.notes.Notes(ctx, kept, listed)
	if err != nil {
		return nil, err
	}
	uses, err := s.notes.Notes(ctx, used, listed)
	if err != nil {
		return nil, err
	}
	last := map[string]time.Time{}
	for _, u := range uses {
		last[strings.TrimPrefix(u.Name, used)], _ = time.Parse(time.RFC3339, u.Text)
	}
	for _, n := range all {
		var one Token
		if json.Unmarshal([]byte(n.Text), &one) == nil && (user == 0 || one.User == user) {
			one.Used = last[one.Hash]
			out = append(out, one)
		}
	}
	return out, nil
}

// Revoke ends a token of a user, or of anybody for user 0, on all machines. It
// returns false where there is no such token.
func (s *Store) Revoke(ctx context.Context, user files.UserID, hash string) (bool, error) {
	one, err := s.get(ctx, hash)
	if err != nil || one.Hash == "" || user != 0 && one.User != user {
		return false, err
	}
	if err := s.notes.SetNote(ctx, kept+hash, ""); err != nil {
		return false, err
	}
	return true, s.notes.SetNote(ctx, used+hash, "")
}

// Find returns a token by what a script sent, and notes that it was used. The zero
// Token: there is none. Hashes are compared, so the time tells nothing of a token.
func (s *Store) Find(ctx context.Context, token string) (Token, error) {
	one, err := s.get(ctx, Hash(token))
	if err != nil || one.Hash == "" {
		return Token{}, err
	}
	at, err := s.notes.Notes(ctx, used+one.Hash, 1)
	if err != nil {
		return Token{}, err
	}
	if len(at) > 0 {
		one.Used, _ = time.Parse(time.RFC3339, at[0].Text)
	}
	// It is a note of its own: a token that is revoked meanwhile does not come back.
	if now := s.now().UTC().Truncate(time.Second); now.Sub(one.Used) >= time.Minute {
		one.Used = now
		err = s.notes.SetNote(ctx, used+one.Hash, now.Format(time.RFC3339))
	}
	return one, err
}

// Valid tells whether a token is still there.
func (s *Store) Valid(ctx context.Context, hash string) (bool, error) {
	one, err := s.get(ctx, hash)
	return one.Hash != "", err
}

func (s *Store) get(ctx context.Context, hash string) (one Token, err error) {
	if len(hash) != 2*sha256.Size {
		return one, nil
	}
	found, err := s.notes.Notes(ctx, kept+hash, 1)
	if err == nil && len(found) == 1 && found[0].Name == kept+hash {
		err = json.Unmarshal([]byte(found[0].Text), &one)
	}
	if err != nil {
		return Token{}, fault.Wrap(err, fault.Unavailable, "The tokens can't be read right now. Please try again.")
	}
	return one, nil
}

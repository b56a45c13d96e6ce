package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// apiToken is what is kept of a token: never the token itself.
type apiToken struct {
	Hash string       `json:"hash"` // SHA-256 of the token, in hex
	User files.UserID `json:"user"`
	Name string       `json:"name"`
	Made time.Time    `json:"made"`
}

// apiTokens are the personal tokens of all users, in a file that only its owner
// reads; without a path in memory alone. It is safe for concurrent use.
type apiTokens struct {
	path string

	mu  sync.Mutex
	all []apiToken
}

const (
	maxAPITokens = 20 // of one user
	apiPrefix    = "attache_"
)

func loadAPITokens(path string) (*apiTokens, error) {
	t := &apiTokens{path: path}
	if path == "" {
		return t, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &t.all)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The file api-tokens.json of the data folder can't be read: mend or remove it. Without it, tokens have to be made anew.")
	}
	return t, nil
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// make returns a new token, which nobody can read again.
func (t *apiTokens) make(user files.UserID, name string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.of(user)) >= maxAPITokens {
		return "", fault.New(fault.Exhausted, "You have %d tokens. Revoke one first.", maxAPITokens)
	}
	token := apiPrefix + strings.ToLower(rand.Text())
	all := append(slices.Clone(t.all), apiToken{hashToken(token), user, name, time.Now().UTC().Truncate(time.Second)})
	return token, t.save(all)
}

// list returns a user's tokens, the newest first.
func (t *apiTokens) list(user files.UserID) []apiToken {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.of(user)
	slices.Reverse(out)
	return out
}

func (t *apiTokens) of(user files.UserID) (out []apiToken) {
	for _, one := range t.all {
		if one.User == user {
			out = append(out, one)
		}
	}
	return out
}

// revoke ends a user's token. One that is not there is no error.
func (t *apiTokens) revoke(user files.UserID, hash string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.save(slices.DeleteFunc(slices.Clone(t.all), func(one apiToken) bool { return one.User == user && one.Hash == hash }))
}

// find returns whose token it is. Hashes are compared, so the time tells nothing
// of a token.
func (t *apiTokens) find(token string) (apiToken, bool) {
	hash := hashToken(token)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, one := range t.all {
		if one.Hash == hash {
			return one, true
		}
	}
	return apiToken{}, false
}

// save makes all the tokens that there are, whole or not at all. t.mu is held.
func (t *apiTokens) save(all []apiToken) error {
	if t.path != "" {
		data, err := json.MarshalIndent(all, "", " ")
		if err == nil {
			err = replaceFile(t.path, append(data, '\n'))
		}
		if err != nil {
			return fault.Wrap(err, fault.Unavailable, "The tokens can't be saved right now. Please try again.")
		}
	}
	t.all = all
	return nil
}

// replaceFile writes a file for its owner alone, whole or not at all.
func replaceFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// tokenPage lists the user's tokens, and shows one that was made just now.
func (s *Server) tokenPage(v *visit) error { return s.showTokens(v, "") }

func (s *Server) showTokens(v *visit, fresh string) error {
	type line struct{ Hash, Name, Made string }
	var list []line
	for _, one := range s.api.list(v.user) {
		list = append(list, line{one.Hash, one.Name, one.Made.Format("2006-01-02 15:04 MST")})
	}
	s.render(v.w, v.lang, "tokens", s.frame(v.lang, "usage", v.T("Tokens for scripts"), map[string]any{"List": list, "Fresh": fresh, "Origin": s.origin + s.base}))
	return nil
}

func (s *Server) makeToken(v *visit) error {
	name := files.SafeName(strings.TrimSpace(v.r.PostFormValue("name")))
	if v.r.PostFormValue("name") == "" {
		return fault.New(fault.Invalid, "Give the token a name, so that you know it later.")
	}
	token, err := s.api.make(v.user, name)
	if err != nil {
		return err
	}
	return s.showTokens(v, token)
}

// revokeToken ends a token, and the answers that are streamed by it.
func (s *Server) revokeToken(v *visit) error {
	hash := v.r.PostFormValue("hash")
	if err := s.api.revoke(v.user, hash); err != nil {
		return err
	}
	s.mu.Lock()
	s.end("token " + v.user.String() + " " + hash)
	s.mu.Unlock()
	http.Redirect(v.w, v.r, s.base+"/tokens", http.StatusSeeOther)
	return nil
}

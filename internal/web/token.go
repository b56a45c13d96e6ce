package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// signer makes and checks the tokens of links.
type signer struct{ key []byte }

const keyBytes = 32

// loadKey returns the key in a file, which it makes if it is not there. Only
// the owner may read it; several processes may ask at once.
func loadKey(path string) (*signer, error) {
	for try := 0; ; try++ {
		data, err := os.ReadFile(path)
		switch {
		case err == nil && len(data) == keyBytes:
			return &signer{data}, nil
		case err == nil && try < 50: // another process is writing it right now
			time.Sleep(10 * time.Millisecond)
			continue
		case err == nil:
			return nil, fault.New(fault.Unavailable, "The key of file links in %s is damaged: remove the file, and a new one is made.", path)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fault.Wrap(err, fault.Unavailable, "The key of file links in %s can't be read.", path)
		}
		if err := writeKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fault.Wrap(err, fault.Unavailable, "The key of file links in %s can't be written.", path)
		}
	}
}

func writeKey(path string) error {
	key := make([]byte, keyBytes)
	rand.Read(key)
	tmp, err := os.CreateTemp(filepath.Dir(path), ".link.key")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(key)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Link(tmp.Name(), path) // fails if there is one by now
}

// token returns what gives access to a user's file until a time, in whole
// seconds: {file id}.{unix seconds}.{HMAC-SHA256}.
func (s *signer) token(user files.UserID, id files.ID, until time.Time) string {
	unix := strconv.FormatInt(until.Unix(), 10)
	return string(id) + "." + unix + "." + base64.RawURLEncoding.EncodeToString(s.mac(user, id, unix))
}

func (s *signer) mac(user files.UserID, id files.ID, unix string) []byte {
	h := hmac.New(sha256.New, s.key)
	fmt.Fprintf(h, "attache link 1\n%d\n%s\n%s\n", user, id, unix)
	return h.Sum(nil)
}

// check returns whose file a token gives access to at now.
func (s *signer) check(token string, now time.Time) (files.UserID, files.ID, bool) {
	text, rest, ok := strings.Cut(token, ".")
	unix, mac, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || len(token) > 200 {
		return 0, "", false
	}
	got, err := base64.RawURLEncoding.Strict().DecodeString(mac)
	id, err2 := files.ParseID(text)
	if err != nil || err2 != nil || !hmac.Equal(got, s.mac(id.User(), id, unix)) {
		return 0, "", false
	}
	until, err := strconv.ParseInt(unix, 10, 64)
	return id.User(), id, err == nil && now.Before(time.Unix(until, 0))
}

package remote

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/attachebot/attache/internal/durable"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/sandbox"
)

// ledger remembers the epoch of each session that a worker has, and what its person
// was not told yet: a small file each. What is written is on the disk: a session whose
// epoch a power cut took would be begun anew, though its image is there.
type ledger struct {
	dir string
	mu  sync.Mutex // of writes
}

// keepEpochs is longer than any session is kept.
const keepEpochs = 365 * 24 * time.Hour

func openLedger(dir string) (*ledger, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, notWritten(err)
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > keepEpochs {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	return &ledger{dir: dir}, nil
}

// notWritten says why the data folder can't be written: the disk is full, say. Paths
// are in the cause alone.
func notWritten(err error) error {
	var reason syscall.Errno
	if !errors.As(err, &reason) {
		return fault.Wrap(err, fault.Unavailable, "The data folder can't be written.")
	}
	return fault.Wrap(err, fault.Unavailable, "The data folder can't be written: %v.", reason)
}

func (l *ledger) path(k sandbox.Key) string {
	sum := sha256.Sum256([]byte(k.Conversation))
	return filepath.Join(l.dir, fmt.Sprintf("%d-%s", k.User, hex.EncodeToString(sum[:12])))
}

func (l *ledger) epoch(k sandbox.Key) string { return l.read(k).Epoch }

// seen is what the ledger has of a session.
type seen struct {
	Epoch string
	Notes []locale.Message `json:",omitempty"` // of a result that may not have arrived
}

func (l *ledger) read(k sandbox.Key) (s seen) {
	b, err := os.ReadFile(l.path(k))
	if err != nil || json.Unmarshal(b, &s) != nil {
		s.Epoch = string(b) // as it once was written
	}
	return s
}

func (l *ledger) set(k sandbox.Key, s seen) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.write(k, s)
}

// told forgets what a person was told, unless the session has gone on since.
func (l *ledger) told(k sandbox.Key, s seen) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, err := json.Marshal(s)
	if now, _ := os.ReadFile(l.path(k)); err != nil || !bytes.Equal(now, b) {
		return err
	}
	return l.write(k, seen{Epoch: s.Epoch})
}

func (l *ledger) write(k sandbox.Key, s seen) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := durable.Write(l.path(k), b); err != nil {
		return notWritten(err)
	}
	return nil
}

func (l *ledger) forget(k sandbox.Key) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := os.Remove(l.path(k)); err != nil && !os.IsNotExist(err) {
		return notWritten(err)
	}
	return nil
}

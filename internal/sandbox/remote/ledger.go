package remote

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// ledger remembers the epoch of each session that a worker has: a small file
// each.
type ledger struct{ dir string }

// keepEpochs is longer than any session is kept.
const keepEpochs = 365 * 24 * time.Hour

func openLedger(dir string) (*ledger, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The data folder can't be written.")
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > keepEpochs {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	return &ledger{dir}, nil
}

func (l *ledger) path(k sandbox.Key) string {
	sum := sha256.Sum256([]byte(k.Conversation))
	return filepath.Join(l.dir, fmt.Sprintf("%d-%s", k.User, hex.EncodeToString(sum[:12])))
}

func (l *ledger) epoch(k sandbox.Key) string {
	b, _ := os.ReadFile(l.path(k))
	return string(b)
}

func (l *ledger) set(k sandbox.Key, epoch string) error {
	path := l.path(k)
	err := os.WriteFile(path+".new", []byte(epoch), 0o600)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	return fault.Wrap(err, fault.Unavailable, "The data folder can't be written.")
}

func (l *ledger) forget(k sandbox.Key) error {
	if err := os.Remove(l.path(k)); err != nil && !os.IsNotExist(err) {
		return fault.Wrap(err, fault.Unavailable, "The data folder can't be written.")
	}
	return nil
}

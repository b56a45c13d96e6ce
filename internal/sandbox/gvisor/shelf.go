package gvisor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/stored"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// shelf is the folder of the stored sessions, which bounds them.
type shelf struct {
	process *cluster.Process
	dir     string
	keep    time.Duration // how long one is kept; <0: for ever
	bound   int64         // bytes of all, of which one user's may be a quarter
	rewind  int64         // bytes of earlier answers, likewise
	log     *slog.Logger
}

// folder is that of a session. The conversation is hashed: it is an opaque text
// and must not become a path.
func (f *shelf) folder(k sandbox.Key) string {
	sum := sha256.Sum256([]byte(k.Conversation))
	return filepath.Join(f.dir, fmt.Sprint(k.User), hex.EncodeToString(sum[:12]))
}

// snapshots are the names of those that stored sessions need.
func (f *shelf) snapshots() map[string]bool {
	needed := map[string]bool{}
	records, _ := filepath.Glob(filepath.Join(f.dir, "*", "*", "session.json"))
	for _, record := range records {
		for _, name := range stored.Read(filepath.Dir(record)).Snapshots() {
			needed[name] = true
		}
	}
	for _, a := range stored.AllAnswers(f.dir) {
		needed[a.Session.Compatible] = true
	}
	return needed
}

// note makes the records of sessions whose folders have none: those of a store that
// was lost.
func (f *shelf) note(ctx context.Context) error {
	records, err := f.process.Sessions(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, r := range records {
		known[f.folder(r.Key)] = true
	}
	folders, _ := filepath.Glob(filepath.Join(f.dir, "*", "*"))
	for _, dir := range folders {
		if known[dir] {
			continue
		}
		user, err := strconv.ParseUint(filepath.Base(filepath.Dir(dir)), 10, 64)
		if err != nil {
			continue
		}
		key := sandbox.Key{User: user, Conversation: stored.Read(dir).Conversation}
		if f.folder(key) != dir {
			continue // another process has just made it
		}
		own, err := f.process.Claim(ctx, key)
		switch {
		case err == nil:
			f.release(own)
		case !fault.Is(err, fault.Exists):
			return err
		}
	}
	return nil
}

// sweep removes the sessions that were used longer ago than they are kept.
func (f *shelf) sweep(ctx context.Context) {
	if f.keep < 0 {
		return
	}
	records, err := f.process.Sessions(ctx)
	if err != nil {
		f.log.Warn("sweep of sessions", "error", err)
	}
	for _, r := range records {
		if time.Since(r.UsedAt) >= f.keep {
			f.removeUnused(ctx, r)
		}
	}
}

// onDisk is a session's folder.
type onDisk struct {
	record cluster.Session
	bytes  int64
}

// all returns the sessions of the folder, those unused for longest first.
func (f *shelf) all(ctx context.Context) []onDisk {
	records, err := f.process.Sessions(ctx)
	if err != nil {
		f.log.Warn("list the sessions", "error", err)
	}
	all := make([]onDisk, len(records))
	for i, r := range records {
		dir := f.folder(r.Key)
		all[i] = onDisk{r, wheels.DiskBytes(dir)}
		for _, a := range stored.Answers(dir) { // they have a bound of their own
			all[i].bytes -= a.Bytes
		}
	}
	return all
}

// keepBound removes stored sessions, those unused for longest first, until those of
// each user and all together take no more than they may. One that is in use stays.
func (f *shelf) keepBound(ctx context.Context) {
	all := f.all(ctx)
	users, total := map[uint64]int64{}, int64(0)
	for _, s := range all {
		users[s.record.User] += s.bytes
		total += s.bytes
	}
	for _, s := range all {
		user := s.record.User
		if users[user] <= f.bound/4 && total <= f.bound || !f.removeUnused(ctx, s.record) {
			continue
		}
		f.log.Info("stored session removed: over the bound of bytes", "user", user, "bytes", s.bytes)
		users[user] -= s.bytes
		total -= s.bytes
	}
}

// boundAnswers removes earlier answers, the oldest first, until those of each user and
// all together take no more than they may. What is removed from under a fork that is
// being made is not there for it.
func (f *shelf) boundAnswers() {
	all := stored.AllAnswers(f.dir)
	users, total := map[string]int64{}, int64(0)
	user := func(a stored.Answer) string { return filepath.Base(filepath.Dir(filepath.Dir(a.Dir))) }
	for _, a := range all {
		users[user(a)] += a.Bytes
		total += a.Bytes
	}
	for _, a := range all {
		if users[user(a)] <= f.rewind/4 && total <= f.rewind {
			continue
		}
		if err := a.Remove(); err != nil {
			f.log.Warn("remove an earlier answer", "user", user(a), "error", err)
			continue
		}
		users[user(a)] -= a.Bytes
		total -= a.Bytes
	}
}

// removeUnused removes what is stored of a session, unless it is in use or was used
// since its record was read.
func (f *shelf) removeUnused(ctx context.Context, r cluster.Session) bool {
	own, err := f.process.ClaimAs(ctx, r)
	if err == nil {
		err = f.remove(ctx, own, f.folder(r.Key))
	}
	if err != nil && !fault.Is(err, fault.Exists) {
		f.log.Warn("remove a stored session", "user", r.User, "error", err)
	}
	return err == nil
}

// remove removes what is stored of a session, its record, and the user's folder if it
// was the last one.
func (f *shelf) remove(ctx context.Context, own *cluster.Claim, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		f.release(own)
		return err
	}
	os.Remove(filepath.Dir(dir)) // fails while there are others
	return own.Forget(ctx)
}

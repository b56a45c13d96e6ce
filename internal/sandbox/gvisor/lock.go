package gvisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"golang.org/x/sys/unix"
)

func (s *session) lock(ctx context.Context) error {
	select {
	case s.sem <- struct{}{}:
		return nil
	default:
	}
	select {
	case s.sem <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *session) tryLock() bool {
	select {
	case s.sem <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s *session) unlock() { <-s.sem }

// abort cancels the running cell, from outside the lock.
func (s *session) abort() {
	if cancel := s.cancel.Load(); cancel != nil {
		(*cancel)(errClosed)
	}
}

// lockToClose is lock for the host's end. A cell that runs on when ctx has ended
// is interrupted; what does not end by that is killed.
func (s *session) lockToClose(ctx context.Context) error {
	if s.lock(ctx) == nil {
		return nil
	}
	s.abort()
	for _, wait := range []time.Duration{grace + 2*time.Second, 2 * time.Second} {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
		err := s.lock(ctx)
		cancel()
		if err == nil {
			return nil
		}
		if c := s.running.Load(); c != nil {
			c.Kill()
		}
	}
	return fault.New(fault.Unavailable, "A session did not end.")
}

// lockDir makes the folder of a session and locks it. It waits for a short
// while: for the compression of its image, or a process that is closing.
func lockDir(ctx context.Context, dir string) (*os.File, error) {
	for end := time.Now().Add(3 * time.Second); ; {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "The session folder can't be written.")
		}
		f, err := lockFile(filepath.Join(dir, "lock"))
		switch {
		case err == nil:
			return f, nil
		case errors.Is(err, os.ErrNotExist): // removed together with another session of the user
		case time.Now().After(end):
			return nil, fault.Wrap(err, fault.Unavailable, "This session is in use by another Attaché process right now.")
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// lockFile opens path and locks it until it is closed or the process ends.
// It fails when another process has the lock.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

package gvisor

import (
	"context"
	"os"
	"time"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
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

// own claims a session of the folder, and makes its folder. It waits for a short
// while: for the compression of its image, or a process that is closing.
func (f *shelf) own(ctx context.Context, key sandbox.Key) (*cluster.Claim, error) {
	for end := time.Now().Add(3 * time.Second); ; {
		c, err := f.process.Claim(ctx, key)
		if err == nil {
			if err = os.MkdirAll(f.folder(key), 0o700); err == nil {
				return c, nil
			}
			f.release(c)
			return nil, fault.Wrap(err, fault.Unavailable, "The session folder can't be written.")
		}
		if !fault.Is(err, fault.Exists) {
			return nil, err
		}
		if time.Now().After(end) {
			return nil, fault.Wrap(err, fault.Unavailable, "This session is in use by another Attaché process right now.")
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (f *shelf) release(c *cluster.Claim) {
	if err := c.Release(context.Background()); err != nil {
		f.log.Warn("give a session back", "error", err)
	}
}

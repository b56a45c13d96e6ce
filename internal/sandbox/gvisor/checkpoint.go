package gvisor

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/gvisor/stored"
)

// spareBytes of the disk stay free: the rest of the bot needs some too.
const spareBytes = 64 << 20

var errDiskFull = errors.New("the disk has no room for it")

// checkpoint writes the session's sandbox to the image that next names, and ends
// it. What is on disk names next before that begins: gVisor goes on with it when
// this process dies, and settle finds it.
func (s *session) checkpoint(ctx context.Context, next stored.Session) error {
	begun := s.stored
	begun.Next, next.Boot = &next, stored.BootID()
	if err := begun.Write(s.dir); err != nil {
		return err
	}
	s.opts.step("named")
	err := s.starter.checkpoint(ctx, s.c.ID, s.c.PID, next.Compatible, filepath.Join(s.dir, next.Image))
	s.opts.step("checkpointed")
	return err
}

// taken returns what is stored with the image in a file of its own.
func (s *session) taken(st stored.Session) stored.Session {
	packed, err := s.images.take(s.dir, st)
	if err != nil {
		s.log.Warn("the image of a session", "user", s.key.User, "error", err)
	}
	s.opts.step("packed")
	return packed
}

// tidy has freed memory returned, and lists the variables.
func tidy(ctx context.Context, c *container.Container) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := c.Send(map[string]any{"op": "tidy"}); err != nil {
		return nil, err
	}
	m, err := c.Await(ctx, "tidied")
	if err != nil {
		return nil, err
	}
	return clip(m.Names, 1000), nil
}

package client

import (
	"context"
	"slices"
	"sync"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/gateway"
)

// A Division decides which shards this process connects; other processes of the
// same bot connect the others.
type Division struct {
	// Run starts and stops shards of w, of as many as there are, at least of, until
	// ctx ends.
	Run func(ctx context.Context, of int, w Work)
	// Grow asks for at least n shards.
	Grow func(n int)
	// Identify waits until a session may begin, of all those that have the same key.
	Identify func(ctx context.Context, key int) error
}

// Work is what a Division starts and stops.
type Work interface {
	Among(n int)
	Start(shard, of int, note string, valid func() bool)
	Stop(shard int)
	Note(shard int) string
}

// divided is the Work of a gateway. The note of a shard is up to when everything
// was heard on it and dealt with: a process that dies soon after it took a shard
// leaves the time at which it did.
type divided struct {
	all   *Gateway
	info  dg.GatewayBot
	once  sync.Once
	ready chan struct{} // closed when a shard is
}

var _ Work = (*divided)(nil)

// openDivided returns when a first shard is ready: a process that waits for the
// death of others waits here.
func (s *Gateway) openDivided(ctx context.Context, info dg.GatewayBot) error {
	w := &divided{all: s, info: info, ready: make(chan struct{})}
	s.mu.Lock()
	s.opened = true
	s.mu.Unlock()
	s.all.Go(func() { s.division.Run(s.ctx, max(info.Shards, 1), w) })
	select {
	case <-w.ready:
		return nil
	case err := <-s.fatal:
		return err
	case <-ctx.Done():
		return AsFault(context.Cause(ctx))
	}
}

// Among divides the requests a second that Discord allows the bot.
func (w *divided) Among(n int) { w.all.api.limits.divide(n) }

func (w *divided) Start(shardID, of int, note string, valid func() bool) {
	s := w.all
	info := w.info
	info.Shards = of
	sh := &shard{all: s, id: shardID, info: info, valid: valid, begun: time.Now(),
		identify: identifier{s.division, max(info.SessionStartLimit.MaxConcurrency, 1)}}
	sh.heard.UnmarshalText([]byte(note)) //nolint:errcheck // without a note, it is the zero time
	s.mu.Lock()
	s.shards = append(s.shards, sh)
	s.mu.Unlock()
	s.all.Go(func() {
		switch err := sh.open(s.ctx); {
		case err == nil:
			w.once.Do(func() { close(w.ready) })
		case s.ctx.Err() == nil:
			s.lost(sh, err)
		}
	})
}

func (w *divided) Stop(shardID int) {
	s := w.all
	if sh := w.shard(shardID); sh != nil {
		s.mu.Lock()
		s.shards = slices.DeleteFunc(slices.Clone(s.shards), func(other *shard) bool { return other == sh })
		s.mu.Unlock()
		sh.given.Store(true)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), 5*time.Second)
		defer cancel()
		sh.close(ctx)
	}
}

func (w *divided) Note(shardID int) string {
	up := time.Now()
	if sh := w.shard(shardID); sh != nil {
		sh.mu.Lock()
		if up = sh.heard; up.IsZero() {
			up = sh.begun
		}
		sh.mu.Unlock()
	}
	if unread := w.all.unread(); !unread.IsZero() && unread.Before(up) {
		up = unread
	}
	return up.UTC().Format(time.RFC3339Nano)
}

func (w *divided) shard(id int) *shard {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	if i := slices.IndexFunc(w.all.shards, func(sh *shard) bool { return sh.id == id }); i >= 0 {
		return w.all.shards[i]
	}
	return nil
}

// mine tells whether the shard is this process's to connect.
func (sh *shard) mine() bool { return sh.valid == nil || !sh.given.Load() && sh.valid() }

// identifier holds back those who begin a session as Discord wants it, over all
// processes.
type identifier struct {
	division    *Division
	concurrency int
}

var _ gateway.IdentifyRateLimiter = identifier{}

func (i identifier) Close(context.Context) {}
func (i identifier) Unlock(int)            {}
func (i identifier) Wait(ctx context.Context, shard int) error {
	return i.division.Identify(ctx, shard%i.concurrency)
}

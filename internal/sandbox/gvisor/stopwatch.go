package gvisor

import (
	"context"
	"time"
)

// stopwatch counts down a limit of running time. It begins running. Work of
// the host's own pauses it, for a bounded time altogether; what is more counts
// as running.
type stopwatch struct {
	limit, left time.Duration
	host        time.Duration // left for pauses
	paused      time.Duration // altogether, until the last resume
	began       time.Time
	since       time.Time // of the current run or pause
	running     bool
	timer       *time.Timer
}

func newStopwatch(limit, host time.Duration) *stopwatch {
	now := time.Now()
	return &stopwatch{limit: limit, left: limit, host: host, began: now, since: now, running: true, timer: time.NewTimer(limit)}
}

// C tells once that the time may be over, while the watch runs.
func (s *stopwatch) C() <-chan time.Time { return s.timer.C }

// over reports whether the time is used up.
func (s *stopwatch) over() bool { return s.remaining() <= 0 }

func (s *stopwatch) remaining() time.Duration {
	if s.running {
		return s.left - time.Since(s.since)
	}
	return s.left
}

// ran returns how long it has run so far.
func (s *stopwatch) ran() time.Duration {
	d := time.Since(s.began) - s.paused
	if !s.running {
		d -= time.Since(s.since)
	}
	return d
}

func (s *stopwatch) pause() {
	if !s.running {
		return
	}
	now := time.Now()
	s.left -= now.Sub(s.since)
	s.since, s.running = now, false
	s.timer.Stop()
}

// resume reports whether the watch was paused.
func (s *stopwatch) resume() bool {
	if s.running {
		return false
	}
	now := time.Now()
	d := now.Sub(s.since)
	s.paused += d
	if s.host -= d; s.host < 0 {
		s.left += s.host
		s.host = 0
	}
	s.since, s.running = now, true
	s.timer.Reset(max(s.left, 0))
	return true
}

// restart gives the watch another time to count down.
func (s *stopwatch) restart(d time.Duration) {
	s.left, s.since, s.running = d, time.Now(), true
	s.timer.Reset(d)
}

// hostWork pauses the watch until done, and returns the context of what is
// done meanwhile: it ends when all time is used up.
func (s *stopwatch) hostWork(ctx context.Context) (_ context.Context, done context.CancelFunc) {
	s.pause()
	ctx, cancel := context.WithTimeoutCause(ctx, max(s.host+s.left, 0), errTime)
	return ctx, func() {
		cancel()
		s.resume()
	}
}

// within returns the context of what is done while the watch runs on.
func (s *stopwatch) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, max(s.remaining(), 0), errTime)
}

func (s *stopwatch) stop() { s.pause() }

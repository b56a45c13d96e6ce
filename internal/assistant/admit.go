package assistant

import (
	"time"

	"github.com/attachebot/attache/internal/fault"
)

// line is the turns of one user, who gets one answer at a time, in the order of
// their messages.
type line struct {
	serving []*Turn // at most one
	waiting []*Turn
	times   []time.Time // of the last messages
	warned  time.Time
}

// errToldBefore refuses a message whose user was told why a moment ago.
var errToldBefore = fault.New(fault.Canceled, "")

// admit puts a turn into its user's line, or returns why not. The caller holds mu.
func (a *Assistant) admit(t *Turn, now time.Time) error {
	l := a.lines[t.User]
	if l == nil {
		a.forgetLines(now)
		l = &line{}
		a.lines[t.User] = l
	}
	l.times = since(l.times, now.Add(-a.opts.BurstTime))
	switch {
	case !t.req.Again && len(l.times) >= a.opts.Burst:
		return l.refuse(now, a.opts.BurstTime, fault.New(fault.Exhausted,
			"That was fast: I take %d messages in %d seconds, and leave out the others. Please send them again in a moment.", a.opts.Burst, int(a.opts.BurstTime.Seconds())))
	case len(l.waiting) >= a.opts.Waiting:
		return l.refuse(now, a.opts.BurstTime, fault.New(fault.Exhausted,
			"%d questions of yours are waiting already. Please send this one again when I have answered them.", a.opts.Waiting))
	}
	l.times = append(l.times, now)
	l.waiting = append(l.waiting, t)
	if len(l.serving) > 0 {
		t.emit(Queued{Place: len(l.waiting)})
		return nil
	}
	a.next(l)
	return nil
}

// refuse returns why, once for a burst of messages.
func (l *line) refuse(now time.Time, burst time.Duration, why error) error {
	if now.Sub(l.warned) < 2*burst {
		return errToldBefore
	}
	l.warned = now
	return why
}

// next serves the first turn that waits. The caller holds mu.
func (a *Assistant) next(l *line) {
	l.serving = nil
	if len(l.waiting) == 0 {
		return
	}
	t := l.waiting[0]
	l.serving, l.waiting = l.waiting[:1:1], l.waiting[1:]
	for i, other := range l.waiting {
		other.emit(Queued{Place: i + 1})
	}
	a.work.Go(func() {
		a.serve(t)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.next(l)
	})
}

// since returns the times after a moment; they are in order.
func since(times []time.Time, moment time.Time) []time.Time {
	for len(times) > 0 && !times[0].After(moment) {
		times = times[1:]
	}
	return times
}

// forgetLines drops lines that are no longer used.
func (a *Assistant) forgetLines(now time.Time) {
	if len(a.lines)%1000 != 0 {
		return
	}
	for user, l := range a.lines {
		if len(l.serving)+len(l.waiting) == 0 && len(since(l.times, now.Add(-time.Minute))) == 0 {
			delete(a.lines, user)
		}
	}
}

package client

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/disgoorg/disgo/rest"

	"github.com/attachebot/attache/internal/fault"
)

// Discord's limits: https://discord.com/developers/docs/topics/rate-limits
const (
	globalLimit   = 50 // requests a second over all routes
	invalidWindow = 10 * time.Minute
	maxInvalid    = 8_000 // of the 10,000 in invalidWindow after which Discord bans the address
	manyInvalid   = 1_000 // that the operator should know of
)

// limiter holds requests back so that none meets a limit that is known.
//
// Discord counts per bucket: a route, or several that share a hash that the
// answers tell, for one channel, guild or webhook. Until a bucket's first answer
// its requests go one by one.
type limiter struct {
	log *slog.Logger
	now func() time.Time
	all int // requests a second that the bot may make

	mu      sync.Mutex
	global  int                // those that are this process's
	hashes  map[string]string  // of routes whose hash is known
	buckets map[string]*bucket // by hash or route, and major parameters
	sent    []time.Time        // of the last second, for the global limit
	blocked time.Time          // no request before: a global limit was met
	invalid []time.Time        // answers 401, 403 and 429 of the last ten minutes
	warned  time.Time          // about invalid
	swept   time.Time
}

type bucket struct {
	limit     int // 0: not known
	remaining int // that may be sent before reset
	reset     time.Time
	blocked   time.Time     // no request before, whatever earlier answers say: it was met
	per       time.Duration // of a whole window, as far as it is known
	inFlight  int
	used      time.Time
	freed     chan struct{} // closed when an answer arrives
}

func newLimiter(global int, log *slog.Logger) *limiter {
	all := cmp.Or(global, globalLimit)
	return &limiter{log: log, now: time.Now, all: all, global: all, hashes: map[string]string{}, buckets: map[string]*bucket{}}
}

// divide leaves to this process its share of the global limit, as one of n.
func (l *limiter) divide(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.global = max(l.all/max(n, 1), 1)
}

func routeOf(e *rest.CompiledEndpoint) string { return e.Endpoint.Method + " " + e.Endpoint.Route }

// bucketOf returns the bucket that e belongs to now.
func (l *limiter) bucketOf(e *rest.CompiledEndpoint) *bucket {
	key := routeOf(e)
	if h := l.hashes[key]; h != "" {
		key = h
	}
	key += " " + e.MajorParams
	b := l.buckets[key]
	if b == nil {
		b = &bucket{freed: make(chan struct{})}
		l.buckets[key] = b
	}
	return b
}

// urgency is how a request stands to the global limit.
type urgency int

const (
	normal urgency = iota
	low            // what can wait, or be left out: it leaves half of the limit to others
	exempt         // interactions, which don't count
)

// acquire waits until a request may be sent. Each one that was acquired is
// released, to the bucket returned.
func (l *limiter) acquire(ctx context.Context, e *rest.CompiledEndpoint, u urgency) (*bucket, error) {
	for {
		b, wait, freed, err := l.try(e, u)
		if err != nil || wait == 0 {
			return b, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-freed:
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		}
		timer.Stop()
	}
}

// try takes a request out of its bucket, or tells how long to wait.
func (l *limiter) try(e *rest.CompiledEndpoint, u urgency) (b *bucket, wait time.Duration, freed chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	l.invalid = since(l.invalid, now.Add(-invalidWindow))
	if len(l.invalid) >= maxInvalid {
		return nil, 0, nil, fault.New(fault.Unavailable, "Discord refused too many of my requests, so I have to pause for some minutes.")
	}
	b = l.bucketOf(e)
	if b.limit > 0 && !now.Before(b.reset) {
		// The next window begins with this request, whether its answer arrives or not.
		b.remaining, b.reset = max(b.limit-b.inFlight, 0), now.Add(b.per)
	}
	switch {
	case now.Before(b.blocked):
		return nil, b.blocked.Sub(now), nil, nil
	case b.limit == 0 && b.inFlight > 0:
		return nil, time.Minute, b.freed, nil
	case b.remaining <= 0 && now.Before(b.reset):
		return nil, b.reset.Sub(now), nil, nil
	case b.limit > 0 && b.remaining <= 0:
		return nil, time.Minute, b.freed, nil
	case now.Before(l.blocked):
		return nil, l.blocked.Sub(now), nil, nil
	}
	if u != exempt {
		l.sent = since(l.sent, now.Add(-time.Second))
		free := l.global - len(l.sent)
		if u == low {
			free -= l.global / 2
		}
		if free <= 0 {
			return nil, max(l.sent[min(-free, len(l.sent)-1)].Add(time.Second).Sub(now), time.Millisecond), nil, nil
		}
		l.sent = append(l.sent, now)
	}
	b.remaining--
	b.inFlight++
	b.used = now
	return b, 0, nil, nil
}

// release reports the answer to a request; nil if there was none. Aside is for a
// refusal that says nothing of the bucket.
func (l *limiter) release(b *bucket, e *rest.CompiledEndpoint, res *http.Response, aside bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b.inFlight--
	defer func() {
		close(b.freed)
		b.freed = make(chan struct{})
	}()
	if res == nil {
		return
	}
	now := l.now()
	h := res.Header
	l.count(res, now)
	if aside {
		return
	}
	if res.StatusCode == http.StatusTooManyRequests {
		until := now.Add(retryAfter(h))
		// Without Via it is Cloudflare that answers, for the whole address.
		if h.Get("X-RateLimit-Global") != "" || h.Get("X-RateLimit-Scope") == "global" || h.Get("Via") == "" {
			if until.Sub(l.blocked) > time.Second/2 { // once for all that were under way
				l.log.Warn("Discord's global rate limit was met", "for", until.Sub(now))
			}
			if until.After(l.blocked) {
				l.blocked = until
			}
			return
		}
		b.remaining, b.limit = 0, max(b.limit, 1)
		if until.After(b.reset) {
			b.reset = until
		}
		if until.After(b.blocked) {
			b.blocked = until
		}
		l.log.Debug("a rate limit was met", "route", routeOf(e), "for", until.Sub(now))
		return
	}
	limit, err1 := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	left, err2 := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	after, err3 := strconv.ParseFloat(h.Get("X-RateLimit-Reset-After"), 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return
	}
	rest := time.Duration(after * float64(time.Second))
	reset := now.Add(rest)
	b.per = max(b.per, rest)
	left = max(left-b.inFlight, 0)
	// In one window, the answers may come in another order than the requests.
	if same := b.limit > 0 && reset.Sub(b.reset).Abs() < 500*time.Millisecond; same {
		left = min(left, b.remaining)
	}
	b.limit, b.remaining = max(limit, 1), left
	if reset.After(b.reset) || now.After(b.reset) {
		b.reset = reset
	}
	if hash := h.Get("X-RateLimit-Bucket"); hash != "" && l.hashes[routeOf(e)] == "" {
		l.hashes[routeOf(e)] = hash
		if key := hash + " " + e.MajorParams; l.buckets[key] == nil {
			l.buckets[key] = b
		}
	}
}

// count notes answers that bring a ban closer.
func (l *limiter) count(res *http.Response, now time.Time) {
	switch res.StatusCode {
	case http.StatusTooManyRequests:
		if res.Header.Get("X-RateLimit-Scope") == "shared" {
			return
		}
	case http.StatusUnauthorized, http.StatusForbidden:
	default:
		return
	}
	l.invalid = append(l.invalid, now)
	if len(l.invalid) >= manyInvalid && now.Sub(l.warned) > time.Minute {
		l.warned = now
		l.log.Warn("Discord refuses many requests, and bans the address at 10,000 in ten minutes", "refused", len(l.invalid))
	}
}

// sweep forgets buckets that are full again.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for key, b := range l.buckets {
		if b.inFlight == 0 && now.After(b.reset) && now.After(b.blocked) && now.Sub(b.used) > time.Minute {
			delete(l.buckets, key)
		}
	}
}

// retryAfter reads how long a 429 asks to wait; at least a moment.
func retryAfter(h http.Header) time.Duration {
	for _, name := range []string{"X-RateLimit-Reset-After", "Retry-After"} {
		if s, err := strconv.ParseFloat(h.Get(name), 64); err == nil && s > 0 && s < 86_400 {
			return time.Duration(s*float64(time.Second)) + time.Millisecond
		}
	}
	return time.Second
}

// since drops the times before start from the front of times.
func since(times []time.Time, start time.Time) []time.Time {
	for len(times) > 0 && times[0].Before(start) {
		times = times[1:]
	}
	return times
}

package discordtest

import (
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"strings"
	"time"
)

// Defaults of Discord that its documentation does not promise, but that bots observe.
var bucketDefaults = map[string]bucketSize{
	"POST /channels/{channel_id}/messages":                                        {5, 5 * time.Second},
	"PATCH /channels/{channel_id}/messages/{message_id}":                          {5, 5 * time.Second},
	"DELETE /channels/{channel_id}/messages/{message_id}":                         {5, time.Second},
	"POST /channels/{channel_id}/typing":                                          {5, 5 * time.Second},
	"PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me": {1, 250 * time.Millisecond},
	"POST /webhooks/{webhook_id}/{webhook_token}":                                 {5, 5 * time.Second},
	"PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}":          {5, 5 * time.Second},
	"POST /interactions/{interaction_id}/{interaction_token}/callback":            {},
}

type bucketSize struct {
	n   int // 0: unlimited
	per time.Duration
}

// rateLimits is guarded by the server's lock.
type rateLimits struct {
	buckets map[string]*bucket
	global  bucket
	refused []time.Time // answers 401, 403 and 429 of the last 10 minutes
}

type bucket struct {
	bucketSize
	used  int
	reset time.Time
	known time.Time // when the client was told that nothing remains before reset; zero: not told
}

func (l *rateLimits) init() { l.buckets = map[string]*bucket{} }

// bucketKey is the bucket's identity: the route and its major parameters.
func (c *call) bucketKey() string {
	route := strings.Replace(c.Route, "/messages/@original", "/messages/{message_id}", 1)
	major := ""
	for _, name := range []string{"channel_id", "guild_id", "webhook_id", "webhook_token"} {
		major += "/" + c.r.PathValue(name)
	}
	return route + " " + major
}

func (s *Server) bucket(key string, now time.Time) *bucket {
	b := s.limits.buckets[key]
	if b == nil {
		route := key[:strings.LastIndexByte(key, ' ')]
		size, ok := bucketDefaults[route]
		if !ok {
			size = bucketSize{20, 10 * time.Second}
		}
		if s.RateLimit != nil {
			if n, per := s.RateLimit(route); n > 0 {
				size = bucketSize{n, per}
			}
		}
		b = &bucket{bucketSize: size}
		s.limits.buckets[key] = b
	}
	b.refresh(now)
	return b
}

func (b *bucket) refresh(now time.Time) {
	if !now.Before(b.reset) {
		b.used, b.reset, b.known = 0, now.Add(b.per), time.Time{}
	}
}

// block makes the bucket empty for d.
func (b *bucket) block(now time.Time, d time.Duration) { b.used, b.reset = b.n, now.Add(d) }

// limit takes a request out of its buckets and returns the answer 429 if there is none left, or if a fault says so.
// The lock is held.
func (s *Server) limit(c *call, rt route, f *Fault) *answer {
	now := s.now()
	injected := f != nil && f.RetryAfter > 0
	if injected && f.Global {
		s.limits.global.block(now, f.RetryAfter)
	}
	exempt := rt.access == anybody // interactions do not count towards the global limit
	if s.NoRateLimits && !injected {
		return nil
	}
	if s.banned(now) {
		return &answer{status: 429, header: http.Header{"Retry-After": {"600"}}, body: []byte("error code: 1015")}
	}
	g := &s.limits.global
	g.bucketSize = bucketSize{orDefault(s.GlobalLimit, 50), time.Second}
	g.refresh(now)
	if !exempt || injected && f.Global {
		if g.used >= g.n {
			return s.tooMany(c, g, "global", now)
		}
		g.used++
	}
	b := s.bucket(c.bucketKey(), now)
	if injected {
		if f.Global {
			return nil
		}
		scope := "user"
		if f.Shared {
			scope = "shared"
		}
		if b.n == 0 { // a route that is not limited otherwise
			b = &bucket{}
		}
		b.block(now, f.RetryAfter)
		return s.tooMany(c, b, scope, now)
	}
	if b.n == 0 {
		return nil
	}
	if b.used >= b.n {
		return s.tooMany(c, b, "user", now)
	}
	b.used++
	return nil
}

// grace is how long an answer may take to reach a client that had already sent its next request.
const grace = 200 * time.Millisecond

func (s *Server) tooMany(c *call, b *bucket, scope string, now time.Time) *answer {
	if !b.known.IsZero() && c.Time.After(b.known.Add(grace)) {
		s.violateLocked(c.Route, "sent although the client knew of the %s rate limit for %s more", scope, b.reset.Sub(now).Round(time.Millisecond))
	}
	if scope != "shared" {
		s.limits.invalid(now)
	}
	after := seconds(b.reset.Sub(now))
	text := "You are being rate limited."
	if scope == "shared" {
		text = "The resource is being rate limited."
	}
	a := &answer{status: 429, header: http.Header{}, err: &apiError{429, 0, text, nil}, exhausts: b, until: b.reset}
	a.header.Set("Via", "1.1 google")
	a.header.Set("Content-Type", "application/json")
	a.header.Set("Retry-After", itoa(int(math.Ceil(after))))
	a.header.Set("X-RateLimit-Scope", scope)
	if scope == "global" {
		a.header.Set("X-RateLimit-Global", "true")
	} else {
		s.limits.describe(a, c.Route, c.bucketKey(), now)
	}
	a.body = mustJSON(map[string]any{"message": a.err.message, "retry_after": after, "global": scope == "global", "code": 0})
	return a
}

// describe writes a bucket's headers.
func (l *rateLimits) describe(a *answer, route, key string, now time.Time) {
	b := l.buckets[key]
	if b == nil || b.n == 0 {
		return
	}
	sum := fnv.New128a()
	sum.Write([]byte(route))
	left := max(0, b.n-b.used)
	if left == 0 {
		a.exhausts, a.until = b, b.reset
	}
	h := a.header
	h.Set("X-RateLimit-Limit", itoa(b.n))
	h.Set("X-RateLimit-Remaining", itoa(left))
	h.Set("X-RateLimit-Reset", fmt.Sprintf("%.3f", float64(b.reset.UnixMilli()+1)/1000))
	h.Set("X-RateLimit-Reset-After", fmt.Sprintf("%.3f", seconds(b.reset.Sub(now))))
	h.Set("X-RateLimit-Bucket", fmt.Sprintf("%x", sum.Sum(nil)))
}

// told notes that the client has been given an answer from which it knows that a bucket is empty.
func (s *Server) told(a *answer) {
	if a.exhausts == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := a.exhausts; b.known.IsZero() && b.reset.Equal(a.until) {
		b.known = s.now()
	}
}

// seconds rounds up to milliseconds, so that who waits that long has waited long enough.
func seconds(d time.Duration) float64 { return math.Ceil(max(0, d.Seconds())*1000) / 1000 }

func (l *rateLimits) invalid(now time.Time) {
	l.refused = append(recent(l.refused, now, 10*time.Minute), now)
}

// banned tells whether Cloudflare would answer in Discord's place.
func (s *Server) banned(now time.Time) bool {
	s.limits.refused = recent(s.limits.refused, now, 10*time.Minute)
	return len(s.limits.refused) > 10_000
}

// InvalidRequests is how many answers of the last 10 minutes were 401, 403 or 429 (except those of shared scope).
// Past 10,000 Discord bans the address.
func (s *Server) InvalidRequests() int {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits.refused = recent(s.limits.refused, s.now(), 10*time.Minute)
	return len(s.limits.refused)
}

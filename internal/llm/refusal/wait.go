package refusal

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// retryAfter reads Retry-After (seconds or a date) and Retry-After-Ms. Zero
// means that there is none.
func retryAfter(h http.Header) time.Duration {
	parse := func(s string, unit time.Duration) time.Duration {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(f) || f < 0 {
			return 0
		}
		return time.Duration(min(f, 1e6) * float64(unit))
	}
	if d := parse(h.Get("Retry-After-Ms"), time.Millisecond); d > 0 {
		return d
	}
	v := h.Get("Retry-After")
	if t, err := http.ParseTime(v); err == nil {
		return max(time.Until(t), 0)
	}
	return parse(v, time.Second)
}

var (
	// waitWords is how long to wait in the words of a refusal: "Please try again in
	// 9m38.016s", "retry after 60 seconds", Google's "retryDelay": "17s".
	waitWords = words(`(?:(?:try|retry)(?: your request)?(?: again)? (?:in|after)|wait(?: for)?|retry_?(?:delay|after)"?:) *"?(\d[\d.]*) ?(milliseconds?|ms|minutes?|mins?|m|seconds?|secs?|s|hours?|h|days?|d)?([\d.hms]*)`)
	resetAt   = words(`resets? (?:at|on) (\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))`)
	resetNano = words(`ratelimit-reset"?: *"?(\d{13})\b`) // OpenRouter: milliseconds since 1970
)

// longestWait is the longest that is believed.
const longestWait = 32 * 24 * time.Hour

// waitNamed returns how long the body of a refusal says to wait, or 0.
func waitNamed(body string, now time.Time) time.Duration {
	var d time.Duration
	if m := waitWords.FindStringSubmatch(body); m != nil {
		d = spoken(strings.TrimRight(m[1], "."), m[2], strings.TrimRight(m[3], "."))
	} else if m := resetAt.FindStringSubmatch(body); m != nil {
		if at, err := time.Parse(time.RFC3339, m[1]); err == nil {
			d = at.Sub(now)
		}
	} else if m := resetNano.FindStringSubmatch(body); m != nil {
		ms, _ := strconv.ParseInt(m[1], 10, 64)
		d = time.UnixMilli(ms).Sub(now)
	}
	return min(max(d, 0), longestWait)
}

// spoken reads a duration as a number and a unit, and what follows of Go's form.
func spoken(n, unit, more string) time.Duration {
	unit = strings.ToLower(unit)
	if d, err := time.ParseDuration(n + unit + more); err == nil {
		return d
	}
	f, err := strconv.ParseFloat(n, 64)
	if err != nil || math.IsNaN(f) || f > 1e9 {
		return 0
	}
	size := time.Second
	switch {
	case strings.HasPrefix(unit, "ms"), strings.HasPrefix(unit, "mil"):
		size = time.Millisecond
	case strings.HasPrefix(unit, "m"):
		size = time.Minute
	case strings.HasPrefix(unit, "h"):
		size = time.Hour
	case strings.HasPrefix(unit, "d"):
		size = 24 * time.Hour
	}
	return time.Duration(f * float64(size))
}

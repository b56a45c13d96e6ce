package refusal

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// retryAfter reads how long to wait from the headers of a refusal; zero means
// that they do not say. Where several quotas are told, those that have nothing
// left count, and of these the longest.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if f, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && f > 0 {
		return time.Duration(min(f, 1e9) * float64(time.Millisecond))
	}
	if d := headerWait(h.Get("Retry-After"), now); d > 0 {
		return d
	}
	var wait time.Duration
	for name := range h {
		of, ok := strings.CutSuffix(strings.ToLower(name), "-reset")
		rest := "-remaining"
		if !ok { // x-ratelimit-reset-tokens beside x-ratelimit-remaining-tokens
			before, quota, found := strings.Cut(strings.ToLower(name), "-reset-")
			if of, rest, ok = before, "-remaining-"+quota, found; rest == "-remaining-after" {
				rest = "-remaining"
			}
		}
		if !ok || !strings.Contains(of, "ratelimit") || h.Get(of+rest) != "" && h.Get(of+rest) != "0" {
			continue
		}
		wait = max(wait, headerWait(h.Get(name), now))
	}
	return wait
}

// headerWait reads what servers write into such a header: seconds, a date, the
// seconds or milliseconds since 1970, "1m30s".
func headerWait(v string, now time.Time) time.Duration {
	v = strings.TrimSpace(v)
	t, err := http.ParseTime(v)
	if err != nil {
		t, err = time.Parse(time.RFC3339, v)
	}
	if err == nil {
		return min(max(t.Sub(now), 0), longestWait)
	}
	f, err := strconv.ParseFloat(v, 64)
	switch {
	case err != nil:
		d, _ := time.ParseDuration(strings.ReplaceAll(v, " ", ""))
		return min(max(d, 0), longestWait)
	case math.IsNaN(f) || f <= 0:
		return 0
	case f > 1e11:
		return min(max(time.UnixMilli(int64(min(f, 1e15))).Sub(now), 0), longestWait)
	case f > 1e9:
		return min(max(time.Unix(int64(f), 0).Sub(now), 0), longestWait)
	}
	return time.Duration(min(f, longestWait.Seconds()) * float64(time.Second))
}

var (
	// waitWords is how long to wait in the words of a refusal: "Please try again in
	// 9m38.016s", "retry after 60 seconds", Google's "retryDelay": "17s".
	waitWords = words(`(?:(?:try|retry)(?:ing)?(?: your request)?(?: again)? (?:in|after)|wait(?: for)?|(?:available|resets?|try) (?:again )?in|retry_?(?:delay|after)(?:_seconds)?"?:|请(?:在|等待)?) *(?:about |another )?"?(\d[\d.]*) ?(milliseconds?|ms|minutes?|mins?|m|seconds?|secs?|s|hours?|h|days?|d|毫秒|秒|分钟|小时|天)?( \d+ (?:minutes?|mins?|seconds?|secs?)|[\d.hms]*)`)
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

var chineseUnits = map[string]string{"毫秒": "ms", "秒": "s", "分钟": "m", "小时": "h", "天": "d"}

// spoken reads a duration as a number and a unit, and what follows: the rest of
// Go's form, or a smaller unit in words.
func spoken(n, unit, more string) time.Duration {
	if small := strings.Fields(more); len(small) == 2 {
		return spoken(n, unit, "") + spoken(small[0], small[1], "")
	}
	unit = strings.ToLower(unit)
	if latin, ok := chineseUnits[unit]; ok {
		unit = latin
	}
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

package discordtest

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"
)

func TestBucket(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	for left := 4; left >= 0; left-- {
		r := sc.post(`{"content":"c"}`)
		if r.Status != 200 || r.Header.Get("X-RateLimit-Limit") != "5" || r.Header.Get("X-RateLimit-Remaining") != strconv.Itoa(left) ||
			r.Header.Get("X-RateLimit-Bucket") == "" || r.Header.Get("Via") != "1.1 google" || r.Header.Get("X-RateLimit-Scope") != "" {
			t.Fatalf("%d left: %d %v", left, r.Status, r.Header)
		}
		if after, err := strconv.ParseFloat(r.Header.Get("X-RateLimit-Reset-After"), 64); err != nil || after <= 0 || after > 5 {
			t.Errorf("reset after %q", r.Header.Get("X-RateLimit-Reset-After"))
		}
	}
	r := sc.post(`{"content":"c"}`)
	if _, err := strconv.Atoi(r.Header.Get("Retry-After")); r.Status != 429 || err != nil || r.Header.Get("X-RateLimit-Scope") != "user" ||
		r.Header.Get("X-RateLimit-Global") != "" || r.Body["global"] != false || r.Body["retry_after"].(float64) <= 0 {
		t.Fatalf("sixth: %d %v %s", r.Status, r.Header, r.Raw)
	}
	// another channel and another route have buckets of their own
	other := sc.guild.AddChannel("other")
	if r := sc.do("POST", fmt.Sprintf("/channels/%d/messages", other.ID), `{"content":"c"}`); r.Status != 200 {
		t.Errorf("other channel: %d", r.Status)
	}
	if sc.InvalidRequests() != 1 {
		t.Errorf("%d invalid requests", sc.InvalidRequests())
	}
	sc.Advance(5 * time.Second)
	if r := sc.post(`{"content":"c"}`); r.Status != 200 {
		t.Errorf("after the reset: %d", r.Status)
	}
}

// TestIgnoredLimit shows that a client which knew of a limit is found out, and one that could not know is not.
func TestIgnoredLimit(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	for range 5 {
		sc.post(`{"content":"c"}`)
	}
	sc.Advance(2 * grace)
	sc.post(`{"content":"c"}`)
	sc.forgive("sent although the client knew of the user rate limit")
}

// TestLostAnswer shows that who never got the answer is not blamed for what it said.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	for range 4 {
		sc.post(`{"content":"c"}`)
	}
	sc.Inject(Fault{On: "/messages", Drop: true, AfterHandling: true})
	if _, err := sc.try("POST", "/channels/"+sc.general.ID.String()+"/messages", `{"content":"c"}`); err == nil {
		t.Error("the answer was not lost")
	}
	sc.Advance(2 * grace)
	if r := sc.post(`{"content":"c"}`); r.Status != 429 {
		t.Errorf("status %d", r.Status)
	}
	sc.client.CloseIdleConnections()
}

func TestGlobalLimit(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.GlobalLimit = 3
	sc := sceneOn(t, s)
	for range 3 {
		sc.do("GET", "/users/@me", nil)
	}
	r := sc.do("GET", "/users/@me", nil)
	if r.Status != 429 || r.Header.Get("X-RateLimit-Global") != "true" || r.Header.Get("X-RateLimit-Scope") != "global" ||
		r.Header.Get("X-RateLimit-Bucket") != "" || r.Header.Get("Retry-After") != "1" || r.Body["global"] != true {
		t.Errorf("%d %v %s", r.Status, r.Header, r.Raw)
	}
	sc.Advance(time.Second)
	if r := sc.do("GET", "/users/@me", nil); r.Status != 200 {
		t.Errorf("a second later: %d", r.Status)
	}
}

func TestInjectedLimits(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.Inject(Fault{On: "GET /users/@me", RetryAfter: 1500 * time.Millisecond})
	if r := sc.do("GET", "/users/@me", nil); r.Status != 429 || r.Header.Get("Retry-After") != "2" || r.Body["retry_after"].(float64) > 1.5 {
		t.Errorf("%d %v %s", r.Status, r.Header, r.Raw)
	}
	sc.Advance(1500 * time.Millisecond)
	if r := sc.do("GET", "/users/@me", nil); r.Status != 200 {
		t.Errorf("afterwards: %d", r.Status)
	}
	sc.Inject(Fault{RetryAfter: time.Second, Global: true})
	if r := sc.post(`{"content":"c"}`); r.Status != 429 || r.Header.Get("X-RateLimit-Global") != "true" {
		t.Errorf("global: %d %v", r.Status, r.Header)
	}
	if r := sc.do("GET", "/gateway/bot", nil); r.Status != 429 {
		t.Errorf("global limit on another route: %d", r.Status)
	}
	sc.Advance(time.Second)
	before := sc.InvalidRequests()
	sc.Inject(Fault{RetryAfter: time.Second, Shared: true})
	if r := sc.post(`{"content":"c"}`); r.Status != 429 || r.Header.Get("X-RateLimit-Scope") != "shared" || sc.InvalidRequests() != before {
		t.Errorf("shared: %d %v, %d invalid", r.Status, r.Header, sc.InvalidRequests()-before)
	}
}

func TestUnauthorizedAndBan(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	req, _ := http.NewRequest("GET", sc.RESTURL()+"/users/@me", nil)
	req.Header.Set("Authorization", "Bot wrong")
	res, err := sc.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 401 || sc.InvalidRequests() != 1 {
		t.Errorf("%d, %d invalid", res.StatusCode, sc.InvalidRequests())
	}
	sc.mu.Lock()
	for range 10_000 {
		sc.limits.invalid(sc.now())
	}
	sc.mu.Unlock()
	if r := sc.do("GET", "/users/@me", nil); r.Status != 429 || r.Header.Get("Via") != "" {
		t.Errorf("banned: %d %v", r.Status, r.Header)
	}
	sc.Advance(10 * time.Minute)
	if r := sc.do("GET", "/users/@me", nil); r.Status != 200 || sc.InvalidRequests() != 0 {
		t.Errorf("ten minutes later: %d, %d invalid", r.Status, sc.InvalidRequests())
	}
}

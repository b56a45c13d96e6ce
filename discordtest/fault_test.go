package discordtest

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	sc := sceneOn(t, New(t))
	sc.NoRateLimits = true
	create := "POST /channels/{channel_id}/messages"

	sc.Inject(Fault{On: create, Status: 502, Times: 2})
	for i, want := range []int{502, 502, 200} {
		if r := sc.post(`{"content":"c"}`); r.Status != want {
			t.Errorf("request %d: %d, want %d", i, r.Status, want)
		}
	}
	count := func() int { return len(sc.Messages(sc.general)) }
	before := count()
	sc.Inject(Fault{On: create, Drop: true})
	if _, err := sc.try("POST", "/channels/"+sc.general.ID.String()+"/messages", `{"content":"c"}`); err == nil || count() != before {
		t.Errorf("dropped: %v, %d messages", err, count()-before)
	}
	sc.Inject(Fault{On: create, Drop: true, AfterHandling: true})
	if _, err := sc.try("POST", "/channels/"+sc.general.ID.String()+"/messages", `{"content":"c"}`); !errors.Is(err, io.ErrUnexpectedEOF) || count() != before+1 {
		t.Errorf("answer lost: %v, %d messages", err, count()-before)
	}
	sc.Inject(Fault{On: create, Delay: 40 * time.Millisecond})
	began := time.Now()
	if sc.post(`{"content":"c"}`); time.Since(began) < 40*time.Millisecond {
		t.Errorf("answered after %s", time.Since(began))
	}
	sc.Inject(Fault{On: create, Status: 500, Times: -1, Chance: .5})
	failed := 0
	for range 100 {
		if sc.post(`{"content":"c"}`).Status == 500 {
			failed++
		}
	}
	if failed < 20 || failed > 80 {
		t.Errorf("%d of 100 failed at a chance of 0.5", failed)
	}
	sc.Heal()
	sc.Inject(Fault{On: create, Status: 500, Times: -1})
	sc.post(`{"content":"c"}`)
	sc.Heal()
	if r := sc.post(`{"content":"c"}`); r.Status != 200 {
		t.Errorf("healed: %d", r.Status)
	}
	sc.client.CloseIdleConnections()
}

func TestOnRequest(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.OnRequest = func(r *Request) *Fault {
		if r.Route == "GET /users/@me" {
			return &Fault{Status: http.StatusTeapot}
		}
		return nil
	}
	sc := sceneOn(t, s)
	if r := sc.do("GET", "/users/@me", nil); r.Status != http.StatusTeapot {
		t.Errorf("status %d", r.Status)
	}
}

// TestChaos shows that chaos is the same for the same seed, has every kind of fault, and ends.
func TestChaos(t *testing.T) {
	t.Parallel()
	kinds := func(seed uint64) map[int]int {
		sc := sceneOn(t, New(t))
		sc.NoRateLimits, sc.Forget, sc.SkipSchemas = true, true, true
		chaos := DefaultChaos(seed)
		chaos.Slow, chaos.RateLimit, chaos.GlobalLimit = 0, 0, 0
		sc.Unleash(chaos)
		got := map[int]int{}
		for range 300 {
			r, err := sc.try("GET", "/users/@me", nil)
			if err != nil {
				r.Status = -1
			}
			got[r.Status]++
		}
		sc.Heal()
		for range 50 {
			if r := sc.do("GET", "/users/@me", nil); r.Status != 200 {
				t.Errorf("after healing: %d", r.Status)
			}
		}
		sc.client.CloseIdleConnections()
		return got
	}
	a, b := kinds(1), kinds(1)
	if a[200] < 250 || a[-1] == 0 || a[500]+a[502]+a[503] == 0 {
		t.Errorf("chaos: %v", a)
	}
	for status := range a {
		if a[status] != b[status] {
			t.Errorf("seed 1 gave %v, then %v", a, b)
		}
	}
}

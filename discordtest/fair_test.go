package discordtest

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"
)

// A polite client waits as long as it is told to, and tries again when an answer gets lost.
type polite struct {
	sc     *scene
	mu     sync.Mutex
	paused time.Time // globally
}

func (p *polite) send(channel ID, wait *time.Time, body string) error {
	for range 100 {
		p.mu.Lock()
		until := p.paused
		p.mu.Unlock()
		if wait.After(until) {
			until = *wait
		}
		time.Sleep(time.Until(until))
		r, err := p.sc.try("POST", fmt.Sprintf("/channels/%d/messages", channel), body)
		if err != nil {
			continue
		}
		if after, err := strconv.ParseFloat(r.Header.Get("X-RateLimit-Reset-After"), 64); err == nil && r.Header.Get("X-RateLimit-Remaining") == "0" {
			*wait = time.Now().Add(time.Duration(after * float64(time.Second)))
		}
		if retry, ok := r.Body["retry_after"].(float64); ok && r.Status == 429 {
			until := time.Now().Add(time.Duration(retry * float64(time.Second)))
			if r.Body["global"] == true {
				p.mu.Lock()
				p.paused = until
				p.mu.Unlock()
			} else {
				*wait = until
			}
		}
		if r.Status == 200 {
			return nil
		}
	}
	return fmt.Errorf("100 tries were not enough")
}

// TestChaosIsFair shows that a client which does everything right is accused of nothing in the worst weather,
// and that enforce_nonce keeps each message single although answers get lost.
func TestChaosIsFair(t *testing.T) {
	t.Parallel()
	s := New(t)
	s.GlobalLimit = 400
	s.RateLimit = func(string) (int, time.Duration) { return 5, 60 * time.Millisecond }
	sc := sceneOn(t, s)
	chaos := DefaultChaos(7)
	chaos.RateLimit, chaos.GlobalLimit = .05, .005
	sc.Unleash(chaos)
	p := &polite{sc: sc}
	var wg sync.WaitGroup
	const channels, messages = 8, 25
	for i := range channels {
		c := sc.guild.AddChannel(fmt.Sprint("c", i))
		wg.Go(func() {
			var wait time.Time
			for j := range messages {
				if err := p.send(c.ID, &wait, fmt.Sprintf(`{"content":"%d","nonce":"%d-%d","enforce_nonce":true}`, j, i, j)); err != nil {
					t.Error(err)
				}
			}
			got := sc.Messages(c)
			for j := range messages {
				if len(got) != messages || got[j].Content != fmt.Sprint(j) {
					t.Errorf("channel %d has %d messages", i, len(got))
					return
				}
			}
		})
	}
	wg.Wait()
	sc.client.CloseIdleConnections()
}

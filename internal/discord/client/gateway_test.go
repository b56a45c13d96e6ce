package client

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/disgoorg/disgo/gateway"
)

// After an outage that took the session, a new one is begun; the bot does not end.
func TestGatewayOutage(t *testing.T) {
	for name, length := range map[string]time.Duration{"short": 100 * time.Millisecond, "long": 6 * time.Second} {
		t.Run(name, func(t *testing.T) {
			w := newBench(t, nil)
			anna := w.AddUser("anna")
			w.guild.AddMember(anna)
			var mu sync.Mutex
			heard := map[string]bool{}
			g := NewGateway(w.client, GatewayOptions{URL: w.GatewayURL(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))}, func(e gateway.EventData) {
				if m, ok := e.(gateway.EventMessageCreate); ok {
					mu.Lock()
					heard[m.Content] = true
					mu.Unlock()
				}
			})
			defer g.Close(w.ctx)
			if err := g.Open(w.ctx); err != nil {
				t.Fatal(err)
			}
			w.GatewayOutage(true)
			time.Sleep(length)
			w.GatewayOutage(false)
			if err := w.AwaitConnected(w.ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := anna.Send(w.guild.Channel("general"), "back?"); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
				mu.Lock()
				ok := heard["back?"]
				mu.Unlock()
				if ok {
					break
				}
				select {
				case err := <-g.Fatal():
					t.Fatal(err)
				default:
				}
				if time.Now().After(deadline) {
					t.Fatal("nothing is heard after the outage")
				}
			}
			if started, _ := w.Sessions(); started != 2 {
				t.Errorf("%d sessions", started)
			}
		})
	}
}

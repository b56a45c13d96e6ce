package client

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/disgoorg/disgo/gateway"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/cluster/clustertest"
	"github.com/attachebot/attache/internal/sqlite"
)

// one is a gateway of several, with the store that its death takes away.
type one struct {
	*Gateway
	store *clustertest.Mortal
	gone  chan string

	mu    sync.Mutex
	heard map[string]int
	since []time.Time // of its sessions
}

func (o *one) times(text string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.heard[text]
}

// Two gateways divide 16 shards. When one is killed, the other hears what is
// written in each guild within ten seconds, and knows from when on it has to read;
// no session begins against Discord's limit.
func TestDivided(t *testing.T) {
	w := newBench(t, func(s *discordtest.Server) { s.Shards = 16; s.MaxConcurrency = 16 })
	anna := w.AddUser("anna")
	guilds := []*discordtest.Guild{w.guild}
	for i := range 31 {
		guilds = append(guilds, w.AddGuild(fmt.Sprint("guild ", i)))
	}
	for _, g := range guilds {
		g.AddMember(anna)
	}
	db, err := sqlite.Open(w.ctx, filepath.Join(t.TempDir(), "attache.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	shared, err := sqlite.NewCluster(db)
	if err != nil {
		t.Fatal(err)
	}
	start := func(name string) *one {
		o := &one{store: &clustertest.Mortal{Store: shared}, gone: make(chan string, 10), heard: map[string]int{}}
		d, err := cluster.NewDivision(w.ctx, o.store, "shards", name, 6*time.Second, func(who string, _ uint64) { o.gone <- who })
		if err != nil {
			t.Fatal(err)
		}
		division := &Division{
			Run: func(ctx context.Context, of int, work Work) { d.Run(ctx, of, work) }, Grow: d.Grow,
			Identify: func(ctx context.Context, key int) error {
				return cluster.Pace(ctx, o.store, fmt.Sprint("identify/", key), 5100*time.Millisecond)
			},
		}
		o.Gateway = NewGateway(w.client, GatewayOptions{URL: w.GatewayURL(), Division: division, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}, func(e gateway.EventData) {
			o.mu.Lock()
			defer o.mu.Unlock()
			switch e := e.(type) {
			case gateway.EventMessageCreate:
				o.heard[e.Content]++
			case Ready:
				o.since = append(o.since, e.Heard)
			}
		})
		t.Cleanup(func() { o.Close(context.WithoutCancel(w.ctx)); d.Close() })
		if err := o.Open(w.ctx); err != nil {
			t.Fatal(err)
		}
		return o
	}
	until := func(what string, ok func() bool) time.Duration {
		t.Helper()
		begun := time.Now()
		for !ok() {
			if time.Since(begun) > time.Minute {
				t.Fatal("in vain: ", what)
			}
			time.Sleep(10 * time.Millisecond)
		}
		return time.Since(begun)
	}
	a := start("a")
	b := start("b")
	until("eight shards each", func() bool { return a.Shards() == 8 && b.Shards() == 8 })
	if err := w.AwaitConnected(w.ctx); err != nil {
		t.Fatal(err)
	}
	say := func(text string) {
		t.Helper()
		for i, g := range guilds {
			if _, err := anna.Send(g.Channel("general"), fmt.Sprint(text, i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	say("both ")
	for i := range guilds {
		text := fmt.Sprint("both ", i)
		until(text, func() bool { return a.times(text)+b.times(text) > 0 })
		if n := a.times(text) + b.times(text); n != 1 {
			t.Errorf("%q is heard %d times", text, n)
		}
	}

	a.store.Dead.Store(true) // killed: nothing of it comes any more, and nothing is given back
	killed := time.Now()
	b.mu.Lock()
	before := len(b.since)
	b.mu.Unlock()
	a.Close(w.ctx)
	took := until("sixteen shards", func() bool { return b.Shards() == 16 })
	if err := w.AwaitConnected(w.ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("the leases of the dead one are taken after %v, all shards are ready after %v", took.Round(time.Millisecond), time.Since(killed).Round(time.Millisecond))
	say("alone ")
	for i := range guilds {
		text := fmt.Sprint("alone ", i)
		until(text, func() bool { return b.times(text) == 1 })
	}
	select {
	case who := <-b.gone:
		if who != "a" {
			t.Errorf("%s is gone", who)
		}
	case <-w.ctx.Done():
		t.Error("nobody is told of the death")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, since := range b.since[before:] {
		if since.IsZero() || since.After(killed) {
			t.Errorf("a session reads from %v on", since)
		}
	}
}

// The note of a shard is the time from which on another process has to read.
func TestNote(t *testing.T) {
	var unread time.Time
	w := &divided{all: NewGateway(nil, GatewayOptions{Log: slog.New(slog.DiscardHandler), Unread: func() time.Time { return unread }}, nil)}
	hour := time.Now().Add(-time.Hour)
	w.all.shards = []*shard{{id: 1, begun: hour}, {id: 2, begun: hour, heard: hour.Add(time.Minute)}}
	now := time.Now()
	for _, c := range []struct {
		what     string
		shard    int
		unread   time.Time
		from, to time.Time
	}{
		{"not begun yet", 0, time.Time{}, now, now.Add(time.Minute)},
		{"not ready yet", 1, time.Time{}, hour, hour},
		{"heard", 2, time.Time{}, hour.Add(time.Minute), hour.Add(time.Minute)},
		{"an absence is being read", 2, hour.Add(-time.Minute), hour.Add(-time.Minute), hour.Add(-time.Minute)},
		{"an absence later than that", 1, now, hour, hour},
	} {
		unread = c.unread
		got, err := time.Parse(time.RFC3339Nano, w.Note(c.shard))
		if err != nil || got.Before(c.from) || got.After(c.to) {
			t.Errorf("%s: %v, %v instead of %v to %v", c.what, got, err, c.from, c.to)
		}
	}
}

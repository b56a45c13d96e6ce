package guard

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"
)

// Connections are bounded in all, for an address and for a link; the one that has
// not moved for the longest time goes.
func TestConnectionsAreBounded(t *testing.T) {
	links := func(proxied bool) func(net.Listener) *Listener {
		return func(l net.Listener) *Listener { return ForLinks(l, proxied) }
	}
	for name, c := range map[string]struct {
		open func(net.Listener) *Listener
		most int
	}{
		"of an address": {links(false), maxPerClient},
		"in all":        {links(true), maxConnections}, // the address is a proxy's, and counts for nobody
		"of pages":      {ForPages, MaxOpen},           // and so it is there
	} {
		t.Run(name, func(t *testing.T) {
			g, accepted := acceptAll(t, c.open, c.most+20)
			g.mu.Lock()
			defer g.mu.Unlock()
			if len(g.conns) != c.most {
				t.Errorf("%d of %d connections are open, want %d", len(g.conns), c.most+20, c.most)
			}
			if _, open := g.conns[accepted[0]]; open {
				t.Error("the oldest one is open")
			}
			if _, open := g.conns[accepted[len(accepted)-1]]; !open {
				t.Error("the newest one is closed")
			}
		})
	}
	t.Run("of a link", func(t *testing.T) {
		g, accepted := acceptAll(t, links(true), maxPerLink+5)
		for _, c := range accepted {
			defer g.Begin(requestOf(c), "link")()
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(g.conns) != maxPerLink {
			t.Errorf("%d connections serve one link", len(g.conns))
		}
	})
	t.Run("of a proxy's client", func(t *testing.T) {
		g, accepted := acceptAll(t, links(true), maxPerClient+5)
		for _, c := range accepted {
			r := requestOf(c)
			r.Header.Set("X-Forwarded-For", "10.0.0.1, 2001:db8::1")
			defer g.Begin(r, c.RemoteAddr().String())()
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(g.conns) != maxPerClient {
			t.Errorf("%d connections of one client", len(g.conns))
		}
	})
}

// requestOf is one that comes by a connection.
func requestOf(c *conn) *http.Request {
	return (&http.Request{Header: http.Header{}}).WithContext(WithConn(context.Background(), c))
}

// acceptAll opens n connections to a listener, one after the other.
func acceptAll(t *testing.T, open func(net.Listener) *Listener, n int) (*Listener, []*conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	g := open(l)
	var all []*conn
	for range n {
		c, err := net.DialTimeout("tcp", l.Addr().String(), 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		served, err := g.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { served.Close() })
		all = append(all, served.(*conn))
	}
	return g, all
}

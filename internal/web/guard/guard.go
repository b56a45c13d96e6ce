// Package guard bounds what strangers may take of a server: its connections, and how
// slowly they may move.
package guard

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Beyond a bound the new connection is served, and the one that has not moved for
// the longest time is closed: who reads is never shut out by who stalls.
const (
	maxConnections = 256 // of everybody
	maxPerClient   = 32  // connections of an address, or of a network of IPv6
	maxPerLink     = 16  // downloads of one link; a download manager uses up to 16

	// MaxOpen is how many connections of people who have signed in, or may, are open.
	MaxOpen = 1000

	HeaderTime = 5 * time.Second  // until a request is here
	IdleTime   = 30 * time.Second // between two requests
	PieceTime  = 10 * time.Second // in which a piece is taken, or given: at least 3 kB/s
	PieceSize  = 32 << 10         // bytes

	// What a reader that stalls gets all the same is no more than buffers hold.
	// Who took more than that has shown that it reads, which counts for a while.
	sendBuffer = 256 << 10
	shown      = 1 << 20 // bytes
	shownTime  = 2 * time.Second
)

// Listener keeps the bounds. It is safe for concurrent use.
type Listener struct {
	net.Listener
	proxied bool // the clients of a proxy on this machine or network are told by their header

	most, perClient int // connections; of a client, 0: as many as there are
	buffer          int // that is sent to a client and not taken yet, 0: as the system has it
	piece           int // bytes that are to be taken within time
	time            time.Duration

	mu    sync.Mutex
	conns map[*conn]struct{}
}

// ForLinks is for strangers who follow links. Proxied tells that a proxy may stand
// before the server, and name its clients.
func ForLinks(l net.Listener, proxied bool) *Listener {
	return &Listener{Listener: l, proxied: proxied, most: maxConnections, perClient: maxPerClient, buffer: sendBuffer, piece: PieceSize, time: PieceTime, conns: map[*conn]struct{}{}}
}

// ForPages is for people who have signed in and who may sign in: one address may
// be a proxy's, with the connections of all of them.
func ForPages(l net.Listener) *Listener {
	return &Listener{Listener: l, most: MaxOpen, piece: 256 << 10, time: time.Minute, conns: map[*conn]struct{}{}}
}

// Accept implements net.Listener.
func (g *Listener) Accept() (net.Conn, error) {
	nc, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if tcp, ok := nc.(*net.TCPConn); ok && g.buffer > 0 {
		_ = tcp.SetWriteBuffer(sendBuffer) // else the system's own size
	}
	c := &conn{Conn: nc, guard: g, opened: time.Now()}
	addr := remote(nc.RemoteAddr().String())
	if c.proxy = g.proxied && (addr.IsLoopback() || addr.IsPrivate()); !c.proxy {
		c.client = network(addr)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[c] = struct{}{}
	g.bound(g.most, func(*conn) bool { return true })
	if c.client != "" && g.perClient > 0 {
		g.bound(g.perClient, func(o *conn) bool { return o.client == c.client })
	}
	return c, nil
}

// bound closes the connection that has not moved for the longest time while
// more than n are alike. g.mu is held.
func (g *Listener) bound(n int, alike func(*conn) bool) {
	for {
		var worst *conn
		count := 0
		for c := range g.conns {
			if alike(c) {
				count++
				if worst == nil || c.lively().Before(worst.lively()) {
					worst = c
				}
			}
		}
		if count <= n {
			return
		}
		delete(g.conns, worst)
		go worst.Conn.Close() // which may wait
	}
}

// Begin tells what the connection of a request is used for, until end is called.
func (g *Listener) Begin(r *http.Request, link string) (end func()) {
	c, ok := r.Context().Value(connKey{}).(*conn)
	if !ok {
		return func() {}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c.opened, c.taken, c.link = time.Now(), 0, link
	if c.proxy {
		if c.client = forwarded(r); c.client != "" {
			g.bound(g.perClient, func(o *conn) bool { return o.client == c.client })
		}
	}
	g.bound(maxPerLink, func(o *conn) bool { return o.link == link })
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		c.link = ""
	}
}

// Active tells that a connection has a new request.
func (g *Listener) Active(nc net.Conn, state http.ConnState) {
	if c, ok := nc.(*conn); ok && state == http.StateActive {
		g.mu.Lock()
		defer g.mu.Unlock()
		c.opened, c.taken = time.Now(), 0
	}
}

// conn is a connection whose reader must keep going.
type conn struct {
	net.Conn
	guard *Listener
	proxy bool // it carries the requests of several clients

	// Under guard.mu.
	client string    // whose it is, as far as that is known
	link   string    // that it serves now
	opened time.Time // or when the request began
	taken  int64     // bytes of the answer
	moved  time.Time // when some were taken
}

// lively is how long ago a connection has moved, as far as that is shown.
// guard.mu is held.
func (c *conn) lively() time.Time {
	if c.taken > shown {
		return c.moved.Add(shownTime)
	}
	return c.opened
}

// Write implements net.Conn: each piece must be taken in the time for it.
func (c *conn) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		var m int
		_ = c.Conn.SetWriteDeadline(time.Now().Add(c.guard.time))
		m, err = c.Conn.Write(b[:min(len(b), c.guard.piece)])
		n, b = n+m, b[m:]
		c.guard.mu.Lock()
		c.moved = time.Now()
		c.taken += int64(m)
		c.guard.mu.Unlock()
	}
	return n, err
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.guard.mu.Lock()
	delete(c.guard.conns, c)
	c.guard.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite ends what is sent, as *net.TCPConn does.
func (c *conn) CloseWrite() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.CloseWrite()
	}
	return nil
}

type connKey struct{}

// WithConn puts the connection into the context of its requests.
func WithConn(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, nc)
}

// forwarded returns the client that the nearest proxy names.
func forwarded(r *http.Request) string {
	all := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	addr, err := netip.ParseAddr(strings.TrimSpace(all[len(all)-1]))
	if err != nil {
		return ""
	}
	return network(addr)
}

func remote(address string) netip.Addr {
	ap, _ := netip.ParseAddrPort(address)
	return ap.Addr().Unmap()
}

// network is what one person has: an address of IPv4, or a /64 of IPv6.
func network(a netip.Addr) string {
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

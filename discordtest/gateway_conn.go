package discordtest

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/zstd"
)

// A gatewayConn is one websocket of a client.
type gatewayConn struct {
	s      *Server
	ws     *websocket.Conn
	ctx    context.Context
	cancel context.CancelFunc
	ses    *session // after IDENTIFY or RESUME; guarded by the server's lock

	mu       sync.Mutex
	queue    [][]byte
	more     chan struct{} // has room for one
	closing  func()        // said last, after the queue
	payloads bool          // IDENTIFY asked for compressed payloads

	commands []time.Time // of the last minute
}

func (s *Server) serveGateway(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if v, encoding := q.Get("v"), q.Get("encoding"); v != "10" && v != "9" || encoding != "json" && encoding != "" {
		s.violate("gateway", "connected with v=%s encoding=%s, but only v=9 or 10 and json are modelled", v, encoding)
		http.Error(w, "unsupported", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	if s.ctx.Err() != nil {
		s.mu.Unlock()
		return
	}
	if s.gateway.down {
		s.mu.Unlock()
		http.Error(w, "no healthy upstream", http.StatusServiceUnavailable)
		return
	}
	s.wg.Add(1)
	s.mu.Unlock()
	defer s.wg.Done()

	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return
	}
	ws.SetReadLimit(64 << 10)
	c := &gatewayConn{s: s, ws: ws, more: make(chan struct{}, 1)}
	c.ctx, c.cancel = context.WithCancel(s.ctx)
	defer c.cancel()
	encode, err := newEncoder(q.Get("compress"))
	if err != nil {
		s.violate("gateway", "%v", err)
		ws.Close(4002, "Decode error")
		return
	}
	s.mu.Lock()
	s.gateway.conns[c] = true
	if s.gateway.down {
		ws.CloseNow() // since the check above
	}
	s.mu.Unlock()

	var writer sync.WaitGroup
	writer.Go(func() { c.write(encode) })
	c.sendJSON(payload{Op: opHello, D: map[string]any{"heartbeat_interval": s.heartbeat().Milliseconds()}})
	c.read()

	s.mu.Lock()
	delete(s.gateway.conns, c)
	if c.ses != nil && c.ses.conn == c {
		c.ses.conn = nil
	}
	s.wake(0)
	s.mu.Unlock()
	c.cancel()
	ws.CloseNow()
	writer.Wait()
}

func (s *Server) heartbeat() time.Duration {
	if s.Heartbeat > 0 {
		return s.Heartbeat
	}
	return 41250 * time.Millisecond
}

func (c *gatewayConn) sendJSON(p payload) {
	data, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	c.send(data)
}

func (c *gatewayConn) send(data []byte) {
	c.mu.Lock()
	c.queue = append(c.queue, data)
	c.mu.Unlock()
	c.signal()
}

// close closes with a code once everything queued is sent.
func (c *gatewayConn) close(code int, reason string) {
	c.mu.Lock()
	c.closing = func() { c.ws.Close(websocket.StatusCode(code), reason) }
	c.mu.Unlock()
	c.signal()
}

func (c *gatewayConn) signal() {
	select {
	case c.more <- struct{}{}:
	default:
	}
}

func (c *gatewayConn) write(encode encoder) {
	for {
		select {
		case <-c.more:
		case <-c.ctx.Done():
			return
		}
		if c.s.wait(c.ctx, 0, func() bool { return !c.s.gateway.frozen }) != nil {
			return
		}
		c.mu.Lock()
		queue, closing, payloads := c.queue, c.closing, c.payloads
		c.queue = nil
		c.mu.Unlock()
		for _, data := range queue {
			kind, out := encode(data, payloads)
			ctx, cancel := context.WithTimeout(c.ctx, 10*time.Second)
			err := c.ws.Write(ctx, kind, out)
			cancel()
			if err != nil {
				c.cancel()
				return
			}
		}
		if closing != nil {
			closing()
			c.cancel()
			return
		}
	}
}

// An encoder compresses one message of a connection's stream. payloads is set after a client asked
// in IDENTIFY for zlib-compressed payloads.
type encoder func(data []byte, payloads bool) (websocket.MessageType, []byte)

func newEncoder(compress string) (encoder, error) {
	var out bytes.Buffer
	stream := func(w interface {
		io.Writer
		Flush() error
	}) encoder {
		return func(data []byte, _ bool) (websocket.MessageType, []byte) {
			out.Reset()
			w.Write(data)
			w.Flush()
			return websocket.MessageBinary, out.Bytes()
		}
	}
	switch compress {
	case "":
		return encodePlain, nil
	case "zlib-stream":
		return stream(zlib.NewWriter(&out)), nil
	case "zstd-stream":
		w, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(128<<10))
		if err != nil {
			return nil, err
		}
		return stream(w), nil
	}
	return nil, fmt.Errorf("connected with compress=%s, which Discord does not know", compress)
}

func encodePlain(data []byte, payloads bool) (websocket.MessageType, []byte) {
	if !payloads || !strings.HasPrefix(string(data[:min(7, len(data))]), `{"op":0`) {
		return websocket.MessageText, data
	}
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write(data)
	w.Close()
	return websocket.MessageBinary, out.Bytes()
}

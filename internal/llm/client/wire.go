package client

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/attachebot/attache/internal/llm/protocol"
)

// maxBody bounds what is read of one answer: no model writes that much.
const maxBody = 64 << 20

var (
	errFirstByte = errors.New("no answer within the time allowed")
	errIdle      = errors.New("the answer stalled")
)

// wire is the transport: time-outs to connect, and a body that reports each
// byte to the request's watch.
type wire struct{ base *http.Transport }

func newWire(o Options) *wire {
	return &wire{&http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: o.Connect, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: o.Connect,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        100,
		MaxIdleConnsPerHost: 100,
		IdleConnTimeout:     90 * time.Second,
	}}
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := w.base.RoundTrip(req)
	if err == nil {
		watch, _ := req.Context().Value(watchKey{}).(*watch)
		res.Body = &watchedBody{res.Body, watch, 0}
	}
	return res, err
}

type watchKey struct{}

// watch cancels a request that is too slow. It is made by newWatch and ends
// with stop.
type watch struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	idle    time.Duration
	timer   *time.Timer
	started atomic.Bool
}

func newWatch(ctx context.Context, o Options) (context.Context, *watch) {
	w := &watch{idle: o.Idle}
	ctx, w.cancel = context.WithCancelCause(ctx)
	w.ctx = ctx
	w.timer = time.AfterFunc(o.FirstByte, func() {
		if w.started.Load() {
			w.cancel(errIdle)
		} else {
			w.cancel(errFirstByte)
		}
	})
	return context.WithValue(ctx, watchKey{}, w), w
}

// beat notes that bytes arrived.
func (w *watch) beat() {
	w.started.Store(true)
	w.timer.Reset(w.idle)
}

func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// cause returns why err happened: the time-out, if it was one of ours.
func (w *watch) cause(err error) error {
	if err == nil {
		return nil
	}
	if c := context.Cause(w.ctx); errors.Is(c, errFirstByte) || errors.Is(c, errIdle) {
		return c
	}
	return err
}

type watchedBody struct {
	io.ReadCloser
	watch *watch
	read  int64
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 && b.watch != nil {
		b.watch.beat()
	}
	if b.read += int64(n); b.read > maxBody {
		return n, protocol.ErrTooLong
	}
	return n, err
}

package tools

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// httpTransport returns the way to a server at a URL, and what ends its idle
// connections and says better why the connection ended.
func httpTransport(s *ServerConfig) (_ mcp.Transport, end func(error) error) {
	base := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     90 * time.Second,
		MaxIdleConnsPerHost: 4,
		ForceAttemptHTTP2:   true,
	}
	trips := &roundTripper{base: base, headers: s.Headers}
	client := &http.Client{
		Transport: trips,
		// The headers are for this server and no other.
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme || len(via) > 5 {
				return errors.New("it redirects to another host")
			}
			return nil
		},
	}
	end = func(err error) error {
		base.CloseIdleConnections()
		// When a message can't be sent, the client library closes the connection,
		// and sometimes says that alone.
		if failed := trips.failed.Load(); failed != nil && (err == nil || errors.Is(err, io.EOF)) {
			return *failed
		}
		return err
	}
	return &mcp.StreamableClientTransport{Endpoint: s.URL, HTTPClient: client, MaxEventSize: maxMessage}, end
}

// roundTripper adds a server's headers and bounds what comes back.
type roundTripper struct {
	base    http.RoundTripper
	headers map[string]string
	failed  atomic.Pointer[error] // why the last message was not taken, if it was not
}

// listenTime is how long a server may take to answer the request for its
// stream of notifications. One that does not has none.
const listenTime = 10 * time.Second

func (t *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	for name, value := range t.headers {
		req.Header.Set(name, value)
	}
	if req.Method == http.MethodGet {
		return t.listen(req)
	}
	resp, err := t.base.RoundTrip(req)
	if err == nil {
		bound(resp)
	}
	if req.Method == http.MethodPost {
		t.failed.Store(refusal(resp, err))
	}
	return resp, err
}

// refusal returns why an answer to a message says that it was not taken.
func refusal(resp *http.Response, err error) *error {
	kind := ""
	if err == nil {
		kind, _, _ = mime.ParseMediaType(resp.Header.Get("Content-Type"))
	}
	switch {
	case err != nil:
	case resp.StatusCode >= 400:
		err = errors.New(http.StatusText(resp.StatusCode))
	case resp.StatusCode == http.StatusOK && resp.ContentLength != 0 && kind != "application/json" && kind != "text/event-stream":
		err = fmt.Errorf("unsupported content type %q", kind)
	default:
		return nil
	}
	return &err
}

// listen makes a GET whose answer begins soon. The client library waits for
// it without a limit, so what takes too long is answered here.
func (t *roundTripper) listen(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	late := time.AfterFunc(listenTime, cancel)
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	if !late.Stop() && req.Context().Err() == nil {
		if err == nil {
			resp.Body.Close()
		}
		return &http.Response{Status: "405 Method Not Allowed", StatusCode: http.StatusMethodNotAllowed, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: http.NoBody, Request: req}, nil
	}
	if err != nil {
		cancel()
		return nil, err
	}
	bound(resp)
	resp.Body = &cancelBody{resp.Body, cancel}
	return resp, nil
}

// bound limits a body that the client library reads as a whole.
func bound(resp *http.Response) {
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "text/event-stream" {
		resp.Body = &boundedBody{resp.Body, maxMessage}
	}
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("the answer is larger than %d bytes", maxMessage)
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

type cancelBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *cancelBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

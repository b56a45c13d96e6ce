package client

import (
	"net/http"
	"net/url"
	"time"
)

// FirstByteForTest is how long the client waits for the first byte of an answer.
func FirstByteForTest(m *Client) time.Duration { return m.opts.FirstByte }

// ProxyForTest sends the client's requests through a proxy.
func ProxyForTest(m *Client, proxy string) {
	u, err := url.Parse(proxy)
	if err != nil {
		panic(err)
	}
	m.wire.base.Proxy = http.ProxyURL(u)
}

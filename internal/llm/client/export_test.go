package client

import (
	"net/http"
	"net/url"
)

// ProxyForTest sends the client's requests through a proxy.
func ProxyForTest(m *Client, proxy string) {
	u, err := url.Parse(proxy)
	if err != nil {
		panic(err)
	}
	m.wire.base.Proxy = http.ProxyURL(u)
}

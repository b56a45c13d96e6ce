// Package fetch gets what a link leads to from the public internet. Links come
// from people, files and models, so nothing of the networks that this machine is
// in can be reached by them, whatever the link says, and wherever it redirects to.
package fetch

import (
	"cmp"
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/attachebot/attache/internal/fault"
)

const (
	// MaxURL is how many characters a link may have.
	MaxURL       = 1000
	maxRedirects = 5
	wholeTime    = 2 * time.Minute // for one link
)

// ports are those that links to data have. Servers of other protocols are not
// spoken to.
var ports = map[string]bool{"": true, "80": true, "443": true, "8080": true, "8443": true}

// Client fetches links. It is safe for concurrent use. Close it after use.
type Client struct {
	http      *http.Client
	transport *http.Transport
	may       func(a netip.AddrPort) bool
}

// New returns a client.
func New() *Client {
	c := &Client{may: func(a netip.AddrPort) bool { return public(a.Addr()) }}
	dialer := &net.Dialer{Timeout: 10 * time.Second, ControlContext: c.control}
	c.transport = &http.Transport{ // without a proxy, which would dial for us
		DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConns: 4, IdleConnTimeout: 10 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10,
	}
	c.http = &http.Client{Transport: c.transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fault.New(fault.Unavailable, "The link redirects too often.")
		}
		r.Header.Del("Referer")
		_, err := Parse(r.URL.String())
		return err
	}}
	return c
}

// Close ends idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// errPrivate is said of every address that is not public, so that nothing is told
// of what is there.
var errPrivate = fault.New(fault.Denied, "The link leads to an address that is not on the public internet, so I don't fetch it.")

// control sees the address that a connection is about to be made to, after names
// were resolved: however it was written, and at every redirect.
func (c *Client) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" || !c.may(a) {
		return errPrivate
	}
	return nil
}

// Parse reads a link and writes it in one way: with the scheme and the host in
// small ASCII letters, and without a fragment. Kind Invalid: it can't be fetched.
func Parse(link string) (*url.URL, error) {
	link = strings.TrimSpace(link)
	u, err := url.Parse(link)
	switch {
	case len(link) > MaxURL:
		return nil, fault.New(fault.Invalid, "The link has more than %d characters.", MaxURL)
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return nil, fault.New(fault.Invalid, "This is no link that can be fetched: it must begin with https:// or http://.")
	}
	switch u.Scheme = strings.ToLower(u.Scheme); {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fault.New(fault.Invalid, "Only links that begin with https:// or http:// can be fetched.")
	case u.User != nil:
		return nil, fault.New(fault.Invalid, "Links with a user name or a password in them are not fetched.")
	case !ports[u.Port()]:
		return nil, fault.New(fault.Invalid, "Links to the port %s are not fetched.", u.Port())
	}
	if !strings.Contains(u.Host, "[") {
		host, err := idna.Lookup.ToASCII(u.Hostname())
		if again, err2 := idna.Lookup.ToASCII(host); err != nil || err2 != nil || again != host || !utf8.ValidString(link) {
			return nil, fault.New(fault.Invalid, "The link has no right host name.")
		}
		u.Host = host + strings.TrimPrefix(u.Host, u.Hostname())
	}
	u.Host = strings.ToLower(u.Host)
	u.Fragment, u.RawFragment = "", ""
	u.RawQuery = strings.NewReplacer("`", "%60", " ", "%20").Replace(u.RawQuery)
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

// Response is what a link led to. Close the body after use.
type Response struct {
	Name string // for a file
	Size int64  // as announced; -1: not known
	Body io.ReadCloser
}

// Get fetches a link that [Parse] has read. Errors have a kind and a sentence.
func (c *Client) Get(ctx context.Context, u *url.URL) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, wholeTime)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		cancel()
		return nil, fault.Wrap(err, fault.Invalid, "This is no link that can be fetched.")
	}
	req.Header.Set("User-Agent", "Attache/1 (+https://github.com/attachebot/attache)")
	req.Header.Set("Accept", "*/*")
	res, err := c.http.Do(req)
	if err != nil {
		cancel()
		return nil, failed(ctx, err, u)
	}
	if res.StatusCode != http.StatusOK {
		res.Body.Close()
		cancel()
		return nil, fault.New(fault.Unavailable, "%s answered with the status %d (%s).", u.Hostname(), res.StatusCode, cmp.Or(http.StatusText(res.StatusCode), "unknown"))
	}
	return &Response{Name: name(res), Size: res.ContentLength, Body: body{res.Body, cancel, ctx, u}}, nil
}

func failed(ctx context.Context, err error, u *url.URL) error {
	var f *fault.Error
	switch {
	case errors.As(err, &f): // of the dialer, or of a redirect
		return f
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fault.Wrap(err, fault.Unavailable, "%s took too long.", u.Hostname())
	case ctx.Err() != nil:
		return fault.Wrap(context.Cause(ctx), fault.Canceled, "")
	}
	return fault.Wrap(err, fault.Unavailable, "%s can't be reached.", u.Hostname())
}

// body is a response's, whose time is bounded too.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
	ctx    context.Context
	from   *url.URL
}

func (b body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = failed(b.ctx, err, b.from)
	}
	return n, err
}

func (b body) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// name is what a file of the response is called: as the server says, else as the
// link ends, with the extension of its type if it has none.
func name(res *http.Response) string {
	_, params, _ := mime.ParseMediaType(res.Header.Get("Content-Disposition"))
	n := params["filename"]
	if n == "" {
		n = path.Base(res.Request.URL.Path)
	}
	if n == "/" || n == "." || n == "" {
		n = res.Request.URL.Hostname()
		if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); extensions[kind] == "" {
			return n + ".html"
		}
	} else if path.Ext(n) != "" {
		return n
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return n + extensions[kind]
}

// extensions are those of the types that servers of data name most.
var extensions = map[string]string{
	"text/html": ".html", "text/plain": ".txt", "text/csv": ".csv", "text/tab-separated-values": ".tsv", "text/xml": ".xml",
	"application/json": ".json", "application/geo+json": ".geojson", "application/xml": ".xml", "application/pdf": ".pdf", "application/zip": ".zip",
	"application/vnd.ms-excel": ".xls", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
	"application/vnd.apache.parquet": ".parquet", "application/x-ndjson": ".jsonl", "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp",
	"image/gif": ".gif", "image/svg+xml": ".svg",
}

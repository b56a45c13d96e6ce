package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	dg "github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/rest"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/tokens"
)

const (
	cdnTries = 4
	cdnIdle  = 30 * time.Second // without a byte
)

// A CDN downloads attachments from Discord. Nothing else is ever fetched for a user.
type CDN struct {
	http   *http.Client
	extra  []string // hosts with port that are allowed as well, by http too
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// NewCDN returns a CDN that may also fetch from the hosts named, each with its
// port, by http too.
func NewCDN(extra []string) *CDN {
	c := &CDN{extra: extra, lookup: net.DefaultResolver.LookupNetIP}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	c.http = &http.Client{
		Transport: &http.Transport{
			// A proxy would be asked for any host: there is none.
			Proxy: nil,
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				return c.dial(ctx, dialer, network, addr)
			},
			ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: cdnIdle,
			MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, DisableCompression: true,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > 3 {
				return errors.New("too many redirects")
			}
			return c.allow(req.URL)
		},
	}
	return c
}

// Close ends idle connections.
func (c *CDN) Close() { c.http.CloseIdleConnections() }

// allow tells whether a URL may be fetched.
func (c *CDN) allow(u *url.URL) error {
	if slices.Contains(c.extra, u.Host) && (u.Scheme == "http" || u.Scheme == "https") && u.User == nil {
		return nil
	}
	if u.Scheme != "https" || u.User != nil || u.Port() != "" && u.Port() != "443" || !slices.Contains(tokens.DiscordHosts, strings.ToLower(u.Hostname())) {
		return fault.New(fault.Denied, "That file is not on Discord, so I don't fetch it.")
	}
	return nil
}

// dial connects to an allowed host at a public address: what a name stands
// for is looked at here, where it is used.
func (c *CDN) dial(ctx context.Context, d *net.Dialer, network, addr string) (net.Conn, error) {
	if slices.Contains(c.extra, addr) {
		return d.DialContext(ctx, network, addr)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port != "443" || !slices.Contains(tokens.DiscordHosts, strings.ToLower(host)) {
		return nil, fmt.Errorf("%s is none of Discord's CDN hosts", addr)
	}
	ips, err := c.lookup(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	err = fmt.Errorf("%s has no public address", host)
	for _, ip := range ips {
		if !public(ip) {
			continue
		}
		var conn net.Conn
		if conn, err = d.DialContext(ctx, network, net.JoinHostPort(ip.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10") // of carriers' NAT: RFC 6598

func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !sharedAddresses.Contains(ip)
}

// Open returns the content of an attachment, which is fetched while it is read.
// fresh gives another link where the first one is dead; it may be nil.
func (c *CDN) Open(ctx context.Context, a dg.Attachment, fresh func(ctx context.Context) (string, error)) io.ReadCloser {
	return &attachment{ctx: ctx, cdn: c, name: files.SafeName(NameOf(a)), size: int64(a.Size), url: a.URL, fresh: fresh}
}

// attachment is the content of an attachment. It is fetched from the first Read
// on; when the connection breaks, the rest is fetched anew. Close it.
type attachment struct {
	ctx   context.Context
	cdn   *CDN
	name  string
	size  int64 // as stated
	url   string
	fresh func(ctx context.Context) (string, error) // another link, once; may be nil

	res    *http.Response
	cancel context.CancelFunc
	idle   *time.Timer
	etag   string
	at     int64 // bytes read
	tries  int
	err    error
}

func (a *attachment) Read(p []byte) (int, error) {
	for a.err == nil {
		if a.res == nil {
			if err := a.connect(); err != nil {
				a.err = err
				break
			}
		}
		a.idle.Reset(cdnIdle)
		n, err := a.res.Body.Read(p)
		a.idle.Stop()
		a.at += int64(n)
		switch {
		case err == io.EOF && a.at >= a.size:
			a.err = io.EOF
		case err != nil:
			a.hangUp()
			if a.retry(err) != nil {
				a.err = fault.Wrap(err, fault.Unavailable, "The upload of %s broke off. Please send it again.", a.name)
			}
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, a.err
}

// Close ends the download.
func (a *attachment) Close() error {
	a.hangUp()
	return nil
}

func (a *attachment) hangUp() {
	if a.res != nil {
		a.cancel()
		a.res.Body.Close()
		a.res = nil
	}
}

// retry waits before the next try, or returns err if there is none.
func (a *attachment) retry(err error) error {
	if a.tries++; a.tries >= cdnTries || a.ctx.Err() != nil {
		return err
	}
	return sleep(a.ctx, 100*time.Millisecond<<a.tries)
}

// connect gets the response that goes on at a.at.
func (a *attachment) connect() error {
	gone := fault.New(fault.NotFound, "%s is no longer on Discord. Please attach it again.", a.name)
	for {
		res, err := a.get()
		if errors.As(err, new(*fault.Error)) {
			return err
		}
		status := 0
		if err == nil {
			status = res.StatusCode
		}
		switch {
		case status == http.StatusOK && a.at == 0, status == http.StatusPartialContent && a.at > 0 && a.continues(res):
			a.etag = res.Header.Get("ETag")
			a.res = res
			return nil
		case status == http.StatusNotFound || status == http.StatusForbidden || status == http.StatusGone:
			a.drop(res)
			if a.fresh == nil {
				return gone
			}
			link, err := a.fresh(a.ctx)
			a.fresh = nil
			if err != nil || link == "" {
				return gone
			}
			a.url = link
			continue
		case err == nil:
			a.drop(res)
			err = fmt.Errorf("the CDN answered %s", res.Status)
		}
		if a.retry(err) != nil {
			return fault.Wrap(err, fault.Unavailable, "I could not get %s from Discord. Please send it again.", a.name)
		}
	}
}

func (a *attachment) drop(res *http.Response) {
	a.cancel()
	res.Body.Close()
}

func (a *attachment) continues(res *http.Response) bool {
	return strings.HasPrefix(res.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", a.at))
}

func (a *attachment) get() (*http.Response, error) {
	u, err := url.Parse(a.url)
	if err == nil {
		err = a.cdn.allow(u)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Denied, "%s is not on Discord, so I don't fetch it.", a.name)
	}
	ctx, cancel := context.WithCancel(a.ctx)
	a.cancel = cancel
	a.idle = time.AfterFunc(cdnIdle, cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		cancel()
		return nil, err
	}
	req.Header.Set("User-Agent", userAgent)
	if a.at > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", a.at))
		if a.etag != "" {
			req.Header.Set("If-Range", a.etag)
		}
	}
	res, err := a.cdn.http.Do(req)
	a.idle.Stop()
	if err != nil {
		cancel()
	}
	return res, err
}

var refreshURLs = rest.NewEndpoint(http.MethodPost, "/attachments/refresh-urls")

// Refresh returns a link to an attachment that works again for a day.
func (a *Client) Refresh(ctx context.Context, link string) (string, error) {
	var answer struct {
		URLs []struct {
			Refreshed string `json:"refreshed"`
		} `json:"refreshed_urls"`
	}
	err := a.Do(ctx, Request{To: refreshURLs.Compile(nil), Body: object{"attachment_urls": []string{link}}, Into: &answer})
	if err != nil || len(answer.URLs) == 0 {
		return "", err
	}
	return answer.URLs[0].Refreshed, nil
}

// NameOf is the name that people see on an attachment: Discord stores a plainer
// one where it has other characters than letters, digits and "_.-".
func NameOf(a dg.Attachment) string {
	if a.Title == nil || *a.Title == "" {
		return a.Filename
	}
	if dot := strings.LastIndexByte(a.Filename, '.'); dot >= 0 {
		return *a.Title + a.Filename[dot:]
	}
	return *a.Title
}

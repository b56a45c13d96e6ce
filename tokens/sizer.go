package tokens

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
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Why an image's size can't be had.
var (
	ErrHost    = errors.New("tokens: the image is on a host that is not asked")
	ErrExpired = errors.New("tokens: the link to the image has expired")
)

// SizerOptions bend a Sizer; zero ones work.
type SizerOptions struct {
	// Hosts that may be asked about images, over HTTPS at its usual port;
	// DiscordHosts if there are none.
	Hosts []string
	// Refresh returns a new link for one of Discord's that has expired. Without
	// it the image is left out.
	Refresh func(ctx context.Context, link string) (string, error)
	// Timeout of one image; 10 s if it is 0.
	Timeout time.Duration
	Now     func() time.Time
}

// Sizer finds the sizes of images that come as links, by reading the beginning
// of the file where it lies. It asks only the hosts that it may, at public
// addresses, follows redirects to nowhere else, and reads some 10 kB, at most
// 256, of whatever it gets. It may be used by several goroutines.
type Sizer struct {
	opts   SizerOptions
	client *http.Client
}

// NewSizer returns a Sizer.
func NewSizer(o SizerOptions) *Sizer {
	if len(o.Hosts) == 0 {
		o.Hosts = DiscordHosts
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Sizer{opts: o}
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: publicOnly}
	s.client = &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if !slices.ContainsFunc(o.Hosts, func(h string) bool { return strings.EqualFold(addr, net.JoinHostPort(h, "443")) }) {
					return nil, fmt.Errorf("%w: %s", ErrHost, addr)
				}
				return smallBuffer(dialer.DialContext(ctx, network, addr))
			},
			Proxy:                  nil, // the address that is dialled is the one that was checked
			DisableCompression:     true,
			MaxResponseHeaderBytes: 64 << 10,
			TLSHandshakeTimeout:    5 * time.Second,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        30 * time.Second,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > 3 {
				return errors.New("too many redirects")
			}
			return s.allowed(req.URL)
		},
	}
	return s
}

// smallBuffer keeps the kernel from receiving much that nobody will read.
func smallBuffer(conn net.Conn, err error) (net.Conn, error) {
	if c, ok := conn.(*net.TCPConn); ok {
		err = c.SetReadBuffer(32 << 10)
	}
	return conn, err
}

// publicOnly refuses to connect to addresses that are not for everybody, which
// a name may have been made to resolve to.
func publicOnly(network, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if ip := a.Addr().Unmap(); !ip.IsGlobalUnicast() || ip.IsPrivate() || shared.Contains(ip) {
		return fmt.Errorf("%w: at %s", ErrHost, ip)
	}
	return nil
}

// shared are addresses between providers and customers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// allowed returns ErrHost for a URL that may not be asked.
func (s *Sizer) allowed(u *url.URL) error {
	if u.Scheme != "https" || u.User != nil || !isHost(u.Host, s.opts.Hosts) {
		return fmt.Errorf("%w: %s", ErrHost, u.Host)
	}
	return nil
}

// Size returns an image with its width and height: what it carries, or what
// can be read from its data or its link. One of Discord's links that has
// expired it has refreshed, and returns the image with the new one; the error
// is ErrExpired if it can't, for an image of known size too.
func (s *Sizer) Size(ctx context.Context, img Image) (Image, error) {
	img, err := s.fresh(ctx, img)
	if err != nil {
		return img, err
	}
	if w, h, ok := img.size(); ok {
		img.Width, img.Height = w, h
		return img, nil
	}
	w, h, isData, err := dataURLSize(img.URL)
	if !isData {
		w, h, err = s.read(ctx, img.URL)
	}
	if err != nil {
		return img, err
	}
	img.Width, img.Height = w, h
	return img, nil
}

// fresh has a link refreshed if it is one of Discord's that has expired.
func (s *Sizer) fresh(ctx context.Context, img Image) (Image, error) {
	l, ok := ParseDiscordLink(img.URL)
	if !ok || !l.Expired(s.opts.Now()) {
		return img, nil
	}
	if s.opts.Refresh == nil {
		return img, ErrExpired
	}
	link, err := s.opts.Refresh(ctx, img.URL)
	if err != nil {
		return img, fmt.Errorf("%w, and there is no new one: %w", ErrExpired, err)
	}
	if u, err := url.Parse(link); err != nil || s.allowed(u) != nil {
		return img, fmt.Errorf("%w: the new link leads elsewhere", ErrHost)
	}
	if l, ok := ParseDiscordLink(link); ok && l.Expired(s.opts.Now()) {
		return img, ErrExpired
	}
	img.URL = link
	return img, nil
}

func (s *Sizer) read(ctx context.Context, link string) (w, h int, err error) {
	u, err := url.Parse(link)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", ErrHost, err)
	}
	if err := s.allowed(u); err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	return ImageSize(&ranges{ctx: ctx, client: s.client, url: u.String()})
}

// Fill gives a request's images their sizes. Images whose link has expired for
// good are taken out. It returns the request changed so, leaving req as it is,
// and what it could not find out, in words, an entry an image.
func (s *Sizer) Fill(ctx context.Context, req Request) (Request, []string) {
	var notes []string
	messages := slices.Clone(req.Messages)
	for i := range messages {
		var parts []Part
		for k, p := range messages[i].Parts {
			if p.Image == nil {
				if parts != nil {
					parts = append(parts, p)
				}
				continue
			}
			if parts == nil {
				parts = append(make([]Part, 0, len(messages[i].Parts)), messages[i].Parts[:k]...)
			}
			img, err := s.Size(ctx, *p.Image)
			if err != nil {
				note := fmt.Sprintf("image in message %d: %s", i+1, strings.TrimPrefix(err.Error(), "tokens: "))
				if errors.Is(err, ErrExpired) {
					notes = append(notes, note+"; it is left out")
					continue
				}
				notes = append(notes, note)
			}
			parts = append(parts, Part{Text: p.Text, Image: &img})
		}
		if parts != nil {
			messages[i].Parts = parts
		}
	}
	req.Messages = messages
	return req, notes
}

// ranges reads a file by ranged requests, from its beginning or elsewhere.
type ranges struct {
	ctx    context.Context
	client *http.Client
	url    string

	buf  []byte // what was read last
	at   int64  // where that is in the file
	end  int64  // of the file; 0: not known
	pos  int64  // of Read
	read int    // in total
	asks int
}

const (
	firstRange = 16 << 10
	maxRead    = 256 << 10
	maxAsks    = 6
)

func (r *ranges) Read(p []byte) (int, error) {
	n, err := r.ReadAt(p[:min(len(p), 512)], r.pos)
	r.pos += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// ReadAt reads what is there, and asks for what is not.
func (r *ranges) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at < r.at || at >= r.at+int64(len(r.buf)) {
			if err := r.ask(at); err != nil {
				return n, err
			}
		}
		n += copy(p[n:], r.buf[at-r.at:])
	}
	return n, nil
}

// ask fetches some of the file from an offset on: more each time.
func (r *ranges) ask(off int64) error {
	if off < 0 || r.end > 0 && off >= r.end {
		return io.EOF
	}
	size := min(firstRange<<r.asks, maxRead-r.read)
	if size <= 0 || r.asks == maxAsks {
		return fmt.Errorf("%w: its size is not in the first %d kB", ErrImage, maxRead>>10)
	}
	r.asks++
	req, err := http.NewRequestWithContext(r.ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", off, off+int64(size)-1))
	res, err := r.client.Do(req)
	if err != nil {
		return plainError(err)
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusPartialContent:
		from, end, ok := contentRange(res.Header.Get("Content-Range"))
		if !ok || from != off {
			return errors.New("tokens: the server sent another range")
		}
		r.end = end
	case http.StatusOK: // all of it, of which only the beginning is read
		if off > 0 {
			return fmt.Errorf("%w: the server has no ranges", ErrImage)
		}
	case http.StatusRequestedRangeNotSatisfiable:
		return io.EOF
	case http.StatusNotFound, http.StatusForbidden, http.StatusGone:
		if _, ok := ParseDiscordLink(r.url); ok {
			return ErrExpired
		}
		fallthrough
	default:
		return fmt.Errorf("tokens: the server answered %d", res.StatusCode)
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, int64(size)))
	if err != nil && len(b) == 0 {
		return plainError(err)
	}
	if len(b) == 0 {
		return io.EOF
	}
	r.buf, r.at = b, off
	r.read += len(b)
	return nil
}

// plainError leaves out the URL, which is a secret of its kind.
func plainError(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return fmt.Errorf("tokens: the image can't be read: %w", err)
}

// contentRange reads "bytes 0-99/1234"; end is 0 if it is not told.
func contentRange(s string) (from, end int64, ok bool) {
	s, ok = strings.CutPrefix(s, "bytes ")
	span, total, ok1 := strings.Cut(s, "/")
	first, _, ok2 := strings.Cut(span, "-")
	from, err := strconv.ParseInt(first, 10, 64)
	if !ok || !ok1 || !ok2 || err != nil {
		return 0, 0, false
	}
	end, _ = strconv.ParseInt(total, 10, 64)
	return from, max(end, 0), true
}

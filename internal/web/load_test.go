package web

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/files"
)

// The first page with all that it loads has less than 30 kB, before compression,
// and nothing comes from elsewhere.
func TestFirstPageIsSmall(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	_, page, _ := p.do("GET", "/c/abc", nil)
	total := len(page)
	for _, m := range regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		status, text, _ := p.do("GET", m[1], nil)
		if status != http.StatusOK {
			t.Errorf("%s: %d", m[1], status)
		}
		total += len(text)
	}
	t.Logf("%d bytes", total)
	if total > 30_000 || total < 5_000 {
		t.Errorf("the first page has %d bytes", total)
	}
	if m := regexp.MustCompile(`(?:src|href)="(?:https?:)?//`).FindString(page); m != "" {
		t.Errorf("the page loads %s", m)
	}
}

// 10,000 streams at the same time: as many as there is room for are served, the
// others get a sentence and when to come again, and a page is still answered.
func TestTenThousandStreams(t *testing.T) {
	const all = 10_000
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	at, _ := url.Parse(s.origin)
	cookie := p.http.Jar.Cookies(at)[0]
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var refused atomic.Int64
	var work sync.WaitGroup
	for range all {
		work.Go(func() {
			req := httptest.NewRequestWithContext(ctx, "GET", "/c/abc/events", nil)
			req.Host = at.Host
			req.AddCookie(cookie)
			w := httptest.NewRecorder()
			s.server.Handler.ServeHTTP(flushed{w}, req)
			if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") != "" && strings.Contains(w.Body.String(), "Too many pages are open") {
				refused.Add(1)
			}
		})
	}
	for end := time.Now().Add(time.Minute); refused.Load() < all-maxStreams && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
	}
	if n := refused.Load(); n != all-maxStreams {
		t.Errorf("%d streams are refused", n)
	}
	if status, _, _ := p.do("GET", "/files", nil); status != http.StatusOK {
		t.Errorf("a page beside them: %d", status)
	}
	cancel()
	work.Wait()
	if n := s.streams.open(); n != 0 {
		t.Errorf("%d streams are left", n)
	}
}

// flushed is a recorder whose deadlines are no error.
type flushed struct{ *httptest.ResponseRecorder }

func (flushed) SetWriteDeadline(time.Time) error { return nil }

// Who sends a request byte by byte is cut off, and holds up nobody meanwhile.
func TestSlowLoris(t *testing.T) {
	s := newSite(t, ServerOptions{})
	s.server.ReadHeaderTimeout = 500 * time.Millisecond
	p := s.person()
	p.signIn()
	var slow []net.Conn
	for range 50 {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.origin, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: "); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
	}
	if status, _, _ := p.do("GET", "/files", nil); status != http.StatusOK {
		t.Errorf("a page beside them: %d", status)
	}
	for _, c := range slow {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.ReadAll(c); err != nil {
			t.Fatalf("a slow request is kept: %v", err)
		}
	}
}

// A request for many ranges of a file is no way to get more than the file.
func TestManyRanges(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	f, err := s.files.Save(t.Context(), files.Upload{User: 1, Name: "large.bin", Body: bytes.NewReader(make([]byte, 1<<20))})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ranges string
		status int
	}{
		{"0-0", 206},
		{"0-0,-1", 206},
		{strings.Repeat("0-0,", 15) + "0-0", 206},
		{strings.Repeat("0-0,", 16) + "0-0", 200}, // all of it
		{strings.Repeat("0-,", 1000) + "0-", 200},
		{"0-99999999999999", 206},
		{"9999999-", 416},
	} {
		status, text, _ := p.do("GET", "/files/"+string(f.ID)+"/download", nil, "Range", "bytes="+c.ranges)
		if status != c.status || len(text) > 1<<20+1000 {
			t.Errorf("%.20s: %d, want %d: %d bytes for a file of %d", c.ranges, status, c.status, len(text), 1<<20)
		}
	}
}

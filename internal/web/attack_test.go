package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/files"
)

// person is a program with cookies that follows no redirect.
type person struct {
	t    testing.TB
	site *site
	http *http.Client
}

func (s *site) person() *person {
	jar, _ := cookiejar.New(nil)
	return &person{s.t, s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (p *person) do(method, path string, form url.Values, headers ...string) (int, string, http.Header) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, p.site.origin+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		} else {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := p.http.Do(req)
	return res0(p.t, res, err)
}

func res0(t testing.TB, res *http.Response, err error) (int, string, http.Header) {
	t.Helper()
	text := body(t, res, err)
	return res.StatusCode, text, res.Header
}

func (p *person) signIn() {
	p.t.Helper()
	_, token, _ := strings.Cut(p.site.SignInURL(), "#t=")
	if status, _, _ := p.do("POST", "/in", url.Values{"t": {token}}); status != http.StatusSeeOther {
		p.t.Fatalf("signing in: %d", status)
	}
}

// A token signs in once; a preview of the link, by GET or HEAD, uses nothing up.
func TestTokenSignsInOnce(t *testing.T) {
	s := newSite(t, ServerOptions{})
	_, token, _ := strings.Cut(s.SignInURL(), "#t=")
	for _, method := range []string{"GET", "HEAD"} {
		if status, _, _ := s.person().do(method, "/", nil); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", method, status)
		}
	}
	for i, want := range []int{http.StatusSeeOther, http.StatusForbidden} {
		if status, _, _ := s.person().do("POST", "/in", url.Values{"t": {token}}); status != want {
			t.Errorf("time %d: %d", i+1, status)
		}
	}
	if status, _, _ := s.person().do("POST", "/in", url.Values{"t": {"guess"}}); status != http.StatusForbidden {
		t.Errorf("a guess: %d", status)
	}
}

// A session that somebody planted before the sign-in is not the one after it, and
// one that was signed out is gone, with its streams.
func TestSessions(t *testing.T) {
	s := newSite(t, ServerOptions{})
	s.beat = time.Hour // the sign-out ends the stream, not a look of its own
	p := s.person()
	origin, _ := url.Parse(s.origin)
	name := s.session.Cookie.Name
	p.http.Jar.SetCookies(origin, []*http.Cookie{{Name: name, Value: "planted", Path: "/"}})
	p.signIn()
	cookies := p.http.Jar.Cookies(origin)
	if len(cookies) != 1 || cookies[0].Value == "planted" || !strings.HasSuffix(name, origin.Port()) {
		t.Errorf("cookies %v", cookies)
	}
	// A session that somebody else began, and knows, is not the one that goes on.
	p.signIn()
	if again := p.http.Jar.Cookies(origin); len(again) != 1 || again[0].Value == cookies[0].Value {
		t.Errorf("cookies %v after a second sign-in", again)
	}
	other := s.person()
	other.http.Jar.SetCookies(origin, cookies)
	if status, _, _ := other.do("GET", "/files", nil); status != http.StatusUnauthorized {
		t.Errorf("with the cookie of before the sign-in: %d", status)
	}
	cookies = p.http.Jar.Cookies(origin)
	if status, _, _ := p.do("GET", "/files", nil); status != http.StatusOK {
		t.Errorf("signed in: %d", status)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.do("GET", "/c/abc/events", nil)
	}()
	time.Sleep(200 * time.Millisecond)
	if status, _, _ := p.do("POST", "/out", url.Values{}); status != http.StatusSeeOther {
		t.Errorf("signing out: %d", status)
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("a stream outlived its session")
	}
	p.http.Jar.SetCookies(origin, cookies)
	if status, _, _ := p.do("GET", "/files", nil); status != http.StatusUnauthorized {
		t.Errorf("with the cookie of before: %d", status)
	}
}

// Other sites can't act for somebody who has signed in, and a name that was
// rebound to this machine is not served. Where it is served, a cookie of another
// name signs nobody in.
func TestOtherSites(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	for _, h := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		if status, _, _ := p.do("POST", "/c/abc/ask", url.Values{"q": {"x"}}, h...); status != http.StatusForbidden {
			t.Errorf("%v: %d", h, status)
		}
	}
	for host, want := range map[string]int{"evil.example": 421, "127.0.0.1.nip.io": 421, "localhost": 401, "[::1]:80": 401} {
		if status, _, _ := p.do("GET", "/files", nil, "Host", host); status != want {
			t.Errorf("%s: %d, want %d", host, status, want)
		}
	}
	if len(s.model.Requests()) != 0 {
		t.Error("somebody else's question was asked")
	}
}

// Nobody reaches another's file or conversation, whatever they name.
func TestOthersThings(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	theirs, err := s.files.Save(t.Context(), files.Upload{User: 2, Name: "secret.csv", Body: strings.NewReader("secret")})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "/raw", "/download"} {
		if status, text, _ := p.do("GET", "/files/"+string(theirs.ID)+path, nil); status != http.StatusNotFound || strings.Contains(text, "secret") {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	for range 3 {
		p.do("POST", "/files/"+string(theirs.ID)+"/delete", url.Values{"step": {"2"}})
	}
	if _, err := s.files.Get(t.Context(), 2, theirs.ID); err != nil {
		t.Error("somebody deleted another's file")
	}
	for _, conv := range []string{"../2/abc", "..%2f2%2fabc", "A", strings.Repeat("a", 41), "%00"} {
		if status, _, _ := p.do("GET", "/c/"+conv, nil); status == http.StatusOK {
			t.Errorf("the conversation %q is shown", conv)
		}
	}
	if status, _, _ := p.do("POST", "/c/abc/ask", url.Values{"q": {"x"}, "replaces": {"web/2/abc/x"}}); status != http.StatusBadRequest {
		t.Errorf("another's turn is replaced: %d", status)
	}
	for path, want := range map[string]int{"/static/../templates/chat.html": 404, "/templates/chat.html": 404, "/files/..%2f..%2fetc%2fpasswd": 404} {
		if status, _, _ := p.do("GET", path, nil); status != want && status != http.StatusMovedPermanently && status != http.StatusTemporaryRedirect {
			t.Errorf("%s: %d", path, status)
		}
	}
}

// What people upload never runs as a page of ours.
func TestFilesNeverRun(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	for name, data := range map[string]string{
		"page.html": "<!doctype html><script>alert(1)</script>", "picture.svg": `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`,
		"fake.png": "<script>alert(1)</script>", "a\"; filename=\"x.html": "<script>",
	} {
		f, err := s.files.Save(t.Context(), files.Upload{User: 1, Name: name, Body: strings.NewReader(data)})
		if err != nil {
			t.Fatal(err)
		}
		for _, how := range []string{"/raw", "/download"} {
			status, _, h := p.do("GET", "/files/"+string(f.ID)+how, nil)
			if status != http.StatusOK || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || h.Get("X-Content-Type-Options") != "nosniff" ||
				h.Get("Content-Security-Policy") != "sandbox; default-src 'none'" || h.Get("Content-Type") != "application/octet-stream" {
				t.Errorf("%s %s: %d %v", name, how, status, h)
			}
		}
	}
	f, err := s.files.Save(t.Context(), files.Upload{User: 1, Name: "long.txt", Body: strings.NewReader(strings.Repeat("0123456789", 100))})
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]int{"bytes=0-9": 206, "bytes=990-": 206, "bytes=5000-": 416, "bytes=-5": 206, "bytes=0-0,2-2,4-4": 206, "nonsense": 416} {
		if status, _, _ := p.do("GET", "/files/"+string(f.ID)+"/download", nil, "Range", what); status != want {
			t.Errorf("Range %s: %d, want %d", what, status, want)
		}
	}
}

// More streams than there is room for are refused politely, and the others go on.
func TestStreamsAreBounded(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	for range maxStreams {
		s.streams.enter(1)
	}
	status, text, h := p.do("GET", "/c/abc/events", nil)
	if status != http.StatusTooManyRequests || h.Get("Retry-After") == "" || !strings.Contains(text, "Too many pages are open") {
		t.Errorf("%d %v", status, h)
	}
	// Who has fewer than another one gets a place of theirs, the oldest first, until all
	// have as many.
	s.streams.mu.Lock()
	s.streams.of = map[files.UserID][]chan struct{}{2: s.streams.of[1]}
	oldest, next := s.streams.of[2][0], s.streams.of[2][1]
	s.streams.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", s.origin+"/c/abc/events", nil)
	res, err := p.http.Do(req)
	if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("%v %v", res, err)
	}
	<-oldest
	select {
	case <-next:
		t.Error("two of them ended")
	default:
	}
	for range maxStreams/2 - 1 {
		if _, _, ok := s.streams.enter(1); !ok {
			t.Fatal("a place is refused to who has fewer")
		}
	}
	for _, user := range []files.UserID{1, 2} {
		if _, _, ok := s.streams.enter(user); ok || s.streams.open() != maxStreams {
			t.Errorf("user %d: one more than all may have", user)
		}
	}
	res.Body.Close()
}

func TestStreamJoinsWords(t *testing.T) {
	var ps []patch
	for i := range 5 {
		ps = append(ps, patch{"text", "a", fmt.Sprint(i)})
	}
	ps = append(ps, patch{"text", "b", "<x>"}, patch{"end", "t", ""})
	const want = "id: 15\ndata: {\"op\":\"text\",\"to\":\"a\",\"html\":\"01234\"}\n\n" +
		"id: 16\ndata: {\"op\":\"text\",\"to\":\"b\",\"html\":\"\\u003cx\\u003e\"}\n\nid: 17\ndata: {\"op\":\"end\",\"to\":\"t\",\"html\":\"\"}\n\n"
	if got := stream(ps, 10); got != want {
		t.Errorf("%q", got)
	}
}

package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/files"
)

// Names of other hosts, in whatever way they are written, reach nothing.
func TestForeignHosts(t *testing.T) {
	s := newSite(t, ServerOptions{BaseURL: "https://attache.example/a"})
	p := s.person()
	for _, host := range []string{"evil.example", "attache.example.evil.example", "evil.example:8080", "attache.example@evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
		"0.0.0.0", "[::]", "2130706433", "0x7f000001", "127.1", "192.168.0.1", "attache.example..", "[::ffff:10.0.0.1]", "[fe80::1%25lo]"} {
		status, text, _ := p.raw("GET /a/files HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
		if status == http.StatusOK || status == http.StatusUnauthorized || strings.Contains(text, "Sign in") {
			t.Errorf("%s: %d", host, status)
		}
	}
	// What proxies and attackers add names no other host.
	for _, h := range []string{"X-Forwarded-Host: evil.example", "Forwarded: host=evil.example", "X-Original-URL: /a/usage", "X-HTTP-Method-Override: DELETE"} {
		status, text, header := p.raw("GET /a/files HTTP/1.1\r\nHost: attache.example\r\n" + h + "\r\nConnection: close\r\n\r\n")
		if status != http.StatusUnauthorized || strings.Contains(text+fmt.Sprint(header), "evil.example") {
			t.Errorf("%s: %d", h, status)
		}
	}
}

// raw sends a request as it is written.
func (p *person) raw(request string) (int, string, http.Header) {
	p.t.Helper()
	c, err := net.Dial("tcp", p.site.addr)
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(c, request); err != nil {
		p.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	return res0(p.t, res, err)
}

// first returns what the beginning of a stream has.
func (p *person) first(path string, headers ...string) (int, string) {
	p.t.Helper()
	res := p.stream(path, headers...)
	defer res.Body.Close()
	text := make([]byte, 1000)
	n, _ := io.ReadAtLeast(res.Body, text, len("retry: 300\n\n"))
	return res.StatusCode, string(text[:n])
}

// A cookie beside ours, of a neighbouring name or path, signs nobody in or out and
// fixes nothing; a very long one is refused.
func TestTossedCookies(t *testing.T) {
	s := newSite(t, ServerOptions{})
	mallory, anna := s.person(), s.person()
	mallory.signIn()
	at, _ := url.Parse(s.origin)
	name := s.session.Cookie.Name
	theirs := mallory.http.Jar.Cookies(at)[0].Value
	// Mallory's session, planted before Anna signs in, is not hers afterwards.
	anna.http.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: theirs, Path: "/"}})
	anna.signIn()
	if mallory.in() {
		t.Error("a planted session goes on after the sign-in")
	}
	if !anna.in() {
		t.Error("she is out")
	}
	stranger := s.person()
	mine := anna.http.Jar.Cookies(at)[0].Value
	for _, cookie := range []string{name + "=" + mine + "x", name + "_=" + mine, strings.ToUpper(name) + "=" + mine, name + "=; x=" + mine, name + "=" + strings.Repeat("a", 43), name + "=%00", name + `="../` + mine + `"`} {
		if status, _, _ := stranger.do("GET", "/files", nil, "Cookie", cookie); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", cookie, status)
		}
	}
	req, _ := http.NewRequest("GET", s.origin+"/files", nil)
	req.Header.Set("Cookie", name+"="+strings.Repeat("a", 60<<10))
	// The connection may be closed before all of it is sent.
	if res, err := stranger.http.Do(req); err == nil {
		if res.Body.Close(); res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("a very long cookie: %d", res.StatusCode)
		}
	}
	if !anna.in() {
		t.Error("a page beside it is not served")
	}
}

// Whatever id, name or number a request has, nobody reaches another's things and
// nothing fails on our side.
func TestHostileIDs(t *testing.T) {
	s, d := discordSite(t, nil)
	anna, mallory := d.AddUser("anna"), d.AddUser("mallory")
	f, err := s.files.Save(t.Context(), files.Upload{User: files.UserID(anna.ID), Name: "secret.csv", Body: strings.NewReader("secret\n1\n")})
	if err != nil {
		t.Fatal(err)
	}
	s.talkOf(files.UserID(anna.ID), "abc").add(patch{"text", "x", "secret"})
	p := s.as(mallory)
	id := string(f.ID)
	for _, bad := range []string{id, id + "%00", id + "/", "..%2f" + id, id + "%2f..", strings.ToUpper(id), "%2e%2e%2f%2e%2e", "%ff%fe", "%E2%80%AE" + id, url.PathEscape("🙈"), strings.Repeat("a", 5000), "%0d%0aSet-Cookie:%20x=1", "-1", "0"} {
		for _, rest := range []string{"", "/raw", "/download", "/rows?at=-1&sort=99999999999999999999", "/csv", "/picture", "/page?n=-1", "/page?n=99999999999999999999", "/chart"} {
			status, text, h := p.do("GET", "/files/"+bad+rest, nil)
			if status >= 500 || status == http.StatusOK || strings.Contains(text, "secret") || h.Get("Set-Cookie") == "x=1" {
				t.Errorf("%s%s: %d", bad, rest, status)
			}
		}
		for _, post := range []string{"/files/" + bad + "/delete", "/files/" + bad + "/keep", "/c/" + bad + "/rename", "/c/" + bad + "/t/" + bad + "/retry", "/c/" + bad + "/t/" + bad + "/stop", "/answer/" + bad} {
			if status, _, _ := p.do("POST", post, url.Values{"step": {"2"}, "title": {"x"}}); status >= 500 {
				t.Errorf("%s: %d", post, status)
			}
		}
	}
	if _, err := s.files.Get(t.Context(), files.UserID(anna.ID), f.ID); err != nil {
		t.Error("her file is gone")
	}
	// Her stream's numbers give Mallory nothing of it: the conversation's name has its person.
	for _, last := range []string{"0", "1", "-1", "99999999999999999999", "1; 2"} {
		status, text := p.first("/c/abc/events?after="+url.QueryEscape(last), "Last-Event-ID", last)
		if status != http.StatusOK || strings.Contains(text, "secret") {
			t.Errorf("Last-Event-ID %s: %d %q", last, status, text)
		}
	}
	for _, conv := range []string{"discord-5-52", "discord-..-..", "discord-" + strings.Repeat("1", 300)} {
		if status, text, _ := p.do("GET", "/c/"+conv, nil); status != http.StatusNotFound && !strings.Contains(text, "no such") {
			t.Errorf("%s: %d", conv, status)
		}
	}
}

// Without the headers of a browser, a request with a cookie acts only where nothing
// says that it comes from elsewhere; simple forms of other sites are refused.
func TestFormsOfOtherSites(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	f, err := s.files.Save(t.Context(), files.Upload{User: 1, Name: "a.csv", Body: strings.NewReader("a\n1\n")})
	if err != nil {
		t.Fatal(err)
	}
	posts := []string{"/c/abc/ask", "/c/abc/delete", "/c/abc/rename", "/files/" + string(f.ID) + "/delete", "/files/delete", "/upload", "/uploads", "/tokens", "/tokens/revoke", "/out", "/out/everywhere", "/example?conv=abc", "/in"}
	for _, post := range posts {
		for _, h := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", s.origin + ".evil.example"}, {"Origin", strings.Replace(s.origin, "http:", "https:", 1) + "1"}} {
			if status, _, _ := p.do("POST", post, url.Values{"step": {"2"}, "q": {"x"}, "id": {string(f.ID)}, "name": {"x"}, "t": {"x"}}, h...); status != http.StatusForbidden {
				t.Errorf("%s %v: %d", post, h, status)
			}
		}
	}
	if !p.in() {
		t.Error("another site signed somebody out")
	}
	if tokens, err := s.api.List(t.Context(), 1); err != nil || len(tokens) != 0 {
		t.Errorf("another site made a token: %v", err)
	}
	for _, get := range []string{"/out", "/out/everywhere", "/files/" + string(f.ID) + "/delete", "/c/abc/delete"} {
		if status, _, _ := p.do("GET", get, nil); status != http.StatusMethodNotAllowed && status != http.StatusNotFound {
			t.Errorf("GET %s: %d", get, status)
		}
	}
}

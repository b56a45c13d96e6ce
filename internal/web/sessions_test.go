package web

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/files"
)

// again opens a second server on the same data, as a restart or another machine
// does, and lets a person go on there with the same cookie.
func (p *person) again(o ServerOptions) *person {
	p.t.Helper()
	next := p.site.again(o)
	other := next.person()
	here, _ := url.Parse(p.site.origin)
	there, _ := url.Parse(next.origin)
	for _, c := range p.http.Jar.Cookies(here) {
		c.Name = next.session.Cookie.Name // tests have several ports on one machine
		other.http.Jar.SetCookies(there, []*http.Cookie{c})
	}
	return other
}

func (p *person) in() bool {
	p.t.Helper()
	status, _, _ := p.do("GET", "/files", nil)
	return status == http.StatusOK
}

// out waits until a session that ended on another machine has ended on this one.
func (p *person) out() {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); p.in(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatal("still in on another machine")
		}
	}
}

// Who has signed in stays so over a restart. In the database there is no cookie.
func TestSessionSurvivesARestart(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	at, _ := url.Parse(s.origin)
	all, err := s.notes.Notes(t.Context(), "", 1000)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %v", all, err)
	}
	for _, c := range p.http.Jar.Cookies(at) {
		if len(c.Value) < 40 || strings.Contains(all[0].Name+all[0].Text, c.Value) {
			t.Errorf("the cookie is kept: %v", all[0])
		}
	}
	other := p.again(ServerOptions{})
	if !other.in() {
		t.Error("a restart signed out")
	}
	stranger := other.site.person()
	there, _ := url.Parse(other.site.origin)
	stranger.http.Jar.SetCookies(there, []*http.Cookie{{Name: other.site.session.Cookie.Name, Value: strings.TrimPrefix(all[0].Name, "session/"), Path: "/"}})
	if stranger.in() {
		t.Error("what the database has signs in")
	}
	p.do("POST", "/out", url.Values{})
	if p.in() {
		t.Error("signed out, and in")
	}
	other.out()
	if all, err := s.notes.Notes(t.Context(), "", 1000); err != nil || len(all) != 0 {
		t.Errorf("left: %v %v", all, err)
	}
}

// Sign out everywhere ends all sessions of the person, their streams too, and nobody
// else's.
func TestSignOutEverywhere(t *testing.T) {
	s, d := discordSite(t, nil)
	anna, bert := d.AddUser("anna"), d.AddUser("bert")
	phone, desktop, other := s.as(anna), s.as(anna), s.as(bert)
	elsewhere := phone.again(ServerOptions{Discord: s.opts.Discord})
	if !elsewhere.in() {
		t.Fatal("not in on the other machine")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", s.origin+"/c/abc/events", nil)
	stream, err := phone.http.Do(req)
	if err != nil || stream.StatusCode != 200 {
		t.Fatal(stream, err)
	}
	defer stream.Body.Close()
	if status, _, _ := desktop.do("POST", "/out/everywhere", url.Values{}); status != http.StatusSeeOther {
		t.Errorf("%d", status)
	}
	for lines := bufio.NewScanner(stream.Body); lines.Scan(); {
	}
	if ctx.Err() != nil {
		t.Error("the stream goes on")
	}
	if phone.in() || desktop.in() {
		t.Error("somewhere she is still in")
	}
	elsewhere.out()
	if !other.in() {
		t.Error("another was signed out")
	}
}

// Who may come in no more by the settings, after a restart or while the program runs,
// is out, with streams and tokens of scripts.
func TestSessionOfWhoMayNoMore(t *testing.T) {
	s, d := discordSite(t, nil)
	anna := d.AddUser("anna")
	p := s.as(anna)
	if without := p.again(ServerOptions{}); without.in() {
		t.Error("in, where nobody signs in with Discord any more")
	}
	token, err := s.api.Make(t.Context(), files.UserID(anna.ID), "laptop")
	if err != nil {
		t.Fatal(err)
	}
	script := func() int {
		status, _, _ := s.person().do("GET", "/api/v1/files", nil, "Authorization", "Bearer "+token)
		return status
	}
	if status := script(); status != 200 || !p.in() {
		t.Errorf("before: %d", status)
	}
	s.opts.Discord.Stays = func(user files.UserID) bool { return user != files.UserID(anna.ID) }
	if status := script(); status != 401 || p.in() {
		t.Errorf("blocked, and in: %d", status)
	}
	if local := s.person(); true {
		if local.signIn(); !local.in() {
			t.Error("the person of this machine is out")
		}
	}
}

// A stream whose session ended before it listened does not go on.
func TestStreamOfAnEndedSession(t *testing.T) {
	s := newSite(t, ServerOptions{})
	s.beat = time.Hour
	p := s.person()
	p.signIn()
	at, _ := url.Parse(s.origin)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req := httptest.NewRequestWithContext(ctx, "GET", "/c/abc/events", nil)
	req.Host = at.Host
	for _, c := range p.http.Jar.Cookies(at) {
		req.AddCookie(c)
	}
	s.session.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.do("POST", "/out", url.Values{})
		if err := s.events(&visit{w: flushed{httptest.NewRecorder()}, r: withConv(r), user: 1, lang: nil}); err != nil {
			t.Error(err)
		}
	})).ServeHTTP(httptest.NewRecorder(), req)
	if ctx.Err() != nil {
		t.Error("the stream went on")
	}
}

func withConv(r *http.Request) *http.Request { r.SetPathValue("conv", "abc"); return r }

// A start deletes sessions that have expired.
func TestExpiredSessions(t *testing.T) {
	s := newSite(t, ServerOptions{})
	p := s.person()
	p.signIn()
	all, err := s.notes.Notes(t.Context(), "session/", 10)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %v", all, err)
	}
	hash := strings.TrimPrefix(all[0].Name, "session/")
	data, ok, err := s.opts.Sessions.FindCtx(t.Context(), hash)
	if err != nil || !ok {
		t.Fatal(err)
	}
	if err := s.opts.Sessions.CommitCtx(t.Context(), hash, data, time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	if p.in() {
		t.Error("an expired session is in")
	}
	p.again(ServerOptions{})
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		left, err := s.notes.Notes(t.Context(), "session/", 10)
		if err == nil && len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("left: %v %v", left, err)
		}
	}
}

package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/attachebot/attache/discordtest"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// discordSite is a site where people of an emulated Discord sign in.
func discordSite(t *testing.T, may func(context.Context, files.UserID) error) (*site, *discordtest.Server) {
	d := discordtest.New(t)
	opts := &Discord{ClientID: d.ApplicationID().String(), May: may, AuthorizeURL: d.AuthorizeURL(), TokenURL: d.TokenURL(), MeURL: d.RESTURL() + "/users/@me"}
	s := newSite(t, ServerOptions{Discord: opts})
	opts.ClientSecret = d.AllowSignIn(s.origin + "/in/discord/back")
	return s, d
}

// toDiscord begins a sign-in and returns where the browser is sent.
func (p *person) toDiscord(next string) string {
	p.t.Helper()
	status, _, h := p.do("GET", "/in/discord?next="+url.QueryEscape(next), nil)
	if status != http.StatusSeeOther {
		p.t.Fatalf("to Discord: %d", status)
	}
	return h.Get("Location")
}

// back follows Discord's redirect, as a browser does from another site: without
// the cookie of the session, which is strict.
func (p *person) back(at string) (int, string) {
	p.t.Helper()
	status, text, _ := p.do("GET", strings.TrimPrefix(at, p.site.origin), nil, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate")
	return status, text
}

// People of Discord sign in, see their own files, and sign out.
func TestDiscordSignIn(t *testing.T) {
	s, d := discordSite(t, nil)
	anna, bert := d.AddUser("anna"), d.AddUser("bert")
	f, err := s.files.Save(t.Context(), files.Upload{User: files.UserID(anna.ID), Name: "annas.csv", Body: strings.NewReader("a\n1\n")})
	if err != nil {
		t.Fatal(err)
	}
	p := s.person()
	if status, text, _ := p.do("GET", "/files/"+string(f.ID), nil); status != http.StatusUnauthorized || !strings.Contains(text, "/in/discord?next=%2ffiles%2f"+string(f.ID)) {
		t.Errorf("%d %s", status, text)
	}
	at := p.toDiscord("/files/" + string(f.ID))
	if q, _ := url.Parse(at); q.Query().Get("scope") != "identify" || q.Query().Get("code_challenge_method") != "S256" || len(q.Query().Get("state")) < 20 {
		t.Errorf("sent to %s", at)
	}
	code, err := anna.Authorize(at, true)
	if err != nil {
		t.Fatal(err)
	}
	status, text := p.back(code)
	if status != http.StatusOK || !strings.Contains(text, `url=/files/`+string(f.ID)+`"`) {
		t.Errorf("back: %d %s", status, text)
	}
	if status, text, _ := p.do("GET", "/files/"+string(f.ID), nil); status != http.StatusOK || !strings.Contains(text, "annas.csv") {
		t.Errorf("her file: %d", status)
	}
	other := s.person()
	code, err = bert.Authorize(other.toDiscord("/"), true)
	if err != nil {
		t.Fatal(err)
	}
	other.back(code)
	if status, text, _ := other.do("GET", "/files", nil); status != http.StatusOK || strings.Contains(text, "annas.csv") {
		t.Errorf("another's files: %d", status)
	}
	if status, _, _ := other.do("GET", "/files/"+string(f.ID), nil); status != http.StatusNotFound {
		t.Errorf("another's file: %d", status)
	}
	p.do("POST", "/out", url.Values{})
	if status, _, _ := p.do("GET", "/files", nil); status != http.StatusUnauthorized {
		t.Errorf("signed out: %d", status)
	}
}

// Who was not sent from here, comes twice, is somebody else or may not, stays out.
func TestDiscordSignInAttacks(t *testing.T) {
	refused := fault.New(fault.Denied, "Only members sign in here.")
	var may error
	s, d := discordSite(t, func(context.Context, files.UserID) error { return may })
	anna, mallory := d.AddUser("anna"), d.AddUser("mallory")
	out := func(what string, p *person, at string, want int) {
		t.Helper()
		if status, text := p.back(at); status != want || strings.Contains(text, "Signed in") {
			t.Errorf("%s: %d %s", what, status, text)
		}
		if status, _, _ := p.do("GET", "/files", nil); status != http.StatusUnauthorized {
			t.Errorf("%s: signed in all the same", what)
		}
	}
	agree := func(u *discordtest.User, at string) string {
		t.Helper()
		code, err := u.Authorize(at, true)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}

	// Mallory's answer, sent to Anna's browser: with no sign-in begun, and with one.
	p, m := s.person(), s.person()
	theirs := agree(mallory, m.toDiscord("/"))
	out("somebody else's answer", p, theirs, 403)
	p.toDiscord("/")
	out("somebody else's answer in a sign-in", p, theirs, 403)

	// Another state, another issuer, none.
	for what, bend := range map[string]func(url.Values){
		"another state": func(q url.Values) { q.Set("state", "x") }, "no state": func(q url.Values) { q.Del("state") },
		"another issuer": func(q url.Values) { q.Set("iss", "https://evil.example") }, "another code": func(q url.Values) { q.Set("code", "x") },
		"no code": func(q url.Values) { q.Del("code") },
	} {
		p := s.person()
		at, _ := url.Parse(agree(anna, p.toDiscord("/")))
		q := at.Query()
		bend(q)
		at.RawQuery = q.Encode()
		out(what, p, at.String(), 403)
	}

	// The same answer twice, also by somebody who stole the cookie.
	p = s.person()
	at := agree(anna, p.toDiscord("/"))
	stolen := s.person()
	here, _ := url.Parse(s.origin + "/in/")
	stolen.http.Jar.SetCookies(here, p.http.Jar.Cookies(here))
	if status, _ := p.back(at); status != 200 {
		t.Errorf("her own: %d", status)
	}
	out("a replay", stolen, at, 403)

	// A code of one sign-in in another: PKCE.
	p, m = s.person(), s.person()
	code, _ := url.Parse(agree(mallory, m.toDiscord("/")))
	mine, _ := url.Parse(agree(anna, p.toDiscord("/")))
	q := mine.Query()
	q.Set("code", code.Query().Get("code"))
	mine.RawQuery = q.Encode()
	out("a code of another sign-in", p, mine.String(), 403)

	// Cancel, and who may not.
	p = s.person()
	no, err := anna.Authorize(p.toDiscord("/"), false)
	if err != nil {
		t.Fatal(err)
	}
	out("cancelled", p, no, 403)
	may = refused
	p = s.person()
	out("refused", p, agree(anna, p.toDiscord("/")), 403)
	may = nil

	// A session that was planted before is not the one after.
	p = s.person()
	root, _ := url.Parse(s.origin)
	p.http.Jar.SetCookies(root, []*http.Cookie{{Name: s.session.Cookie.Name, Value: "planted", Path: "/"}})
	p.back(agree(anna, p.toDiscord("/")))
	for _, c := range p.http.Jar.Cookies(root) {
		if c.Name == s.session.Cookie.Name && c.Value == "planted" {
			t.Error("the planted session is signed in")
		}
	}

	// An open redirect.
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "/files/../../x", "javascript:alert(1)", "/files\nx", "/in/discord", "/c/a?x"} {
		p := s.person()
		if status, text := p.back(agree(anna, p.toDiscord(next))); status != 200 || !strings.Contains(text, `url=/"`) {
			t.Errorf("%q: %d %s", next, status, text)
		}
	}
}

// Without Discord's secret, there is no such way in.
func TestNoDiscordSignIn(t *testing.T) {
	s := newSite(t, ServerOptions{})
	status, text, _ := s.person().do("GET", "/in/discord", nil)
	if status != http.StatusUnauthorized || strings.Contains(text, "Discord") {
		t.Errorf("%d %s", status, text)
	}
}

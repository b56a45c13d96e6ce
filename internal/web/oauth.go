package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// Discord lets people of Discord sign in (OAuth2, scope identify). The redirect to
// register on the application's page is the server's address with /in/discord/back.
type Discord struct {
	ClientID, ClientSecret string

	// May tells whether a person may sign in; its error's sentence is shown.
	May func(context.Context, files.UserID) error

	// Stays tells whether a person who has signed in may still come in, by settings
	// that change; it is asked at each request. Nil: they may.
	Stays func(files.UserID) bool

	// Empty: Discord's own.
	AuthorizeURL, TokenURL, MeURL string
}

// Discord's addresses: https://discord.com/.well-known/oauth-authorization-server.
const (
	discordAuthorize = "https://discord.com/oauth2/authorize"
	discordToken     = "https://discord.com/api/oauth2/token"
	discordMe        = "https://discord.com/api/v10/users/@me"
	discordIssuer    = "https://discord.com"
)

// signingIn is somebody who was sent to Discord.
type signingIn struct {
	state, verifier, next string
	until                 time.Time
}

// flows are those who were sent, by the value of their cookie; each returns once.
// It is safe for concurrent use.
type flows struct {
	mu  sync.Mutex
	all map[string]signingIn
}

const (
	flowLife = 10 * time.Minute
	maxFlows = 10_000
)

func (f *flows) add(key string, s signingIn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	for k, one := range f.all {
		if now.After(one.until) || len(f.all) >= maxFlows {
			delete(f.all, k)
		}
	}
	if f.all == nil {
		f.all = map[string]signingIn{}
	}
	f.all[key] = s
}

func (f *flows) take(key string) (signingIn, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.all[key]
	delete(f.all, key)
	return s, ok && time.Now().Before(s.until)
}

func (s *Server) oauthConfig() *oauth2.Config {
	d := s.opts.Discord
	at := oauth2.Endpoint{AuthURL: d.AuthorizeURL, TokenURL: d.TokenURL, AuthStyle: oauth2.AuthStyleInParams}
	if at.AuthURL == "" {
		at.AuthURL, at.TokenURL = discordAuthorize, discordToken
	}
	return &oauth2.Config{ClientID: d.ClientID, ClientSecret: d.ClientSecret, Endpoint: at, RedirectURL: s.origin + s.base + "/in/discord/back", Scopes: []string{"identify"}}
}

// ourPages are those to which a person returns after the sign-in.
var ourPages = regexp.MustCompile(`^/(c/[a-z0-9-]{1,60}|files/[0-9a-z_]{1,80}|files|usage|conversations)$`)

func (s *Server) flowCookie(value string, life time.Duration) *http.Cookie {
	// Lax: Discord leads back here, from another site.
	return &http.Cookie{Name: s.session.Cookie.Name + "_in", Value: value, Path: s.base + "/in/", MaxAge: int(life.Seconds()), HttpOnly: true,
		Secure: s.session.Cookie.Secure, SameSite: http.SameSiteLaxMode}
}

// toDiscord sends somebody to Discord to sign in.
func (s *Server) toDiscord(w http.ResponseWriter, r *http.Request) {
	flow := signingIn{state: rand.Text(), verifier: oauth2.GenerateVerifier(), next: "/", until: time.Now().Add(flowLife)}
	if next := r.FormValue("next"); ourPages.MatchString(next) {
		flow.next = next
	}
	key := rand.Text()
	s.flows.add(key, flow)
	http.SetCookie(w, s.flowCookie(key, flowLife))
	http.Redirect(w, r, s.oauthConfig().AuthCodeURL(flow.state, oauth2.S256ChallengeOption(flow.verifier)), http.StatusSeeOther)
}

// fromDiscord takes somebody who comes back, once.
func (s *Server) fromDiscord(w http.ResponseWriter, r *http.Request) {
	var flow signingIn
	known := false
	if c, err := r.Cookie(s.session.Cookie.Name + "_in"); err == nil {
		flow, known = s.flows.take(c.Value)
	}
	expired := *s.flowCookie("", 0)
	expired.MaxAge = -1
	http.SetCookie(w, &expired)
	q := r.URL.Query()
	if !known || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(flow.state)) != 1 || q.Has("iss") && q.Get("iss") != discordIssuer {
		s.showSignIn(w, r, http.StatusForbidden, s.languageOf(r).T("That sign-in was not begun here, or is too old. Please try again."))
		return
	}
	if q.Has("error") {
		s.showSignIn(w, r, http.StatusForbidden, s.languageOf(r).T("Discord did not sign you in. Please try again."))
		return
	}
	user, code, err := s.discordUser(r.Context(), q.Get("code"), flow.verifier)
	if err == nil && s.opts.Discord.May != nil {
		err = s.opts.Discord.May(r.Context(), user)
	}
	if err != nil {
		s.showSignIn(w, r, fault.KindOf(err).HTTPStatus(), s.a.Explain(err, "signing in with Discord", frontEnd.In(s.languageOf(r))))
		return
	}
	if err := s.enter(r.Context(), user); err != nil {
		http.Error(w, "Sign in again.", http.StatusInternalServerError)
		return
	}
	s.session.Put(r.Context(), "locale", code)
	// The session's cookie is not sent to a page to which another site led; to one
	// that this page leads to, it is.
	l := s.languageOf(r)
	s.render(w, l, "entered", s.frame(l, "", l.T("Signed in"), map[string]any{"In": false, "Next": s.base + flow.next}))
}

// discordUser exchanges a code for who has signed in, and the language that they
// read Discord in. Their token is not kept.
func (s *Server) discordUser(ctx context.Context, code, verifier string) (user files.UserID, language string, err error) {
	const sentence = "Discord did not sign you in. Please try again."
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	c := s.oauthConfig()
	token, err := c.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return 0, "", fault.Wrap(withoutSecrets(err), fault.Denied, sentence)
	}
	me := s.opts.Discord.MeURL
	if me == "" {
		me = discordMe
	}
	res, err := c.Client(ctx, token).Get(me)
	if err != nil {
		return 0, "", fault.Wrap(err, fault.Unavailable, "Discord does not answer right now. Please try again.")
	}
	defer res.Body.Close()
	var who struct {
		ID     string `json:"id"`
		Locale string `json:"locale"`
	}
	if res.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&who) != nil {
		return 0, "", fault.Wrap(fmt.Errorf("asking who signed in: status %d", res.StatusCode), fault.Unavailable, sentence)
	}
	id, err := files.ParseUserID(who.ID)
	if err != nil {
		return 0, "", fault.Wrap(err, fault.Unavailable, sentence)
	}
	return id, who.Locale, nil
}

// withoutSecrets keeps of an answer of the token endpoint what a log may have.
func withoutSecrets(err error) error {
	if refused, ok := err.(*oauth2.RetrieveError); ok {
		return fmt.Errorf("exchanging the code: %s %s", refused.ErrorCode, refused.Response.Status)
	}
	if failed, ok := err.(*url.Error); ok {
		return failed.Err
	}
	return err
}

// nextOf is the page that somebody wanted who has to sign in first.
func (s *Server) nextOf(r *http.Request) string {
	if path := strings.TrimPrefix(r.URL.Path, s.base); r.Method == http.MethodGet && ourPages.MatchString(path) {
		return path
	}
	return ""
}

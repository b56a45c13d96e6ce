package discordtest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// oauth is what the application has for people who sign in elsewhere with Discord: the authorization code grant with
// PKCE, as of https://docs.discord.com/developers/topics/oauth2 and
// https://discord.com/.well-known/oauth-authorization-server.
type oauth struct {
	secret    string
	redirects []string
	codes     map[string]grant // each is used once
	tokens    map[string]grant // of access
}

type grant struct {
	user            *User
	redirect, scope string
	challenge       string // of PKCE, S256; may be empty
	until           time.Time
}

// Discord does not tell how long a code lives; RFC 6749 recommends ten minutes at most.
const codeLife = 10 * time.Minute

// AllowSignIn registers the URLs to which people may return, as on the portal's page OAuth2, and returns the client secret.
func (s *Server) AllowSignIn(redirects ...string) (secret string) {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oauth = &oauth{secret: rand.Text(), redirects: redirects, codes: map[string]grant{}, tokens: map[string]grant{}}
	return s.oauth.secret
}

// AuthorizeURL is the page that asks a person. It is only an address here: [User.Authorize] is the click.
func (s *Server) AuthorizeURL() string { s.init(); return s.apiURL + "/oauth2/authorize" }

// TokenURL is where a code is exchanged for a token.
func (s *Server) TokenURL() string { s.init(); return s.apiURL + "/api/oauth2/token" }

// Authorize is the person's click on "Authorize" (or on "Cancel") on the page at that URL. It returns the URL to which
// Discord leads the browser, or what Discord's page says instead.
func (u *User) Authorize(at string, agree bool) (string, error) {
	s := u.s
	page, err := url.Parse(at)
	if err != nil {
		return "", err
	}
	q := page.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.oauth == nil || q.Get("client_id") != s.bot.ID.String():
		return "", errors.New("page says: Unknown Application")
	case !slices.Contains(s.oauth.redirects, q.Get("redirect_uri")):
		return "", errors.New("page says: Invalid OAuth2 redirect_uri")
	case q.Get("response_type") != "code":
		return "", errors.New("page says: Invalid response_type")
	case q.Get("scope") != "identify":
		return "", errors.New("page says: Invalid scope: discordtest knows identify")
	case q.Has("code_challenge") && q.Get("code_challenge_method") != "S256":
		return "", errors.New("page says: Invalid code_challenge_method")
	}
	back := url.Values{"iss": {"https://discord.com"}}
	if q.Has("state") {
		back.Set("state", q.Get("state"))
	}
	if agree {
		code := rand.Text()
		s.oauth.codes[code] = grant{user: u, redirect: q.Get("redirect_uri"), scope: q.Get("scope"), challenge: q.Get("code_challenge"), until: s.now().Add(codeLife)}
		back.Set("code", code)
	} else {
		back.Set("error", "access_denied")
		back.Set("error_description", "The resource owner or authorization server denied the request")
	}
	return q.Get("redirect_uri") + "?" + back.Encode(), nil
}

// serveToken exchanges a code, once, for a token.
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, why string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": why})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || r.ParseForm() != nil {
		refuse(http.StatusBadRequest, "invalid_request", "The body must be a form.")
		return
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if s.oauth == nil || id != s.bot.ID.String() || secret != s.oauth.secret {
		refuse(http.StatusUnauthorized, "invalid_client", "")
		return
	}
	if r.PostForm.Get("grant_type") != "authorization_code" {
		refuse(http.StatusBadRequest, "unsupported_grant_type", "Grant type None is not supported")
		return
	}
	code := r.PostForm.Get("code")
	g, ok := s.oauth.codes[code]
	delete(s.oauth.codes, code)
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	switch {
	case !ok || s.now().After(g.until):
		refuse(http.StatusBadRequest, "invalid_grant", `Invalid "code" in request.`)
		return
	case r.PostForm.Get("redirect_uri") != g.redirect:
		refuse(http.StatusBadRequest, "invalid_grant", `Invalid "redirect_uri" in request.`)
		return
	case g.challenge != "" && base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge:
		refuse(http.StatusBadRequest, "invalid_grant", `Invalid "code_verifier" in request.`)
		return
	}
	token := rand.Text()
	s.oauth.tokens[token] = g
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 604800, "refresh_token": rand.Text(), "scope": g.scope})
}

// bearer is the person whose token a request has. s.mu is held.
func (s *Server) bearer(r *http.Request) *User {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || s.oauth == nil {
		return nil
	}
	return s.oauth.tokens[token].user
}

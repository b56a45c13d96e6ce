package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/web/sessions"
)

// oneUse keeps hashes of tokens, each of which signs in once.
type oneUse struct {
	mu    sync.Mutex
	until map[[32]byte]time.Time
}

// tokenLife is how long a token can be used.
const tokenLife = 15 * time.Minute

func (o *oneUse) make() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	for sum, end := range o.until {
		if now.After(end) {
			delete(o.until, sum)
		}
	}
	if o.until == nil {
		o.until = map[[32]byte]time.Time{}
	}
	t := rand.Text()
	o.until[sha256.Sum256([]byte(t))] = now.Add(tokenLife)
	return t
}

func (o *oneUse) take(token string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	end, ok := o.until[sum]
	delete(o.until, sum)
	return ok && time.Now().Before(end)
}

// newSessions manages who has signed in.
func (s *Server) newSessions(at net.Addr) *scs.SessionManager {
	m := scs.New()
	s.unused, _ = m.Store.(*memstore.MemStore)
	m.Store, m.HashTokenInStore = s.opts.Sessions, true
	_, port, _ := net.SplitHostPort(at.String())
	m.Cookie.Name = "attache_" + port // cookies know no port: two programs would sign each other out
	m.Cookie.SameSite = http.SameSiteStrictMode
	m.Cookie.Secure = strings.HasPrefix(s.origin, "https://")
	m.Cookie.Path = s.base + "/"
	m.Lifetime = 7 * 24 * time.Hour
	m.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, err error) {
		s.log.Warn("reading a session", "error", err)
		http.Error(w, "Sign in again.", http.StatusInternalServerError)
	}
	return m
}

func (s *Server) userOf(ctx context.Context) files.UserID {
	user, _ := files.ParseUserID(s.session.GetString(ctx, "user"))
	return user
}

// in tells whether a request is of who has signed in, and still may.
func (s *Server) in(ctx context.Context) bool {
	user := s.userOf(ctx)
	return user != 0 && s.stays(user)
}

// stays tells whether somebody who was let in once still may come in by the settings
// of now, which may be others than those of then.
func (s *Server) stays(user files.UserID) bool {
	d := s.opts.Discord
	return user == s.opts.User || d != nil && (d.Stays == nil || d.Stays(user))
}

// stillIn tells whether the session of a request has not ended meanwhile, on another
// machine perhaps. What can't be read has not ended.
func (s *Server) stillIn(ctx context.Context) bool {
	again, err := s.session.Load(s.ctx, s.session.Token(ctx))
	return err != nil || s.in(again)
}

// signedIn lets through who has signed in, and shows the others how to.
func (s *Server) signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.in(r.Context()) {
			next.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "Sign in first.", http.StatusUnauthorized)
			return
		}
		s.showSignIn(w, r, http.StatusUnauthorized, "")
	})
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, status int, problem string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	l := s.languageOf(r)
	s.render(w, l, "signin", s.frame(l, "", l.T("Sign in"), map[string]any{"In": false, "Scripts": []string{"signin.js"}, "Error": problem, "Discord": s.opts.Discord != nil, "Next": s.nextOf(r)}))
}

// signIn takes a token, once.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	if !s.tokens.take(r.FormValue("t")) {
		s.showSignIn(w, r, http.StatusForbidden, s.languageOf(r).T("This code is wrong, used or too old. Start Attaché again for a new one."))
		return
	}
	if err := s.enter(r.Context(), s.opts.User); err != nil {
		http.Error(w, "Sign in again.", http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, s.base+"/", http.StatusSeeOther)
}

// enter begins a session. Whoever knew the cookie of before knows nothing.
func (s *Server) enter(ctx context.Context, user files.UserID) error {
	if err := s.session.RenewToken(ctx); err != nil {
		return err
	}
	s.session.Put(ctx, "user", user.String())
	s.session.Put(ctx, "id", rand.Text())
	return nil
}

// signOut ends the session and its streams.
func (s *Server) signOut(v *visit) error {
	id := s.session.GetString(v.r.Context(), "id")
	if err := s.session.Destroy(v.r.Context()); err != nil {
		return err
	}
	s.mu.Lock()
	s.end(id)
	s.mu.Unlock()
	http.Redirect(v.w, v.r, s.base+"/", http.StatusSeeOther)
	return nil
}

// signOutEverywhere ends all sessions of a person, and their streams. Those on other
// machines end with their next heartbeat.
func (s *Server) signOutEverywhere(v *visit) error {
	ended, err := s.opts.Sessions.End(v.r.Context(), func(one sessions.Session) bool { return one.User == v.user.String() })
	s.endAll(ended)
	if err = errors.Join(err, s.session.Destroy(v.r.Context())); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, s.base+"/", http.StatusSeeOther)
	return nil
}

// sweepSessions deletes those that have expired, now and every hour.
func (s *Server) sweepSessions() {
	each := time.NewTicker(time.Hour)
	defer each.Stop()
	for {
		expired, err := s.opts.Sessions.Sweep(s.ctx)
		if s.endAll(expired); err != nil && s.ctx.Err() == nil {
			s.log.Warn("deleting expired sessions", "error", err)
		}
		select {
		case <-each.C:
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *Server) endAll(ended []sessions.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range ended {
		s.end(one.ID)
	}
}

// signedOut returns what is closed when the session of a request ends.
func (s *Server) signedOut(ctx context.Context) <-chan struct{} {
	return s.ending(s.session.GetString(ctx, "id"))
}

// end ends the streams of a session or a token. s.mu is held.
func (s *Server) end(id string) {
	if c := s.revoked[id]; c != nil {
		close(c)
		delete(s.revoked, id)
	}
}

// ending returns what is closed when a session or a token ends.
func (s *Server) ending(id string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.revoked[id]
	if c == nil {
		c = make(chan struct{})
		s.revoked[id] = c
	}
	return c
}

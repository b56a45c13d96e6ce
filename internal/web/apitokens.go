package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// tokenPage lists the user's tokens, and shows one that was made just now.
func (s *Server) tokenPage(v *visit) error { return s.showTokens(v, "") }

func (s *Server) showTokens(v *visit, fresh string) error {
	type line struct{ Hash, Name, Made, Used string }
	all, err := s.api.List(v.r.Context(), v.user)
	if err != nil {
		return err
	}
	var list []line
	for _, one := range all {
		used := v.T("never used")
		if !one.Used.IsZero() {
			used = v.T("last used %s", one.Used.Format("2006-01-02 15:04 MST"))
		}
		list = append(list, line{one.Hash, one.Name, one.Made.Format("2006-01-02 15:04 MST"), used})
	}
	s.render(v.w, v.lang, "tokens", s.frame(v.lang, "usage", v.T("Tokens for scripts"), map[string]any{"List": list, "Fresh": fresh, "Origin": s.origin + s.base}))
	return nil
}

func (s *Server) makeToken(v *visit) error {
	name := files.SafeName(strings.TrimSpace(v.r.PostFormValue("name")))
	if v.r.PostFormValue("name") == "" {
		return fault.New(fault.Invalid, "Give the token a name, so that you know it later.")
	}
	token, err := s.api.Make(v.r.Context(), v.user, name)
	if err != nil {
		return err
	}
	return s.showTokens(v, token)
}

// revokeToken ends a token, and the answers that are streamed by it.
func (s *Server) revokeToken(v *visit) error {
	hash := v.r.PostFormValue("hash")
	if _, err := s.api.Revoke(v.r.Context(), v.user, hash); err != nil {
		return err
	}
	s.mu.Lock()
	s.end("token " + v.user.String() + " " + hash)
	s.mu.Unlock()
	http.Redirect(v.w, v.r, s.base+"/tokens", http.StatusSeeOther)
	return nil
}

// eachTokenLook is how often a stream looks whether its token is still there: one
// may be revoked by another machine, or by the operator.
const eachTokenLook = 5 * time.Second

// whileValid cancels a stream when its token ends, or its person may not come in any more.
func (s *Server) whileValid(ctx context.Context, user files.UserID, cancel context.CancelFunc) {
	id, _ := ctx.Value(tokenKey{}).(string)
	ended := s.ending(id)
	look := time.NewTicker(eachTokenLook)
	defer look.Stop()
	for {
		select {
		case <-ended:
			cancel()
			return
		case <-ctx.Done():
			return
		case <-look.C:
			if ok, err := s.api.Valid(ctx, id[strings.LastIndexByte(id, ' ')+1:]); err == nil && !ok || !s.stays(user) {
				cancel()
				return
			}
		}
	}
}

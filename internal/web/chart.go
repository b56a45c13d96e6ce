package web

import (
	"context"
	"io"
	"net/http"
	"regexp"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// chartPolicy is the cage of a page that code wrote: it has no origin, reaches
// nothing, and is shown by our own pages alone. That it can't lead its frame to
// another site is the parent's policy: frame-src 'self'.
const chartPolicy = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; " +
	"img-src data: blob:; font-src data:; media-src data: blob:; worker-src blob:; connect-src data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"

// isChart tells whether a file is a page that code made.
func isChart(f files.File) bool { return f.Generated && f.Kind == "html" }

// chartHead is how much of a page is looked at for what it loads.
const chartHead = 64 << 10

var foreignScript = regexp.MustCompile(`(?i)<script[^>]*\ssrc\s*=`)

// draws tells whether a file is a chart that a frame can show: a page that code
// made and that has its scripts in itself, as Plotly's have. From elsewhere none
// are loaded.
func (s *Server) draws(ctx context.Context, f files.File) bool {
	if !isChart(f) {
		return false
	}
	_, body, err := s.a.Files().Open(ctx, f.User, f.ID)
	if err != nil {
		return false
	}
	defer body.Close()
	head, err := io.ReadAll(io.LimitReader(body, chartHead))
	return err == nil && !foreignScript.Match(head)
}

// chart gives a chart to a frame of our pages, and to nothing else: in a tab of its
// own a page could leave for another site with what it knows.
func (s *Server) chart(v *visit) error {
	f, body, err := s.a.Files().Open(v.r.Context(), v.user, files.ID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	defer body.Close()
	if !isChart(f) {
		return fault.New(fault.NotFound, "This file is no interactive chart.")
	}
	if v.r.Header.Get("Sec-Fetch-Dest") != "iframe" {
		return fault.New(fault.Denied, "An interactive chart is shown on the page of its file.")
	}
	h := v.w.Header()
	h.Set("Content-Security-Policy", chartPolicy)
	h.Set("Connection-Allowlist", "()") // WebRTC heeds no policy
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(http.StatusOK)
	_, err = io.Copy(v.w, body)
	return err
}

package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/attachebot/attache/internal/chartspec"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// An interactive chart is a page that code wrote. Where the page has the chart's
// specification, that alone is taken, and libraries of our own draw it: nothing that
// code wrote runs. Any other page that has its scripts in itself runs in a cage.
// Both are shown in a frame that has no origin, reaches nothing, and is shown by our
// own pages alone. That it can't lead its frame to another site is the parent's
// policy: frame-src 'self'.
const (
	cage = "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; " +
		"worker-src blob:; connect-src data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; script-src "
	chartPolicy = cage + "'unsafe-inline' 'unsafe-eval'" // a page that code wrote
	drawPolicy  = cage + "'self'"                        // a specification: neither inline scripts nor eval
)

// runs tells whether the scripts of a file may run in the cage: of a page that code
// made. What a person uploads, or kept, is drawn of its specification or not at all.
func runs(f files.File) bool { return f.Generated && f.Kind == "html" }

// chartHead is how much of a page is looked at for what it loads.
const chartHead = 64 << 10

var (
	foreignScript = regexp.MustCompile(`(?i)<script[^>]*\ssrc\s*=`)
	chartScript   = regexp.MustCompile(`(?i)<script[^>]*\ssrc="https://cdn\.(plot\.ly/plotly|jsdelivr\.net/npm/vega)[^"]*"`)
)

// draws tells whether a file is a chart that a frame can show: a page with a
// specification, or one that code made and that has its scripts in itself. From
// elsewhere none are loaded.
func (s *Server) draws(ctx context.Context, f files.File) bool {
	if f.Kind != "html" {
		return false
	}
	_, body, err := s.a.Files().Open(ctx, f.User, f.ID)
	if err != nil {
		return false
	}
	defer body.Close()
	if !runs(f) {
		_, done, err := s.read(ctx, f.User, body)
		done()
		return err == nil
	}
	head, err := io.ReadAll(io.LimitReader(body, chartHead))
	return err == nil && (!foreignScript.Match(head) || s.opts.Script != nil && chartScript.Match(head))
}

// chart gives a chart to a frame of our pages, and to nothing else: in a tab of its
// own a page could leave for another site with what it knows.
func (s *Server) chart(v *visit) error {
	f, body, err := s.a.Files().Open(v.r.Context(), v.user, files.ID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	defer body.Close()
	none := fault.New(fault.NotFound, "This file is no interactive chart.")
	if f.Kind != "html" {
		return none
	}
	if v.r.Header.Get("Sec-Fetch-Dest") != "iframe" {
		return fault.New(fault.Denied, "An interactive chart is shown on the page of its file.")
	}
	h := v.w.Header()
	h.Set("Connection-Allowlist", "()") // WebRTC heeds no policy
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Type", "text/html; charset=utf-8")
	page, drawErr := s.drawPage(v, body)
	if drawErr == nil {
		h.Set("Content-Security-Policy", drawPolicy)
		h.Set("Connection-Allowlist", "(response-origin)")
		_, err := v.w.Write(page)
		return err
	}
	if !runs(f) {
		if errors.Is(drawErr, chartspec.ErrNone) {
			return none
		}
		return drawErr
	}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return err
	}
	head, err := io.ReadAll(io.LimitReader(body, chartHead))
	if err != nil {
		return err
	}
	if foreignScript.Match(head) {
		if errors.Is(drawErr, chartspec.ErrNone) {
			return fault.New(fault.Invalid, "This chart can't be drawn here. Download it, and open it.")
		}
		return drawErr
	}
	h.Set("Content-Security-Policy", chartPolicy)
	v.w.WriteHeader(http.StatusOK)
	_, err = io.Copy(v.w, io.MultiReader(bytes.NewReader(head), body))
	return err
}

// drawn is a chart that our own libraries draw.
type drawn struct {
	Base, Lang string
	Scripts    []string
	Spec       template.JS // JSON without <, > and &
}

// drawPage makes the page that draws a chart, and has the libraries ready for it.
func (s *Server) drawPage(v *visit, page io.Reader) ([]byte, error) {
	spec, done, err := s.read(v.r.Context(), v.user, page)
	defer done()
	if err != nil {
		return nil, err
	}
	d := &drawn{Base: s.base, Lang: v.lang.Or(locale.English()).Code, Scripts: chartScripts[spec.Library]}
	for _, name := range d.Scripts {
		if _, err := s.scripts.get(v.r.Context(), name, s.opts.Script); err != nil {
			return nil, err
		}
	}
	data, err := json.Marshal(spec) // escapes <, > and & also in what is raw
	if err != nil {
		return nil, err
	}
	d.Spec = template.JS(data)
	return s.rendered(v.lang, "draw", d)
}

const (
	chartMemory  = 96 << 20 // bytes that a chart may take until its page is made
	chartsAtOnce = 2
)

// read finds the specification of a chart in its page, which may have 50 MB. It waits
// for its turn, which the caller ends by done, also after an error.
func (s *Server) read(ctx context.Context, owner files.UserID, page io.Reader) (spec *chartspec.Spec, done func(), err error) {
	if s.opts.Script == nil {
		return nil, func() {}, chartspec.ErrNone
	}
	done, err = s.charts.Wait(ctx, uint64(owner), chartMemory)
	if err != nil {
		return nil, func() {}, err
	}
	spec, err = chartspec.Read(page)
	return spec, done, err
}

// chartScripts are the libraries in the order in which they load.
var chartScripts = map[chartspec.Library][]string{
	chartspec.Plotly: {"plotly"},
	chartspec.Vega:   {"vega", "vega-lite", "vega-embed"},
}

// scriptCache keeps libraries, compressed. It is safe for concurrent use.
type scriptCache struct {
	mu  sync.Mutex
	all map[string][]byte
}

// get returns a library as gzip. Whoever comes while it is fetched waits.
func (c *scriptCache) get(ctx context.Context, name string, fetch func(context.Context, string) ([]byte, error)) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if z := c.all[name]; z != nil {
		return z, nil
	}
	data, err := fetch(ctx, name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err = w.Write(data)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	if c.all == nil {
		c.all = map[string][]byte{}
	}
	c.all[name] = b.Bytes()
	return b.Bytes(), nil
}

// chartLib gives a library to the frame that draws, which has no cookie of ours.
func (s *Server) chartLib(w http.ResponseWriter, r *http.Request) {
	s.scripts.mu.Lock()
	z := s.scripts.all[strings.TrimSuffix(r.PathValue("name"), ".js")]
	s.scripts.mu.Unlock()
	if z == nil { // what a chart needs is there before the chart
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // the frame has no origin
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		_, _ = w.Write(z)
		return
	}
	if plain, err := gzip.NewReader(bytes.NewReader(z)); err == nil {
		_, _ = io.Copy(w, plain)
	}
}

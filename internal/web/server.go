package web

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/attachebot/attache/internal/apitoken"
	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/chat"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
	"github.com/attachebot/attache/internal/memory"
	"github.com/attachebot/attache/internal/web/guard"
	"github.com/attachebot/attache/internal/web/sessions"
)

//go:embed static templates
var assets embed.FS

// frontEnd is what the model and the sentences know of the browser.
var frontEnd = &chat.FrontEnd{
	Name:   "a page in the browser",
	Markup: "Write Markdown: headings, lists, tables, code blocks. HTML, LaTeX and embedded images are not shown.",
	Hints: map[fault.Hint]string{
		fault.FreeSpace:       locale.Key("Delete some under Files, then send it again."),
		fault.OtherModel:      locale.Key("OPENAI_MODEL sets another one."),
		fault.NewConversation: locale.Key("New question starts a new one."),
	},
}

// ServerOptions bend a [Server]. All but Tokens and Sessions may be zero.
type ServerOptions struct {
	Listen  string       // host:port; empty: 127.0.0.1:8080, or any free port where that is taken
	User    files.UserID // who signs in with the address that is printed; 0: 1
	BaseURL string       // what addresses begin with where a proxy stands before, with a path or without
	Dir     string       // of the data: keeps unfinished uploads; empty: they end with the server
	Example func() (name string, data []byte)
	Log     *slog.Logger // nil: none

	Language *locale.Language // of everybody; nil: each in their own

	Tokens   *apitoken.Store // of scripts
	Sessions *sessions.Store // of who has signed in

	Discord *Discord // nil: people of Discord can't sign in

	// Script returns a library that draws charts, by name (plotly, vega, vega-lite,
	// vega-embed); nil: charts are drawn by the scripts of their own pages.
	Script func(ctx context.Context, name string) ([]byte, error)
}

// Server is the front end in the browser. Close it after use.
type Server struct {
	a       *assistant.Assistant
	opts    ServerOptions
	log     *slog.Logger
	base    string // path before all others, without a slash at its end
	addr    string // that is listened at
	origin  string // "http://127.0.0.1:8080"
	host    string // the name that PUBLIC_URL has; may be empty
	server  *http.Server
	session *scs.SessionManager
	unused  *memstore.MemStore // of the session manager: its goroutine ends with the server
	tokens  oneUse
	flows   flows
	api     *apitoken.Store
	done    chan struct{}
	ctx     context.Context // ended by Close: streams end with it
	stop    context.CancelFunc
	work    sync.WaitGroup

	streams  streams
	formTime time.Duration
	beat     time.Duration // how often a stream writes at least, and looks whether its session is still there
	mu       sync.Mutex
	talks    map[string]*talk
	forgot   time.Time // when talks were dropped last
	revoked  map[string]chan struct{}
	uploads  *uploads
	resume   *resuming
	charts   *memory.Queue
	scripts  scriptCache
}

// Bounds of one server. More is refused politely.
const (
	maxStreams = 600 // of events
	maxTalks   = 500 // conversations in memory

	maxForm  = 512 << 10        // bytes of what no file is in
	formTime = 30 * time.Second // in which it comes
)

// OpenServer serves the assistant in the browser. Kind Unavailable: the address
// can't be had.
func OpenServer(a *assistant.Assistant, o ServerOptions) (*Server, error) {
	if o.User == 0 {
		o.User = 1
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	listener, err := listen(o.Listen)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The page can't be served at %s: %v.", o.Listen, err)
	}
	s := &Server{a: a, opts: o, log: o.Log, api: o.Tokens, done: make(chan struct{}), beat: 15 * time.Second, formTime: formTime, talks: map[string]*talk{},
		revoked: map[string]chan struct{}{}, uploads: newUploads(), charts: memory.New(chartsAtOnce*chartMemory, chartsAtOnce)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.addr = reachable(listener.Addr())
	s.locate(s.addr)
	if s.resume, err = s.newResuming(); err != nil {
		s.stop()
		listener.Close()
		return nil, err
	}
	s.session = s.newSessions(listener.Addr())
	s.work.Go(s.sweepSessions)
	bounded := guard.ForPages(listener)
	s.server = &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: log.New(silent{}, "", 0), ConnState: bounded.Active, BaseContext: func(net.Listener) context.Context { return s.ctx },
	}
	go func() {
		defer close(s.done)
		if err := s.server.Serve(bounded); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("serving the page", "error", err)
		}
	}()
	return s, nil
}

func listen(address string) (net.Listener, error) {
	if address != "" {
		return net.Listen("tcp", address)
	}
	l, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	return l, err
}

// locate finds out where the server is reached.
func (s *Server) locate(address string) {
	s.origin = "http://" + address
	if scheme, rest, ok := strings.Cut(strings.TrimSuffix(s.opts.BaseURL, "/"), "://"); ok {
		host, path, _ := strings.Cut(rest, "/")
		s.origin, s.host = scheme+"://"+host, host
		if path != "" {
			s.base = "/" + path
		}
		if h, _, err := net.SplitHostPort(host); err == nil {
			s.host = h
		}
	}
}

// SignInURL is an address that signs in once, within a quarter of an hour. The
// token stands behind the #: it reaches no server, no log and no preview of a link.
func (s *Server) SignInURL() string { return s.origin + s.base + "/#t=" + s.tokens.make() }

// Close ends streams and requests, at the latest when ctx ends.
func (s *Server) Close(ctx context.Context) {
	s.stop()
	if s.server.Shutdown(ctx) != nil {
		s.server.Close()
	}
	<-s.done
	s.work.Wait()
	if s.opts.Dir == "" {
		_ = os.RemoveAll(s.resume.dir)
	}
	if s.unused != nil {
		s.unused.StopCleanup()
	}
}

// contentPolicy is of every page: nothing comes from elsewhere, and nothing
// inline runs.
const contentPolicy = "default-src 'self'; img-src 'self' blob: data:; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// pageRoutes are those of people who have signed in, whose errors become a page.
func (s *Server) pageRoutes() map[string]func(*visit) error {
	return map[string]func(*visit) error{
		"GET /{$}": s.newChat, "GET /c/{conv}": s.showChat, "GET /c/{conv}/events": s.events,
		"POST /c/{conv}/ask": s.ask, "POST /c/{conv}/detach": s.detach, "POST /example": s.example,
		"POST /c/{conv}/t/{turn}/stop": s.stopTurn, "POST /c/{conv}/t/{turn}/retry": s.retryTurn,
		"POST /c/{conv}/rename": s.rename, "POST /c/{conv}/delete": s.forget,
		"POST /answer/{question}": s.answer, "GET /conversations": s.conversations,
		"GET /files": s.fileList, "POST /upload": s.upload, "POST /files/delete": s.deleteFiles, "GET /files/{id}": s.filePage, "GET /files/{id}/chart": s.chart, "GET /files/{id}/raw": s.raw,
		"GET /files/{id}/download": s.download, "POST /files/{id}/delete": s.deleteFile, "POST /files/{id}/keep": s.keepFile,
		"GET /usage": s.usage, "GET /tokens": s.tokenPage, "POST /tokens": s.makeToken, "POST /tokens/revoke": s.revokeToken, "POST /out": s.signOut, "POST /out/everywhere": s.signOutEverywhere,
	}
}

// scriptRoutes are theirs too, whose errors become a sentence for a script of a page.
func (s *Server) scriptRoutes() map[string]func(*visit) error {
	return map[string]func(*visit) error{
		"GET /files/{id}/rows": s.fileRows, "GET /files/{id}/picture": s.picture, "GET /files/{id}/page": s.documentPage, "GET /files/{id}/csv": s.fileCSV,
		"GET /c/{conv}/t/{turn}/table/{table}/rows": s.answerRows, "GET /c/{conv}/t/{turn}/table/{table}/csv": s.answerCSV,
		"POST /uploads": s.piece(s.resume.tus.PostFile), "HEAD /uploads/{upload}": s.piece(s.resume.tus.HeadFile),
		"PATCH /uploads/{upload}": s.piece(s.resume.tus.PatchFile), "DELETE /uploads/{upload}": s.piece(s.resume.tus.DelFile),
	}
}

// handler has all routes, behind what protects them.
func (s *Server) handler() http.Handler {
	in := http.NewServeMux() // for who has signed in
	for pattern, h := range s.pageRoutes() {
		in.HandleFunc(pattern, s.page(h))
	}
	for pattern, h := range s.scriptRoutes() {
		in.HandleFunc(pattern, s.script(h))
	}
	all := http.NewServeMux()
	all.Handle("GET /static/", cached(http.FileServerFS(assets)))
	all.HandleFunc("GET /chartlib/{name}", s.chartLib)
	all.HandleFunc("POST /in", s.signIn)
	if s.opts.Discord != nil {
		all.HandleFunc("GET /in/discord", s.toDiscord)
		all.HandleFunc("GET /in/discord/back", s.fromDiscord)
	}
	all.Handle("/api/", s.apiHandler())
	all.Handle("/", s.signedIn(in))
	csrf := http.NewCrossOriginProtection()
	if err := csrf.AddTrustedOrigin(s.origin); err != nil {
		s.log.Warn("trusting the public address", "error", err)
	}
	h := csrf.Handler(s.session.LoadAndSave(all))
	if s.base != "" {
		h = http.StripPrefix(s.base, h)
	}
	return s.guard(h)
}

// guard refuses foreign names (a rebound name of somebody's), and sets what every
// answer has.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !s.mine(r.Host) {
			http.Error(w, "This address is not served here. PUBLIC_URL names the one that is.", http.StatusMisdirectedRequest)
			return
		}
		if r.ContentLength != 0 {
			rc := http.NewResponseController(w)
			defer func() { _ = rc.SetReadDeadline(time.Now().Add(5 * time.Second)) }() // net/http reads what is left
			if !s.takesFiles(r) {
				r.Body = http.MaxBytesReader(w, &timedBody{r.Body, rc, time.Now().Add(s.formTime)}, maxForm)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// takesFiles tells whether what a request has may be large: its handler bounds it.
func (s *Server) takesFiles(r *http.Request) bool {
	path := strings.TrimPrefix(r.URL.Path, s.base)
	return (r.Method == http.MethodPost || r.Method == http.MethodPatch) && (path == "/upload" || path == "/api/v1/files" || path == "/uploads" || strings.HasPrefix(path, "/uploads/"))
}

// timedBody is what has to come until a time. The answer may take longer.
type timedBody struct {
	io.ReadCloser
	rc  *http.ResponseController
	end time.Time
}

func (b *timedBody) Read(p []byte) (int, error) {
	_ = b.rc.SetReadDeadline(b.end)
	n, err := b.ReadCloser.Read(p)
	_ = b.rc.SetReadDeadline(time.Time{})
	return n, err
}

func (s *Server) mine(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(strings.ToLower(host), "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || host == s.host && host != "" || ip != nil && (ip.IsLoopback() || s.listensTo(ip))
}

// listensTo tells whether the server was told to listen at an address.
func (s *Server) listensTo(ip net.IP) bool {
	host, _, err := net.SplitHostPort(s.opts.Listen)
	at := net.ParseIP(host)
	return err == nil && at != nil && at.Equal(ip)
}

func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // frames of charts have no origin
		next.ServeHTTP(w, r)
	})
}

// visit is one request of somebody who has signed in.
type visit struct {
	w    http.ResponseWriter
	r    *http.Request
	user files.UserID
	lang *locale.Language // of who looks
}

// page makes a handler of a function whose error becomes a page.
func (s *Server) page(h func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &visit{w, r, s.userOf(r.Context()), s.languageOf(r)}
		err := h(v)
		if err == nil || r.Context().Err() != nil {
			return
		}
		sentence := s.a.Explain(err, "answering the browser", v.frontEnd())
		if r.Header.Get("Accept") == "text/plain" { // a script asks
			http.Error(w, sentence, fault.KindOf(err).HTTPStatus())
			return
		}
		w.WriteHeader(fault.KindOf(err).HTTPStatus())
		s.render(w, v.lang, "error", s.frame(v.lang, "", v.T("That did not work"), map[string]any{"Error": sentence}))
	}
}

// frame is what the layout of a page needs, with what the page has of its own.
func (s *Server) frame(l *locale.Language, here, title string, more map[string]any) map[string]any {
	f := map[string]any{"Lang": l.Code, "Base": s.base, "Title": title, "Here": here, "In": true, "Scripts": []string(nil), "Conv": "", "After": 0}
	for k, v := range more {
		f[k] = v
	}
	f["Texts"] = textsOf(l, f["Scripts"].([]string))
	return f
}

func (s *Server) render(w http.ResponseWriter, l *locale.Language, name string, data any) {
	page, err := s.rendered(l, name, data)
	if err != nil {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page)
}

func (s *Server) rendered(l *locale.Language, name string, data any) ([]byte, error) {
	var b bytes.Buffer
	err := templatesIn(l).ExecuteTemplate(&b, name, data)
	if err != nil {
		s.log.Error("rendering a page", "page", name, "error", err)
	}
	return b.Bytes(), err
}

// fragment renders a piece of a page.
func fragment(l *locale.Language, name string, data any) string {
	var b bytes.Buffer
	if err := templatesIn(l).ExecuteTemplate(&b, name, data); err != nil {
		return ""
	}
	return b.String()
}

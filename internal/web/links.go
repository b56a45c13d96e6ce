// Package web serves files of users at signed links that expire, and nothing
// else: for tools on other machines, and for files that are too large for
// Discord.
package web

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/web/guard"
)

// Options bend [Links]. The zero value works.
type Options struct {
	Listen  string           // host:port; empty: 127.0.0.1 and any free port
	BaseURL string           // what links begin with, where a proxy stands before; empty: http:// and the address
	Log     *slog.Logger     // nil: none
	Now     func() time.Time // nil: time.Now

	// Agree returns the key of all who honour each other's links, which is this
	// folder's if there is none yet; nil: the folder's alone.
	Agree func(own []byte) ([]byte, error)
}

// Links makes and serves links to files. A link names its file and its end and
// is signed with a key of the data folder; whoever has it gets the file, as
// long as its user has it. It is safe for concurrent use.
type Links struct {
	files  *files.Service
	signer *signer
	base   string
	now    func() time.Time
	guard  *guard.Listener
	server *http.Server
	done   chan struct{}
}

// Open serves links with the key in folder dir, which it makes if there is
// none. Errors of kind Unavailable: the key or the address can't be had.
func Open(dir string, fs *files.Service, o Options) (*Links, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	signer, err := loadKey(filepath.Join(dir, "link.key"))
	if err != nil {
		return nil, err
	}
	if o.Agree != nil {
		if signer.key, err = o.Agree(signer.key); err != nil {
			return nil, err
		}
	}
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "File links can't be served: LISTEN is %s, and that is not possible: %v.", o.Listen, err)
	}
	l := &Links{files: fs, signer: signer, base: strings.TrimRight(o.BaseURL, "/"), now: o.Now, done: make(chan struct{}),
		guard: guard.ForLinks(listener, o.BaseURL != "")}
	if l.base == "" {
		l.base = "http://" + reachable(listener.Addr())
	}
	l.server = &http.Server{
		Handler:        l,
		ReadTimeout:    guard.HeaderTime, // nothing that is served has a body
		IdleTimeout:    guard.IdleTime,
		ConnContext:    guard.WithConn,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       log.New(silent{}, "", 0), // what strangers send is no news, and may hold links
	}
	go func() {
		defer close(l.done)
		if err := l.server.Serve(l.guard); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("file links are not served any more", "error", err)
		}
	}()
	return l, nil
}

type silent struct{}

func (silent) Write(b []byte) (int, error) { return len(b), nil }

// reachable returns the address as a program on this machine can use it.
func reachable(addr net.Addr) string {
	host, port, _ := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Addr returns the address that is listened at.
func (l *Links) Addr() string { return l.guard.Addr().String() }

// Link returns a URL that serves a user's file for the time given. It makes no
// check: a link to what the user does not have leads nowhere.
func (l *Links) Link(user files.UserID, id files.ID, life time.Duration) string {
	link := l.base + prefix + l.signer.token(user, id, l.now().Add(life))
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if f, err := l.files.Get(ctx, user, id); err == nil {
		// The name is for people, and for programs that look at its end.
		link += "/" + url.PathEscape(f.Name)
	}
	return link
}

// Close ends serving; transfers under way get a few seconds. Twice is once.
func (l *Links) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if l.server.Shutdown(ctx) != nil {
		l.server.Close()
	}
	<-l.done
	return nil
}

const prefix = "/f/"

// ServeHTTP answers GET and HEAD of links, and everything else with "not found".
func (l *Links) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	// A file is hostile: it must be neither guessed at, nor shown, nor kept.
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "private, no-store")
	token, found := strings.CutPrefix(r.URL.EscapedPath(), prefix)
	token, name, _ := strings.Cut(token, "/")
	user, id, valid := l.signer.check(token, l.now())
	if !found || !valid || strings.Contains(name, "/") {
		notFound(w)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
		return
	}
	defer l.guard.Begin(r, token)()
	f, body, err := l.files.Download(r.Context(), user, id)
	switch {
	case fault.Is(err, fault.NotFound):
		notFound(w)
		return
	case err != nil:
		http.Error(w, fault.Message(err), fault.KindOf(err).HTTPStatus())
		return
	}
	defer body.Close()
	h.Set("Content-Type", "application/octet-stream")
	if f.MIME != "" {
		h.Set("Content-Type", f.MIME)
	}
	h.Set("Content-Disposition", attachment(f.Name))
	if f.SHA256 != "" {
		h.Set("ETag", `"`+f.SHA256+`"`)
	}
	serveContent(w, r, f, body)
}

// maxRanges is how many parts of a file one request may ask for; readers of
// video and PDF ask for one, and downloads that go on for a few.
const maxRanges = 16

// serveContent gives a file, or the parts of it that the request asks for. Each
// part costs a seek and a head of its own, so with too many all of it is given.
func serveContent(w http.ResponseWriter, r *http.Request, f files.File, body io.ReadSeeker) {
	if strings.Count(r.Header.Get("Range"), ",") >= maxRanges {
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	}
	http.ServeContent(inPieces{w}, r, "", f.UploadedAt, body)
}

// inPieces copies in larger pieces than net/http does: a large file takes fewer
// calls of the system.
type inPieces struct{ http.ResponseWriter }

var pieces = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// ReadFrom implements io.ReaderFrom.
func (w inPieces) ReadFrom(r io.Reader) (int64, error) {
	piece := pieces.Get().(*[]byte)
	defer pieces.Put(piece)
	return io.CopyBuffer(struct{ io.Writer }{w.ResponseWriter}, r, *piece)
}

// Unwrap is for http.ResponseController.
func (w inPieces) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// attachment says that a file is to be saved under its name and not shown.
func attachment(name string) string {
	if s := mime.FormatMediaType("attachment", map[string]string{"filename": files.SafeName(name)}); s != "" {
		return s
	}
	return "attachment"
}

func notFound(w http.ResponseWriter) {
	http.Error(w, "File not found or expired", http.StatusNotFound)
}

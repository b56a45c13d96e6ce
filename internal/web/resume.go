package web

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tus/tusd/v2/pkg/filestore"
	tus "github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"golang.org/x/exp/slog"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// resuming takes files in pieces (tus 1.0), so that an upload goes on where it was after the
// connection was lost, the page was loaded anew or the server was started again, and
// a proxy has to let pass one piece at a time. What has come lies in a folder; whole
// files become the user's, and what nobody goes on with is removed.
type resuming struct {
	dir string
	tus *tus.UnroutedHandler

	mu   sync.Mutex
	done map[string]doneUpload
}

// doneUpload is one whose last answer may have been lost: who asks is told.
type doneUpload struct {
	size int64
	at   time.Time
}

const (
	unfinishedLife = 24 * time.Hour
	maxUnfinished  = 8 // of one user
	saveTime       = 10 * time.Minute
)

// uploadID is how uploads are named: as their files are.
var uploadID = regexp.MustCompile(`^[0-9]+_[0-9a-z]{20,40}$`)

type visitKey struct{}

func (s *Server) newResuming() (*resuming, error) {
	dir := filepath.Join(s.opts.Dir, "uploads")
	err := os.MkdirAll(dir, 0o700)
	if s.opts.Dir == "" {
		dir, err = os.MkdirTemp("", "attache-uploads-")
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The page can't be served: its folder for uploads can't be made: %v.", err)
	}
	u := &resuming{dir: dir, done: map[string]doneUpload{}}
	store := filestore.New(dir)
	store.DirModePerm, store.FileModePerm = 0o700, 0o600
	parts := tus.NewStoreComposer()
	parts.UseCore(store)
	parts.UseTerminater(store)
	memorylocker.New().UseIn(parts)
	u.tus, err = tus.NewUnroutedHandler(tus.Config{
		StoreComposer: parts, BasePath: s.origin + s.base + "/uploads/", Cors: &tus.CorsConfig{Disable: true},
		Logger:                    slog.New(slog.NewTextHandler(io.Discard, nil)),
		PreUploadCreateCallback:   s.uploadBegins,
		PreFinishResponseCallback: s.uploadEnds,
		// What came before the connection was lost is written within this time.
		GracefulRequestCompletionTimeout: 500 * time.Millisecond,
	})
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "")
	}
	s.work.Go(func() {
		each := time.NewTicker(time.Hour)
		defer each.Stop()
		for {
			u.forget(time.Now().Add(-unfinishedLife))
			select {
			case <-each.C:
			case <-s.ctx.Done():
				return
			}
		}
	})
	return u, nil
}

// piece makes a handler of one of tus's: of the user's own uploads.
func (s *Server) piece(h http.HandlerFunc) func(*visit) error {
	return func(v *visit) error {
		id := v.r.PathValue("upload")
		if id != "" && (!uploadID.MatchString(id) || !strings.HasPrefix(id, v.user.String()+"_")) {
			return fault.New(fault.NotFound, "That upload is not known here. Please begin it again.")
		}
		if v.r.Method == http.MethodHead {
			s.resume.mu.Lock()
			d, ok := s.resume.done[id]
			s.resume.mu.Unlock()
			if ok {
				size := strconv.FormatInt(d.size, 10)
				v.w.Header().Set("Tus-Resumable", "1.0.0")
				v.w.Header().Set("Upload-Offset", size)
				v.w.Header().Set("Upload-Length", size)
				return nil
			}
		} else {
			end, err := s.uploads.begin(v)
			if err != nil {
				return err
			}
			defer end()
		}
		ctx := context.WithValue(v.r.Context(), visitKey{}, v)
		http.StripPrefix("/uploads", s.resume.tus.Middleware(h)).ServeHTTP(v.w, v.r.WithContext(ctx))
		return nil
	}
}

// refusal is an error as tus sends it: with the sentence alone.
func (s *Server) refusal(v *visit, err error) error {
	return tus.Error{ErrorCode: fault.KindOf(err).String(), HTTPResponse: tus.HTTPResponse{StatusCode: fault.KindOf(err).HTTPStatus(),
		Body: s.a.Explain(err, "saving an upload", v.frontEnd()), Header: tus.HTTPHeader{"Content-Type": "text/plain; charset=utf-8"}}}
}

// uploadBegins refuses what can't be saved before it is sent.
func (s *Server) uploadBegins(h tus.HookEvent) (res tus.HTTPResponse, change tus.FileInfoChanges, err error) {
	v := h.Context.Value(visitKey{}).(*visit)
	name := files.SafeName(h.Upload.MetaData["filename"])
	switch most := s.a.Files().MaxUpload(); {
	case h.Upload.SizeIsDeferred:
		err = fault.New(fault.Invalid, "That is not an upload.")
	case h.Upload.Size > most:
		err = fault.New(fault.TooLarge, "%s is too large: a file may have at most %s.", name, files.Size(most))
	case !s.resume.room(v.user):
		err = errUploads
	}
	if err != nil {
		return res, change, s.refusal(v, err)
	}
	change.ID = v.user.String() + "_" + strings.ToLower(rand.Text())
	change.MetaData = tus.MetaData{"filename": name}
	if conv := h.Upload.MetaData["conversation"]; convName.MatchString(conv) {
		change.MetaData["conversation"] = conv
	}
	return res, change, nil
}

// uploadEnds makes a whole upload a file of the user's. That goes on when nobody
// waits for the answer any more.
func (s *Server) uploadEnds(h tus.HookEvent) (res tus.HTTPResponse, err error) {
	v := h.Context.Value(visitKey{}).(*visit)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), saveTime)
	defer cancel()
	path := filepath.Join(s.resume.dir, h.Upload.ID)
	one := s.a.Save(ctx, v.user, []assistant.Upload{{Key: "upload " + h.Upload.ID, Name: h.Upload.MetaData["filename"], Size: h.Upload.Size,
		Open: func(context.Context) (io.ReadCloser, error) { return os.Open(path) }}})[0]
	s.resume.remove(h.Upload.ID)
	if one.Err != nil {
		return res, s.refusal(v, one.Err)
	}
	if conv := h.Upload.MetaData["conversation"]; conv != "" {
		s.await(v, conv, one.Saved.File)
	}
	s.resume.mu.Lock()
	defer s.resume.mu.Unlock()
	s.resume.done[h.Upload.ID] = doneUpload{h.Upload.Size, time.Now()}
	return res, nil
}

func (u *resuming) remove(id string) {
	_ = os.Remove(filepath.Join(u.dir, id))
	_ = os.Remove(filepath.Join(u.dir, id+".info"))
}

// room tells whether a user may begin an upload. The oldest of too many makes room,
// unless it is going on.
func (u *resuming) room(user files.UserID) bool {
	oldest, at, n := "", time.Now().Add(-10*time.Minute), 0
	u.each(func(id string, touched time.Time) {
		if !strings.HasPrefix(id, user.String()+"_") {
			return
		}
		n++
		if touched.Before(at) {
			oldest, at = id, touched
		}
	})
	if n >= maxUnfinished && oldest != "" {
		u.remove(oldest)
		n--
	}
	return n < maxUnfinished
}

// each calls f for each unfinished upload with when something came of it.
func (u *resuming) each(f func(id string, touched time.Time)) {
	entries, _ := os.ReadDir(u.dir) // a folder that can't be read refuses the upload itself
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), ".info"); ok {
			if st, err := os.Stat(filepath.Join(u.dir, id)); err == nil {
				f(id, st.ModTime())
			}
		}
	}
}

// forget removes what nobody has gone on with since a time.
func (u *resuming) forget(since time.Time) {
	u.each(func(id string, touched time.Time) {
		if touched.Before(since) {
			u.remove(id)
		}
	})
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, d := range u.done {
		if time.Since(d.at) > time.Hour {
			delete(u.done, id)
		}
	}
}

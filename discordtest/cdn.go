package discordtest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// linkLife is how long a link to an attachment works.
const linkLife = 24 * time.Hour

// link is a fresh signed link to an attachment, in the form of Discord's CDN:
// /attachments/{channel}/{attachment}/{name}?ex={hex seconds}&is={hex seconds}&hm={signature}&
func (s *Server) link(channel ID, a Attachment) string {
	path := fmt.Sprintf("/attachments/%d/%d/%s", channel, a.ID, a.Filename)
	if a.Ephemeral {
		path = fmt.Sprintf("/ephemeral-attachments/%d/%d/%s", s.bot.ID, a.ID, a.Filename)
	}
	return s.cdnURL + s.sign(path)
}

func (s *Server) sign(path string) string {
	issued := s.now()
	ex, is := fmt.Sprintf("%x", issued.Add(linkLife).Unix()), fmt.Sprintf("%x", issued.Unix())
	return fmt.Sprintf("%s?ex=%s&is=%s&hm=%s&", path, ex, is, s.signature(path, ex, is))
}

func (s *Server) signature(path, ex, is string) string {
	mac := hmac.New(sha256.New, s.secret[:])
	fmt.Fprintf(mac, "%s %s %s", path, ex, is)
	return hex.EncodeToString(mac.Sum(nil))
}

// resign makes a fresh link of an old one, expired or not.
func (s *Server) resign(link string) (string, bool) {
	u, err := url.Parse(link)
	if err != nil || !strings.HasPrefix(link, s.cdnURL+"/") || s.objects[attachmentOf(u.Path)] == nil {
		return "", false
	}
	return s.cdnURL + s.sign(u.Path), true
}

// attachmentOf is the attachment id in a link's path, or 0.
func attachmentOf(path string) ID {
	parts := strings.Split(path, "/")
	if len(parts) != 5 || parts[1] != "attachments" && parts[1] != "ephemeral-attachments" {
		return 0
	}
	return parseID(parts[3])
}

// Vanish removes a file from the CDN, as when its message was deleted: its links answer 404 from now on.
func (s *Server) Vanish(a Attachment) {
	s.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.objects[a.ID]; o != nil {
		o.gone = true
	}
}

func (s *Server) serveCDN(w http.ResponseWriter, r *http.Request) {
	q := &Request{Time: s.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Route: "CDN", UserAgent: r.UserAgent()}
	began := time.Now()
	s.began()
	defer s.ended(q)
	out := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	defer func() { q.Status, q.Bytes, q.Took = out.status, out.n, time.Since(began) }()

	s.mu.Lock()
	fault := s.faultFor("CDN "+r.URL.Path, q)
	o := s.objects[attachmentOf(r.URL.Path)]
	valid := o != nil && !o.gone && s.validLink(r.URL)
	s.mu.Unlock()

	if fault == nil {
		fault = &Fault{}
	}
	if fault.Drop && !fault.AfterHandling {
		panic(http.ErrAbortHandler)
	}
	switch {
	case fault.Status != 0:
		s.sleep(fault.Delay)
		http.Error(out, http.StatusText(fault.Status), fault.Status)
		return
	case !valid:
		s.sleep(fault.Delay)
		http.Error(out, "This content is no longer available.", http.StatusNotFound)
		return
	}
	content := o.open()
	if content == nil {
		s.violate("CDN", "%s was not kept; raise Server.KeepBytes", r.URL.Path)
		http.Error(out, "not kept", http.StatusInternalServerError)
		return
	}
	out.fault, out.left, out.s = fault, o.size/2, s
	w.Header().Set("Content-Type", orDefault(o.contentType, "application/octet-stream"))
	w.Header().Set("Content-Disposition", "attachment")
	w.Header().Set("ETag", strconv.Quote(orDefault(o.sha256, "sparse")))
	http.ServeContent(out, r, "", time.Time{}, content)
}

func (s *Server) validLink(u *url.URL) bool {
	q := u.Query()
	ex, err := strconv.ParseInt(q.Get("ex"), 16, 64)
	return err == nil && s.now().Unix() < ex && hmac.Equal([]byte(q.Get("hm")), []byte(s.signature(u.Path, q.Get("ex"), q.Get("is"))))
}

// statusWriter notes what was answered, and makes it slow or breaks it off halfway.
type statusWriter struct {
	http.ResponseWriter
	s      *Server
	fault  *Fault
	status int
	n      int64
	left   int64 // until the middle
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.fault != nil && w.left >= 0 {
		if int64(len(p)) > w.left {
			switch half := p[:w.left]; {
			case w.fault.Drop:
				w.ResponseWriter.Write(half)
				http.NewResponseController(w.ResponseWriter).Flush()
				panic(http.ErrAbortHandler)
			case w.fault.Delay > 0:
				w.ResponseWriter.Write(half)
				http.NewResponseController(w.ResponseWriter).Flush()
				w.s.sleep(w.fault.Delay)
				n, err := w.ResponseWriter.Write(p[len(half):])
				w.left, w.n = -1, w.n+int64(len(half)+n)
				return len(half) + n, err
			}
		}
		w.left -= int64(len(p))
	}
	n, err := w.ResponseWriter.Write(p)
	w.n += int64(n)
	return n, err
}

// open returns the bytes, or nil when they were not kept.
func (o *object) open() io.ReadSeeker {
	switch {
	case o.sparse:
		return io.NewSectionReader(zeros{}, 0, o.size)
	case o.data == nil:
		return nil
	}
	return bytes.NewReader(o.data)
}

// zeros is endless.
type zeros struct{}

func (zeros) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	clear(p)
	return len(p), nil
}

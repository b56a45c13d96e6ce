package web

import (
	"bytes"
	"html/template"
	"io"
	"slices"
	"strconv"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/web/markdown"
	"github.com/attachebot/attache/internal/web/notebook"
)

// look is what a page shows of a file's content: one of these, or nothing.
type look struct {
	Picture      string // address
	Audio, Video string
	Chart        string // address for a frame
	Pages        string // address of the page's first picture of a document
	Table        *shownTable
	Notebook     []shownCell
	Text         string
	More         bool // Text is the beginning only
}

// shownCell is a cell of a notebook with its Markdown as HTML.
type shownCell struct {
	notebook.Cell
	Text template.HTML
}

// pictures are what a browser shows of itself and that can hold no script.
var pictures = []string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"}

// inline tells whether a file may be shown as a picture of the page.
func inline(f files.File) bool { return slices.Contains(pictures, f.MIME) }

// media are the types that browsers play, as they are to be sent.
var media = map[string]string{
	"audio/mpeg": "audio/mpeg", "audio/wav": "audio/wav", "audio/x-wav": "audio/wav", "audio/flac": "audio/flac", "audio/aac": "audio/aac",
	"audio/x-m4a": "audio/mp4", "audio/mp4": "audio/mp4", "application/ogg": "audio/ogg", "audio/ogg": "audio/ogg",
	"video/mp4": "video/mp4", "video/x-m4v": "video/mp4", "video/quicktime": "video/mp4", "video/webm": "video/webm", "video/ogg": "video/ogg",
}

// plays returns the type with which a browser plays a file, or "".
func plays(f files.File) string {
	if f.Kind != "audio" && f.Kind != "video" {
		return ""
	}
	return media[f.MIME]
}

const (
	shownText     = 16 << 10 // bytes of a text
	shownNotebook = 20 << 20
)

// lookAt finds out what can be shown of a file.
func (s *Server) lookAt(v *visit, f files.File) (look, error) {
	at := s.base + "/files/" + string(f.ID)
	switch {
	case f.Size == 0:
		return look{}, nil
	case inline(f):
		return look{Picture: at + "/raw"}, nil
	case f.Kind == files.Image:
		return look{Picture: at + "/picture"}, nil
	case plays(f) != "" && f.Kind == "audio":
		return look{Audio: at + "/raw"}, nil
	case plays(f) != "":
		return look{Video: at + "/raw"}, nil
	case s.draws(v.r.Context(), f):
		return look{Chart: at + "/chart"}, nil
	case f.Kind == "pdf" && s.a.Previews().HasPages(f):
		return look{Pages: at + "/page"}, nil
	case s.a.Previews().HasTable(f):
		t := &shownTable{Key: "preview", Name: f.Name, Src: at}
		if p, _ := s.a.Previews().Now(v.r.Context(), f); p.Table != nil {
			t.HTML = template.HTML(p.Table.HTML(50))
		}
		return look{Table: t}, nil
	case !f.Kind.Info().Text:
		return look{}, nil
	}
	_, body, err := s.a.Files().Open(v.r.Context(), v.user, f.ID)
	if err != nil {
		return look{}, err
	}
	defer body.Close()
	if f.Kind == "jupyter" && f.Size <= shownNotebook {
		done, err := s.charts.Wait(v.r.Context(), uint64(v.user), chartMemory)
		if err != nil {
			return look{}, err
		}
		cells, err := notebook.Read(body)
		done()
		if err == nil {
			shown := make([]shownCell, len(cells))
			for i, c := range cells {
				shown[i] = shownCell{c, markdown.HTML(c.Markdown)}
			}
			return look{Notebook: shown}, nil
		}
		if _, err := body.Seek(0, io.SeekStart); err != nil {
			return look{}, err
		}
	}
	head, err := io.ReadAll(io.LimitReader(body, shownText))
	if err != nil || bytes.ContainsRune(head, 0) && !bytes.HasPrefix(head, []byte{0xff, 0xfe}) && !bytes.HasPrefix(head, []byte{0xfe, 0xff}) {
		return look{}, err
	}
	whole := int64(len(head)) == f.Size
	return look{Text: files.DecodeText(head, whole), More: !whole}, nil
}

func (s *Server) filePage(v *visit) error {
	f, err := s.a.Files().Get(v.r.Context(), v.user, files.ID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	l, err := s.lookAt(v, f)
	if err != nil {
		return err
	}
	s.render(v.w, v.lang, "filepage", s.frame(v.lang, "files", f.Name, map[string]any{"Scripts": []string{"table.js", "files.js", "chart.js"}, "File": v.rowOf(f), "Look": l, "Keeps": !f.ExpiresAt.IsZero()}))
	return nil
}

// picture gives the picture that is made of an image which browsers don't know.
func (s *Server) picture(v *visit) error {
	f, err := s.a.Files().Get(v.r.Context(), v.user, files.ID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	p, later := s.a.Previews().Now(v.r.Context(), f)
	if later {
		p = s.a.Previews().Make(v.r.Context(), f)
	}
	if p.Picture == nil {
		return fault.New(fault.NotFound, "There is no picture of this file.")
	}
	return v.shows(p.Picture.Data, "image/"+p.Picture.Format)
}

// documentPage gives a page of a document as a picture, and says how many there are.
func (s *Server) documentPage(v *visit) error {
	f, err := s.a.Files().Get(v.r.Context(), v.user, files.ID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(v.r.FormValue("n"))
	data, pages, err := s.a.Previews().Page(v.r.Context(), f, max(n, 1))
	if err != nil {
		return err
	}
	v.w.Header().Set("X-Pages", strconv.Itoa(pages))
	return v.shows(data, "image/jpeg")
}

// shows answers with a picture of our own making.
func (v *visit) shows(data []byte, mime string) error {
	h := v.w.Header()
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Content-Type", mime)
	h.Set("Cache-Control", "private, max-age=3600")
	_, err := v.w.Write(data)
	return err
}

// raw gives what a page may show or play; anything else only as a download.
func (s *Server) raw(v *visit) error {
	f, body, err := s.a.Files().Open(v.r.Context(), v.user, files.ID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	defer body.Close()
	switch {
	case inline(f):
		return s.send(v, f, body, f.MIME)
	case plays(f) != "":
		return s.send(v, f, body, plays(f))
	}
	return s.send(v, f, body, "")
}

func (s *Server) download(v *visit) error {
	f, body, err := s.a.Files().Download(v.r.Context(), v.user, files.ID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	defer body.Close()
	return s.send(v, f, body, "")
}

// send gives a file's bytes, to be shown if show is a type. A file is hostile: it
// never runs as a page of ours.
func (s *Server) send(v *visit, f files.File, body io.ReadSeeker, show string) error {
	h := v.w.Header()
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", attachment(f.Name))
	if show != "" {
		h.Set("Content-Type", show)
		h.Set("Content-Disposition", "inline")
		h.Set("Cache-Control", "private, max-age=3600")
	}
	if f.SHA256 != "" {
		h.Set("ETag", `"`+f.SHA256+`"`)
	}
	serveContent(v.w, v.r, f, body)
	return nil
}

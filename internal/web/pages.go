package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/assistant"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// row is a file in a list.
type row struct {
	ID                                  files.ID
	Name, Kind, Size, Left, When, Emoji string
	Picture                             bool
}

func (v *visit) rowOf(f files.File) row {
	return row{f.ID, f.Name, string(f.Kind), v.lang.Measure(files.Size(f.Size)), f.Countdown(v.lang, time.Now()), f.UploadedAt.Format("2006-01-02 15:04 MST"), f.Emoji(), inline(f)}
}

// chip is a file attached to the next question, and where its button leads.
type chip struct {
	row
	Detach string
}

func (s *Server) chip(v *visit, conv string, f files.File) chip {
	return chip{v.rowOf(f), s.base + "/c/" + conv + "/detach"}
}

// pageFiles is how many files a page lists.
const pageFiles = 100

func (s *Server) fileList(v *visit) error { return s.listFiles(v, "") }

func (s *Server) listFiles(v *visit, problem string) error {
	ctx := v.r.Context()
	page, _ := strconv.Atoi(v.r.FormValue("page"))
	query, kind := strings.TrimSpace(v.r.FormValue("q")), files.Kind(v.r.FormValue("kind"))
	usage, err := s.a.Files().Usage(ctx, v.user)
	if err != nil {
		return err
	}
	var rows []row
	total := 0
	for offset := max(page, 0) * pageFiles; ; offset += pageFiles {
		p, err := s.a.Files().List(ctx, v.user, files.Query{Kind: kind, Offset: offset, Limit: pageFiles})
		if err != nil {
			return err
		}
		total = p.Total
		for _, f := range p.Files {
			if query == "" || strings.Contains(strings.ToLower(f.Name), strings.ToLower(query)) {
				rows = append(rows, v.rowOf(f))
			}
		}
		if query == "" || len(p.Files) == 0 || offset > 20_000 || len(rows) >= pageFiles {
			break
		}
	}
	next := 0
	if query == "" && (max(page, 0)+1)*pageFiles < total {
		next = max(page, 0) + 1
	}
	keep := v.T("Files are stored permanently") + "."
	if d := s.a.Files().Expiry(); d >= 0 {
		keep = v.T("Files expire after %s", v.lang.Measure(files.Hours(d))) + "."
	}
	s.render(v.w, v.lang, "filelist", s.frame(v.lang, "files", v.T("Files"), map[string]any{"Scripts": []string{"files.js", "upload.js"}, "List": rows, "Total": usage.Files, "Query": query, "Kind": kind, "Kinds": kindsOf(usage, kind), "Next": next,
		"Used": v.lang.Measure(files.Size(usage.Bytes)), "Keep": keep, "Error": problem}))
	return nil
}

// kindRow is a kind of which the user has files.
type kindRow struct {
	Kind   files.Kind
	Emoji  string
	Count  int
	Chosen bool
}

func kindsOf(u files.Usage, chosen files.Kind) (out []kindRow) {
	for _, k := range slices.Sorted(maps.Keys(u.Kinds)) {
		out = append(out, kindRow{k, k.Info().Emoji, u.Kinds[k], k == chosen})
	}
	return out
}

// receive saves the files of a request as they arrive, in constant memory.
func (s *Server) receive(v *visit) (saved []files.File, err error) {
	end, err := s.uploads.begin(v)
	if err != nil {
		return nil, err
	}
	defer end()
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, 4*s.a.Files().MaxUpload()+1<<20)
	parts, err := v.r.MultipartReader()
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "That is not an upload.")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return saved, nil
		}
		if err != nil {
			return saved, fault.Wrap(err, fault.Invalid, "The upload broke off. Please try again.")
		}
		if part.FileName() == "" {
			continue
		}
		one := s.a.Save(v.r.Context(), v.user, []assistant.Upload{{Name: part.FileName(), Open: func(context.Context) (io.ReadCloser, error) { return part, nil }}})[0]
		if one.Err != nil {
			return saved, one.Err
		}
		saved = append(saved, one.Saved.File)
	}
}

// await keeps a file for the next question of a conversation. All its pages show it.
func (s *Server) await(v *visit, conv string, f files.File) {
	t := s.talkOf(v.user, conv)
	t.mu.Lock()
	defer t.mu.Unlock()
	if slices.ContainsFunc(t.pending, func(have files.File) bool { return have.ID == f.ID }) {
		return
	}
	t.pending = append(t.pending, f)
	t.add(patch{"append", "files", fragment(v.lang, "file", s.chip(v, conv, f))})
}

// detach takes a file off the next question. It stays the user's.
func (s *Server) detach(v *visit) error {
	conv, err := v.conv()
	if err != nil {
		return err
	}
	id := files.ID(v.r.PostFormValue("id"))
	t := s.talkOf(v.user, conv)
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.IndexFunc(t.pending, func(f files.File) bool { return f.ID == id }); i >= 0 {
		t.pending = slices.Delete(t.pending, i, i+1)
		t.add(patch{"remove", "f" + string(id), ""})
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// example attaches the example data.
func (s *Server) example(v *visit) error {
	conv := v.r.FormValue("conv")
	if s.opts.Example == nil || !convName.MatchString(conv) {
		return fault.New(fault.NotFound, "There is no example here.")
	}
	name, data := s.opts.Example()
	one := s.a.Save(v.r.Context(), v.user, []assistant.Upload{{Key: "example", Name: name, Size: int64(len(data)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}})[0]
	if one.Err != nil {
		return one.Err
	}
	s.await(v, conv, one.Saved.File)
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) upload(v *visit) error {
	if _, err := s.receive(v); err != nil {
		if v.r.Header.Get("Accept") == "text/plain" { // a script asks
			http.Error(v.w, s.a.Explain(err, "saving an upload", v.frontEnd()), fault.KindOf(err).HTTPStatus())
			return nil
		}
		return s.listFiles(v, s.a.Explain(err, "saving an upload", v.frontEnd()))
	}
	http.Redirect(v.w, v.r, s.base+"/files", http.StatusSeeOther)
	return nil
}

// keepFile keeps a file from now on as long as one that is uploaded now.
func (s *Server) keepFile(v *visit) error {
	f, err := s.a.Files().Keep(v.r.Context(), v.user, files.ID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, s.base+"/files/"+string(f.ID), http.StatusSeeOther)
	return nil
}

// deleteFile asks twice, then deletes.
func (s *Server) deleteFile(v *visit) error {
	f, err := s.a.Files().Get(v.r.Context(), v.user, files.ID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	step, _ := strconv.Atoi(v.r.PostFormValue("step"))
	if step >= 2 {
		if err := s.a.Files().Delete(v.r.Context(), v.user, f.ID); err != nil {
			return err
		}
		http.Redirect(v.w, v.r, s.base+"/files", http.StatusSeeOther)
		return nil
	}
	s.render(v.w, v.lang, "delete", s.frame(v.lang, "files", v.T("Delete"), map[string]any{"File": v.rowOf(f), "Second": step == 1, "Step": step + 1}))
	return nil
}

// maxDeleted is how many files are deleted at once.
const maxDeleted = 200

// deleteFiles asks twice, then deletes several files.
func (s *Server) deleteFiles(v *visit) error {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, 64<<10)
	if err := v.r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.TooLarge, "Those are too many at once.")
	}
	ids := v.r.PostForm["id"]
	if len(ids) == 0 || len(ids) > maxDeleted {
		return fault.New(fault.Invalid, "Choose one to %d files first.", maxDeleted)
	}
	step, _ := strconv.Atoi(v.r.PostFormValue("step"))
	var chosen []row
	for _, id := range ids {
		f, err := s.a.Files().Get(v.r.Context(), v.user, files.ID(id))
		if err == nil && step >= 2 {
			err = s.a.Files().Delete(v.r.Context(), v.user, f.ID)
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err == nil {
			chosen = append(chosen, v.rowOf(f))
		}
	}
	if step >= 2 || len(chosen) == 0 {
		http.Redirect(v.w, v.r, s.base+"/files", http.StatusSeeOther)
		return nil
	}
	s.render(v.w, v.lang, "deleteseveral", s.frame(v.lang, "files", v.T("Delete"), map[string]any{"List": chosen, "Second": step == 1, "Step": step + 1}))
	return nil
}

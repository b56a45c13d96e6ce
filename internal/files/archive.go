package files

import (
	"archive/tar"
	"context"
	"encoding/json"
	"io"
	"strconv"

	"github.com/attachebot/attache/internal/fault"
)

// An archive is a tar file that any tar can unpack: each file under
// user/id.extension, with its metadata as JSON in a PAX record, and at the end
// an empty entry that says how many there are: without it the archive is cut
// short.
const (
	recordFile  = "ATTACHE.file"
	recordCount = "ATTACHE.count"
	lastEntry   = "end-of-archive"
)

// Moved counts the files of an Export or Import.
type Moved struct {
	Files   int `json:"files"`
	Skipped int `json:"skipped"` // Export: without bytes. Import: already there, or expired
}

// Export writes the files of a user, or of all users for 0, to w as an
// archive, in constant memory. A file whose bytes are missing is skipped and
// logged. What is saved or deleted meanwhile may or may not be in it.
func (s *Service) Export(ctx context.Context, w io.Writer, user UserID) (Moved, error) {
	var m Moved
	out := tar.NewWriter(w)
	after := ID("")
	if user != 0 {
		after = ID(user.String() + "_")
	}
	for {
		fs, err := s.store.Scan(ctx, after, batch)
		if err != nil {
			return m, err
		}
		if len(fs) == 0 || user != 0 && fs[0].User != user {
			break
		}
		for _, f := range fs {
			after = f.ID
			if user != 0 && f.User != user || f.Expired(s.now()) {
				continue
			}
			if err := s.exportOne(ctx, out, f, &m); err != nil {
				return m, err
			}
		}
	}
	err := out.WriteHeader(&tar.Header{Name: lastEntry, Mode: 0o600, PAXRecords: map[string]string{recordCount: strconv.Itoa(m.Files)}})
	if err == nil {
		err = out.Close()
	}
	return m, fault.Wrap(err, fault.Unavailable, "The archive can't be written.")
}

func (s *Service) exportOne(ctx context.Context, out *tar.Writer, f File, m *Moved) error {
	r, err := s.bucket.NewReader(ctx, f.Path, nil)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil || r.Size() != f.Size {
		if err == nil {
			r.Close()
		}
		if _, gone := s.store.Get(ctx, f.User, f.ID, s.now()); !fault.Is(gone, fault.NotFound) {
			s.opts.Log.Error("a file is not exported: its bytes are missing", "user", f.User, "id", f.ID, "error", err)
			m.Skipped++
		}
		return nil
	}
	defer r.Close()
	meta, err := json.Marshal(f)
	if err != nil {
		return err
	}
	err = out.WriteHeader(&tar.Header{
		Name: key(f.ID, f.Ext()), Size: f.Size, ModTime: f.UploadedAt, Mode: 0o600, PAXRecords: map[string]string{recordFile: string(meta)},
	})
	if err == nil {
		_, err = io.Copy(out, r)
	}
	m.Files++
	return fault.Wrap(err, fault.Unavailable, "The archive can't be written.")
}

// Import saves the files of an archive with the ids, owners and times that
// they had, in constant memory and beyond any quota. A file that is already
// there, or has expired, is skipped: an import that broke off can be repeated.
// What is wrong with the archive is an error of kind Invalid; the files before
// that place are saved.
func (s *Service) Import(ctx context.Context, r io.Reader) (Moved, error) {
	var m Moved
	in := tar.NewReader(r)
	for {
		h, err := in.Next()
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return m, cutShort(m)
		}
		if err != nil {
			return m, fault.Wrap(err, fault.Invalid, "The archive can't be read after %d files.", m.Files+m.Skipped)
		}
		if h.Name == lastEntry {
			if n := m.Files + m.Skipped; h.PAXRecords[recordCount] != strconv.Itoa(n) {
				return m, fault.New(fault.Invalid, "The archive has %d files, and says it has %.20s.", n, h.PAXRecords[recordCount])
			}
			return m, nil
		}
		f, err := fromHeader(h)
		if err != nil {
			return m, err
		}
		there := f.Expired(s.now())
		if !there {
			if there, err = s.has(ctx, f); err != nil {
				return m, err
			}
		}
		if there {
			m.Skipped++
			continue
		}
		saved, err := s.save(ctx, f, entry{in, m}, f.Size, f.Size, nil)
		if err != nil {
			return m, err
		}
		s.log("file saved", saved.File, "imported", true)
		m.Files++
	}
}

func cutShort(m Moved) error {
	return fault.New(fault.Invalid, "The archive is cut short after %d files.", m.Files+m.Skipped)
}

// entry is a file of an archive.
type entry struct {
	*tar.Reader
	before Moved
}

func (e entry) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if err == io.ErrUnexpectedEOF {
		err = cutShort(e.before)
	}
	return n, err
}

func (s *Service) has(ctx context.Context, f File) (bool, error) {
	_, err := s.store.Get(ctx, f.User, f.ID, s.now())
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// fromHeader reads the metadata of a file, none of which is trusted.
func fromHeader(h *tar.Header) (File, error) {
	var f File
	invalid := func(why string) (File, error) {
		return File{}, fault.New(fault.Invalid, "%q in the archive %s.", SafeName(h.Name), why)
	}
	meta, ok := h.PAXRecords[recordFile]
	if !ok || h.Typeflag != tar.TypeReg {
		return invalid("is not from an export of Attaché")
	}
	if err := json.Unmarshal([]byte(meta), &f); err != nil {
		return invalid("has damaged metadata")
	}
	_, err := ParseID(string(f.ID))
	_, known := table().kind[f.Kind]
	switch {
	case err != nil || !f.User.valid() || f.ID.User() != f.User:
		return invalid("has no valid id")
	case f.Size != h.Size || f.UploadedAt.IsZero() || !known || f.Width < 0 || f.Height < 0 || len(f.MIME) > 200 || len(f.SHA256) != 64 && f.SHA256 != "":
		return invalid("has wrong metadata")
	}
	f.Name = SafeName(f.Name)
	return f, nil
}

package files

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"gocloud.dev/blob"

	"github.com/attachebot/attache/internal/durable"
	"github.com/attachebot/attache/internal/fault"
)

// Upload is what is to be saved.
type Upload struct {
	User UserID
	Name string
	Size int64 // bytes, as announced; 0 or less: not known. Fewer than announced is a broken upload
	Body io.Reader

	Generated     bool          // made by code
	Life          time.Duration // that the file is kept, in place of what is usual; 0: that
	Width, Height int           // of an image, as announced: used where the content does not tell
}

// Saved is a file that was saved, and what its user should be told.
type Saved struct {
	File
	Twin *File  // an older file of the user's that has the same bytes; they are stored once
	Note string // one sentence, if the content decided about the kind; else empty
}

const (
	// uploadLife is the longest that one Save may take; a journal entry that is
	// twice as old belongs to none.
	uploadLife = 30 * time.Minute

	bufferSize = 256 << 10
)

var buffers = sync.Pool{New: func() any { b := make([]byte, bufferSize); return &b }}

// Save stores a file. When it returns, the file is on disk, and a crash at any
// earlier moment leaves nothing. Memory does not grow with the size. Kinds:
// TooLarge and Exhausted (the user's quota) with the limit, Unavailable (the
// body broke off, the bucket or the store failed), Canceled. An error of a kind
// that Body returns is returned as it is.
func (s *Service) Save(ctx context.Context, u Upload) (Saved, error) {
	if !u.User.valid() {
		return Saved{}, fault.New(fault.Invalid, "A file needs a user.")
	}
	now := s.now()
	f := File{
		ID: newID(u.User, now), User: u.User, Name: SafeName(u.Name),
		Width: u.Width, Height: u.Height, Generated: u.Generated, UploadedAt: now,
	}
	o := s.live()
	life := o.Expiry
	if u.Generated {
		life = s.passing()
	}
	if u.Life > 0 {
		life = u.Life
	}
	if life > 0 {
		f.ExpiresAt = now.Add(life).Truncate(time.Millisecond)
	}
	if u.Size > o.MaxUpload {
		return Saved{}, s.tooLarge(f.Name)
	}
	check := s.admit
	if u.Generated {
		check = nil
	} else {
		usage, err := s.store.Usage(ctx, u.User, now)
		if err == nil {
			err = s.admit(u.Size)(usage)
		}
		if err != nil {
			return Saved{}, err
		}
	}
	saved, err := s.save(ctx, f, u.Body, u.Size, o.MaxUpload, check)
	if err != nil {
		return Saved{}, err
	}
	if u.Generated {
		s.trim(ctx, saved.File)
	}
	more := []any{}
	if f.Generated {
		more = append(more, "generated", true)
	}
	if saved.Twin != nil {
		more = append(more, "same_as", saved.Twin.ID)
	}
	s.log("file saved", saved.File, more...)
	return saved, nil
}

// save stores body as f, whose path it finds out, and whose kind and checksum
// too, unless they are given. admit, if not nil, makes the check of a file of
// a size.
func (s *Service) save(ctx context.Context, f File, body io.Reader, announced, limit int64, admit func(size int64) func(Usage) error) (Saved, error) {
	ctx, cancel := context.WithTimeout(ctx, uploadLife)
	defer cancel()

	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	n, rest, err := fill(body, *buf)
	if err != nil {
		return Saved{}, brokeOff(f.Name, err)
	}
	head := (*buf)[:n]
	var note string
	imported := f.Kind != ""
	if !imported {
		f.Kind, f.MIME, note = classify(f.Name, head)
	}
	if w, h := dimensions(f.MIME, head); !imported && w > 0 {
		f.Width, f.Height = w, h
	}
	f.Path = key(f.ID, f.Ext())

	if err := s.store.Begin(ctx, f.Path, s.now()); err != nil {
		if fault.Is(err, fault.Exists) { // an import: new ids are unique
			err = fault.Wrap(err, fault.Unavailable, "%s is just being saved by another process, or was when that crashed. Please try again in two hours.", f.ID)
		}
		return Saved{}, err
	}
	want := f.SHA256
	f.Size, f.SHA256, err = s.write(ctx, f, head, rest, limit)
	if err == nil && want != "" && want != f.SHA256 {
		err = fault.New(fault.Invalid, "The bytes of %s in the archive are damaged.", f.ID)
	}
	if err == nil && f.Size < announced {
		err = brokeOff(f.Name, io.ErrUnexpectedEOF)
	}
	if err == nil && !imported && f.MIME == mimeTIFF {
		err = s.inspectTIFF(ctx, &f)
	}
	if err != nil {
		s.discard(ctx, f.Path)
		return Saved{}, err
	}

	// The last step is done as a whole, also for a caller who leaves.
	ctx, done := s.detached(ctx)
	defer done()
	var check func(Usage) error
	if admit != nil {
		check = admit(f.Size)
	}
	stored, twin, err := s.store.Commit(ctx, f, check)
	if err != nil {
		return s.settle(ctx, f, note, err)
	}
	saved := Saved{File: stored, Note: note}
	if twin != "" {
		s.discard(ctx, f.Path)
		if t, err := s.store.Get(ctx, f.User, twin, f.UploadedAt); err == nil {
			saved.Twin = &t
		}
	}
	return saved, nil
}

// settle ends a Save whose Commit returned an error: the file is known all the
// same, or its bytes go.
func (s *Service) settle(ctx context.Context, f File, note string, failed error) (Saved, error) {
	known := false
	if fault.Is(failed, fault.Unavailable) {
		var err error
		if known, err = s.store.Committed(ctx, f); err != nil {
			s.opts.Log.Warn("bytes of an upload are left to the sweep", "key", f.Path, "error", err)
			return Saved{}, failed
		}
	}
	if known {
		if stored, err := s.store.Get(ctx, f.User, f.ID, f.UploadedAt); err == nil {
			return Saved{File: stored, Note: note}, nil
		}
		return Saved{}, failed
	}
	s.discard(ctx, f.Path)
	if fault.Is(failed, fault.NotFound) {
		failed = fault.Wrap(failed, fault.Unavailable, "The upload of %s was interrupted. Please send it again.", f.Name)
	}
	return Saved{}, failed
}

// write writes head and rest, and returns their size and SHA-256. When
// it returns no error, the bytes are on disk.
func (s *Service) write(ctx context.Context, f File, head []byte, rest io.Reader, limit int64) (int64, string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var file *os.File // of a bucket on disk
	w, err := s.bucket.NewWriter(ctx, f.Path, &blob.WriterOptions{
		ContentType:    cmp.Or(f.MIME, octets),
		BufferSize:     5 << 20, // of a part of an upload to S3 and the like, of which
		MaxConcurrency: 1,       // as many are in memory
		BeforeWrite: func(as func(any) bool) error {
			as(&file)
			return nil
		},
	})
	if err != nil {
		return 0, "", unavailable(err)
	}
	var to io.Writer = w
	if file != nil {
		to = durable.Early(w, file)
	}
	size, sum, err := s.copyHashed(ctx, to, f.Name, head, rest, limit)
	if err == nil && file != nil {
		err = wrapBucket(file.Sync())
	}
	if err != nil {
		cancel() // so that Close discards what was written
		w.Close()
		return 0, "", err
	}
	if err := w.Close(); err != nil {
		return 0, "", unavailable(err)
	}
	if file != nil { // the names of the file and of the user's folder
		folder := filepath.Dir(file.Name())
		if err := errors.Join(durable.SyncDir(folder), durable.SyncDir(filepath.Dir(folder))); err != nil {
			return 0, "", unavailable(err)
		}
	}
	return size, sum, nil
}

// copyHashed writes head and rest to w and hashes them, beside one another.
// head lies in a buffer that belongs to copyHashed until it returns.
func (s *Service) copyHashed(ctx context.Context, w io.Writer, name string, head []byte, rest io.Reader, limit int64) (size int64, sum string, err error) {
	h := newHasher(rest == nil)
	defer func() { sum = h.close() }()
	for buf := head; ; {
		if size += int64(len(buf)); size > limit {
			return 0, "", s.tooLarge(name)
		}
		if err := ctx.Err(); err != nil {
			return 0, "", fault.Wrap(err, fault.Unavailable, "The upload took too long.")
		}
		if _, err := w.Write(buf); err != nil {
			return 0, "", unavailable(err)
		}
		h.full <- buf
		if rest == nil {
			return size, "", nil
		}
		buf = <-h.free
		var n int
		if n, rest, err = fill(rest, buf[:cap(buf)]); err != nil {
			return 0, "", brokeOff(name, err)
		}
		buf = buf[:n]
	}
}

// hasher hashes buffers in the order in which they come, and gives each back.
type hasher struct {
	full, free chan []byte
	sum        chan string
	own        []*[]byte
}

func newHasher(small bool) *hasher {
	h := &hasher{full: make(chan []byte, 4), free: make(chan []byte, 4), sum: make(chan string)}
	for range 3 {
		if small {
			break // one buffer is all
		}
		b := buffers.Get().(*[]byte)
		h.own = append(h.own, b)
		h.free <- *b
	}
	go func() {
		hash := sha256.New()
		for b := range h.full {
			hash.Write(b)
			h.free <- b
		}
		h.sum <- hex.EncodeToString(hash.Sum(nil))
	}()
	return h
}

// close waits for the last buffer and returns the checksum.
func (h *hasher) close() string {
	close(h.full)
	sum := <-h.sum
	for _, b := range h.own {
		buffers.Put(b)
	}
	return sum
}

// fill reads until buf is full or r ends; then rest is nil. Unlike
// io.ReadFull it does not take an io.ErrUnexpectedEOF of r for an end.
func fill(r io.Reader, buf []byte) (n int, rest io.Reader, err error) {
	for idle := 0; n < len(buf); {
		m, err := r.Read(buf[n:])
		n += m
		if err == io.EOF {
			return n, nil, nil
		}
		if err == nil && m == 0 {
			if idle++; idle > 100 {
				err = io.ErrNoProgress
			}
		}
		if err != nil {
			return n, nil, err
		}
	}
	return n, r, nil
}

// discard removes the bytes of an upload that came to nothing. What it can't
// remove is left to the sweep.
func (s *Service) discard(ctx context.Context, key string) {
	ctx, cancel := s.detached(ctx)
	defer cancel()
	if err := s.erase(ctx, []string{key}, true); err != nil {
		s.opts.Log.Warn("bytes of an upload are left to the sweep", "key", key, "error", err)
	}
}

// admit returns the check whether a user may save a file of a size.
func (s *Service) admit(size int64) func(Usage) error {
	o := s.live()
	return func(u Usage) error {
		if o.MaxFiles > 0 && u.Files-u.Generated >= o.MaxFiles {
			return fault.With(fault.FreeSpace, fault.New(fault.Exhausted, "You have %d of %d files, so this one was not saved.", u.Files-u.Generated, o.MaxFiles))
		}
		if o.MaxBytes > 0 && u.Bytes-u.GeneratedBytes+max(size, 0) > o.MaxBytes {
			return fault.With(fault.FreeSpace, fault.New(fault.Exhausted, "Your files take %s of %s, so this one was not saved.", Size(u.Bytes-u.GeneratedBytes), Size(o.MaxBytes)))
		}
		return nil
	}
}

func (s *Service) tooLarge(name string) error {
	return fault.New(fault.TooLarge, "%s is too large: a file may have at most %s.", name, Size(s.live().MaxUpload))
}

// brokeOff is for an error of the body. One that has a kind keeps it.
func brokeOff(name string, err error) error {
	if known := new(fault.Error); errors.As(err, &known) {
		return err
	}
	return fault.Wrap(err, fault.Unavailable, "The upload of %s broke off. Please send it again.", name)
}

func wrapBucket(err error) error {
	if err == nil {
		return nil
	}
	return unavailable(err)
}

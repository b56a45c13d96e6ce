package files

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/attachebot/attache/internal/fault"
)

// Options bend a [Service]. The zero value works.
type Options struct {
	// Expiry is how long a file is kept that is saved from now on. 0: 48 hours;
	// negative: for ever.
	Expiry time.Duration

	// GeneratedExpiry is Expiry of files made by code, unless Expiry is sooner or
	// their user keeps them. 0: as Expiry.
	GeneratedExpiry time.Duration

	MaxUpload int64 // bytes of one file; 0: 50 MB
	MaxFiles  int   // uploads of one user; 0: no limit
	MaxBytes  int64 // of one user's uploads together; 0: no limit

	// Files made by code are a class of their own. When one of these is reached,
	// the oldest of them go; never an upload. 0: no limit.
	MaxGenerated      int
	MaxGeneratedBytes int64

	// Dir is the folder of a bucket on this machine's disk. With it the removal
	// of bytes, too, survives a failure of power. Empty for other buckets.
	Dir string

	// Abort removes what an upload of key that broke off has left in the bucket
	// and a listing does not show, like parts of an S3 upload. May be nil.
	Abort func(ctx context.Context, key string) error

	// Log gets one line for each file saved, downloaded, deleted and expired, with
	// user, id, kind and size, and what went wrong in the background. nil: none.
	Log *slog.Logger

	Now func() time.Time // nil: time.Now

	// Live, if not nil, returns the options of now: the times and limits above are
	// taken from it each time they are needed, the rest never.
	Live func() Options
}

func (o Options) withDefaults() Options {
	o.Expiry = cmp.Or(o.Expiry, 48*time.Hour)
	o.MaxUpload = cmp.Or(o.MaxUpload, 50<<20)
	return o
}

// Service is the one way to users' files. It is safe for concurrent use. It
// holds nothing that must be closed; store and bucket are the caller's to close.
type Service struct {
	store  Store
	bucket *blob.Bucket
	opts   Options
}

// New returns a service on a store and the bucket that belongs to it.
func New(store Store, bucket *blob.Bucket, opts Options) *Service {
	opts = opts.withDefaults()
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Service{store: store, bucket: bucket, opts: opts}
}

// live are the options of now.
func (s *Service) live() Options {
	if s.opts.Live == nil {
		return s.opts
	}
	return s.opts.Live().withDefaults()
}

// Expiry returns how long files are kept that are saved now; negative: for ever.
func (s *Service) Expiry() time.Duration { return s.live().Expiry }

// passing is how long a file is kept that is not its user's upload.
func (s *Service) passing() time.Duration {
	o := s.live()
	e, g := o.Expiry, o.GeneratedExpiry
	if g > 0 && (e < 0 || g < e) {
		return g
	}
	return e
}

// MaxUpload returns the greatest size of one file, in bytes.
func (s *Service) MaxUpload() int64 { return s.live().MaxUpload }

func (s *Service) now() time.Time { return s.opts.Now().UTC().Truncate(time.Millisecond) }

// Get returns the metadata of one file.
func (s *Service) Get(ctx context.Context, user UserID, id ID) (File, error) {
	if _, err := ParseID(string(id)); err != nil || id.User() != user {
		return File{}, errNotFound()
	}
	f, err := s.store.Get(ctx, user, id, s.now())
	if fault.Is(err, fault.NotFound) {
		return File{}, errNotFound()
	}
	return f, err
}

// List returns a page of the user's files, newest first, and what they sum up to.
// An offset behind the last file gives an empty page.
func (s *Service) List(ctx context.Context, user UserID, q Query) (Page, error) {
	if q.Limit <= 0 {
		q.Limit = 25
	}
	q.Limit, q.Offset = min(q.Limit, 100_000), max(q.Offset, 0)
	p, err := s.store.List(ctx, user, q, s.now())
	return p, err
}

// Usage sums up the user's files.
func (s *Service) Usage(ctx context.Context, user UserID) (Usage, error) {
	u, err := s.store.Usage(ctx, user, s.now())
	return u, err
}

// Totals sums up everything, for the operator. It reads all metadata.
func (s *Service) Totals(ctx context.Context) (Totals, error) {
	t, err := s.store.Totals(ctx, s.now())
	return t, err
}

// Open returns a file and a reader at its first byte, for use by the program
// itself; see also [Service.Download]. Seeking is cheap: nothing is read until
// the next Read. A file that is deleted meanwhile is read to its end or to an error:
// fewer bytes than it has never look like all. Close the reader; ctx holds until then.
func (s *Service) Open(ctx context.Context, user UserID, id ID) (File, io.ReadSeekCloser, error) {
	f, err := s.Get(ctx, user, id)
	if err != nil {
		return File{}, nil, err
	}
	r, err := s.bucket.NewReader(ctx, f.Path, nil)
	switch {
	case err == nil && r.Size() == f.Size:
		return f, &wholeReader{r: r, size: f.Size}, nil
	case err == nil:
		r.Close()
		return File{}, nil, fault.Wrap(fmt.Errorf("%d bytes of %d", r.Size(), f.Size), fault.Internal, "The content of this file is damaged in the storage.")
	}
	if gcerrors.Code(err) != gcerrors.NotFound {
		return File{}, nil, fault.Wrap(err, fault.Unavailable, "The file storage is not available right now. Please try again in a minute.")
	}
	if _, gone := s.Get(ctx, user, id); gone != nil { // deleted since
		return File{}, nil, gone
	}
	return File{}, nil, fault.Wrap(err, fault.Internal, "The content of this file is missing from the storage.")
}

// wholeReader reads the bytes of a file. It ends with an error before the last one.
type wholeReader struct {
	r        *blob.Reader
	at, size int64
}

func (w *wholeReader) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if w.at += int64(n); err == io.EOF && w.at < w.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (w *wholeReader) Seek(offset int64, whence int) (at int64, err error) {
	w.at, err = w.r.Seek(offset, whence)
	return w.at, err
}

func (w *wholeReader) Close() error { return w.r.Close() }

// Download is Open for handing the file to its user, which is logged.
func (s *Service) Download(ctx context.Context, user UserID, id ID) (File, io.ReadSeekCloser, error) {
	f, r, err := s.Open(ctx, user, id)
	if err == nil {
		s.log("file downloaded", f)
	}
	return f, r, err
}

// Delete deletes one file, for good. The second of two calls gets NotFound.
func (s *Service) Delete(ctx context.Context, user UserID, id ID) error {
	f, err := s.Get(ctx, user, id)
	if err != nil {
		return err
	}
	// From here on it is done as a whole, also for a caller who leaves.
	ctx, cancel := s.detached(ctx)
	defer cancel()
	removed, orphans, err := s.store.Remove(ctx, []File{f}, s.now())
	if err != nil {
		return err
	}
	if len(removed) == 0 {
		return errNotFound()
	}
	s.log("file deleted", f)
	if err := s.erase(ctx, orphans, false); err != nil {
		s.opts.Log.Warn("bytes of a deleted file are left to the sweep", "id", f.ID, "error", err)
	}
	return nil
}

// detached gives a short time to what must not stop halfway.
func (s *Service) detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
}

func (s *Service) log(what string, f File, more ...any) {
	s.opts.Log.Info(what, append([]any{"user", f.User, "id", f.ID, "kind", f.Kind, "size", f.Size}, more...)...)
}

// unavailable gives an error of the bucket its kind.
func unavailable(err error) error {
	msg := "The file storage is not available right now. Please try again in a minute."
	if isFull(err) {
		msg = "The file storage is full. Nothing was saved; please tell the operator."
	}
	return fault.Wrap(err, fault.Unavailable, "%s", msg)
}

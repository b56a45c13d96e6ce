package remote

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/attachebot/attache/internal/cluster"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// Bounds of the bytes that are kept of sessions in a bucket.
const (
	maxImage  = 2 << 30  // of one session
	maxOfUser = 4 << 30  // of one user's
	maxImages = 64 << 30 // of all
	young     = time.Hour

	behindFor = 10 * time.Minute // after its last use, an image that is behind is made anew
)

// Shelf keeps images of sessions in a bucket:
//
//	images/USER/NAME/SNAPSHOTS   what is stored of a session, and the snapshots that it needs, or none
//	snapshots/SNAPSHOT           is written once, and named by its content
//
// A nil Shelf has none.
type Shelf struct {
	bucket *blob.Bucket
	keep   time.Duration
	log    *slog.Logger
}

// NewShelf keeps images in b, for as long after their sessions' last use as
// keep says.
func NewShelf(b *blob.Bucket, keep time.Duration, log *slog.Logger) *Shelf {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Shelf{b, keep, log}
}

// moving is what a worker may reach of a shelf in one call.
type moving struct {
	shelf *Shelf
	user  uint64 // whose image may be written; 0: nobody's

	mu        sync.Mutex // a worker may ask for several things at once
	image     string     // that is read, or was written last; empty: none
	sum       string     // of its bytes: SHA-256, in hexadecimal
	snapshots []string   // that the image needs
}

var _ sandbox.Images = (*moving)(nil)

// reads are for who takes a session over.
func (s *Shelf) reads(of cluster.Session) sandbox.Images {
	if s == nil || of.Image == "" {
		return nil
	}
	return &moving{shelf: s, image: of.Image, sum: of.ImageSum}
}

var (
	validSnapshot = regexp.MustCompile(`^snapshot/([0-9a-f]+-[0-9a-f]+-[0-9a-f]+)$`)
	errNotThere   = fault.New(fault.NotFound, "This image is not there.")
)

// path returns where something is, or "".
func (m *moving) path(name string) string {
	if of := validSnapshot.FindStringSubmatch(name); of != nil {
		return "snapshots/" + of[1]
	}
	if name == "image" {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.image
	}
	return ""
}

// Has implements sandbox.Images.
func (m *moving) Has(ctx context.Context, name string) (bool, error) {
	path := m.path(name)
	if path == "" {
		return false, nil
	}
	if of, ok := strings.CutPrefix(path, "snapshots/"); ok {
		m.mu.Lock()
		if !slices.Contains(m.snapshots, of) {
			m.snapshots = append(m.snapshots, of)
		}
		m.mu.Unlock()
	}
	ok, err := m.shelf.bucket.Exists(ctx, path)
	return ok, errShelf(err)
}

// Get implements sandbox.Images.
func (m *moving) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	path := m.path(name)
	if path == "" {
		return nil, errNotThere
	}
	r, err := m.shelf.bucket.NewReader(ctx, path, nil)
	if err != nil {
		return nil, errShelf(err)
	}
	if name == "image" {
		return &wholeReader{shelfReader{r}, sha256.New(), m.sum}, nil
	}
	return shelfReader{r}, nil
}

// wholeReader ends with an error where the bytes are not those that a record has the sum
// of. So nothing of them may be used before the end.
type wholeReader struct {
	shelfReader
	is  hash.Hash
	sum string
}

func (r *wholeReader) Read(p []byte) (int, error) {
	n, err := r.shelfReader.Read(p)
	r.is.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(r.is.Sum(nil)) != r.sum {
		err = errReplaced
	}
	return n, err
}

var errReplaced = fault.New(fault.NotFound, "What is kept of this session is not what was stored.")

// shelfReader gives the errors of a bucket their sentence.
type shelfReader struct{ io.ReadCloser }

func (r shelfReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = errShelf(err)
	}
	return n, err
}

// Put implements sandbox.Images.
func (m *moving) Put(ctx context.Context, name string, r io.Reader) error {
	if m.user == 0 {
		return fault.New(fault.Denied, "Nothing is kept by this call.")
	}
	path := m.path(name)
	if name == "image" {
		// A key that ends with a slash is a folder to some servers.
		m.mu.Lock()
		path = fmt.Sprintf("images/%d/%s/%s", m.user, rand.Text(), cmp.Or(strings.Join(m.snapshots, ","), "none"))
		m.mu.Unlock()
	}
	if path == "" {
		return fault.New(fault.Invalid, "An image can't have this name.")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := m.shelf.bucket.NewWriter(ctx, path, &blob.WriterOptions{DisableContentTypeDetection: true})
	if err != nil {
		return errShelf(err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), io.LimitReader(r, maxImage+1))
	if err == nil && n > maxImage {
		err = fault.New(fault.TooLarge, "This session is too large for the bucket.")
	}
	if err != nil {
		cancel() // nothing is kept of it
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return errShelf(err)
	}
	if name == "image" {
		m.mu.Lock()
		before := m.image
		m.image, m.sum = path, hex.EncodeToString(sum.Sum(nil))
		m.mu.Unlock()
		m.shelf.drop(ctx, before) // no record names it
	}
	return nil
}

// drop deletes an image that no record names any more. What fails, a sweep does.
func (s *Shelf) drop(ctx context.Context, image string) {
	if s == nil || image == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.bucket.Delete(ctx, image); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		s.log.Warn("delete the image of a session", "error", err)
	}
}

func errShelf(err error) error {
	var said *fault.Error
	switch {
	case err == nil || errors.As(err, &said):
		return err
	case gcerrors.Code(err) == gcerrors.NotFound:
		return fault.Wrap(err, fault.NotFound, "This image is not there.")
	}
	return fault.Wrap(err, fault.Unavailable, "The bucket of the sessions can't be used right now; please try again in a minute.")
}

// Sweep deletes, every hour, records and images of sessions that were not used for
// as long as they are kept, images that no record names, and the oldest ones of
// those over the bounds. Sessions that did not go on although their records say so, because
// who asked died, get their images anew. It is for one process at a time, until ctx ends.
func (d *Driver) Sweep(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := d.sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
			d.log.Warn("sweep of stored sessions", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (d *Driver) sweep(ctx context.Context, now time.Time) error {
	records, err := d.store.Sessions(ctx, now.AddDate(100, 0, 0), 1<<20)
	if err != nil {
		return err
	}
	named := map[string]cluster.Session{}
	for _, s := range records {
		if d.shelf.expired(s, now) {
			if err := d.store.DeleteSession(ctx, s); err == nil {
				continue
			}
		}
		if s.Image != "" {
			named[s.Image] = s
		}
	}
	if d.shelf == nil {
		return nil
	}
	if err := d.sweepImages(ctx, named, now); err != nil {
		return err
	}
	for _, s := range named {
		w, ok := d.fleet.get(s.Worker)
		if !ok || !s.Behind || now.Sub(s.UsedAt) < behindFor {
			continue
		}
		err := d.fetch(ctx, s.Worker, storedRequest{Life: w.Life, Generation: s.Generation, Key: s.Key, Epoch: s.Epoch})
		if err != nil && !fault.Is(err, fault.Exists) && !fault.Is(err, fault.NotFound) { // it lives, or nothing of it does
			d.log.Warn("keep a session that did not go on", "user", s.User, "error", err)
		}
	}
	return nil
}

func (s *Shelf) expired(r cluster.Session, now time.Time) bool {
	keep := 365 * 24 * time.Hour
	if s != nil && s.keep > 0 {
		keep = s.keep
	}
	return now.Sub(r.UsedAt) > keep
}

// sweepImages deletes what no record names, and what is over the bounds.
func (d *Driver) sweepImages(ctx context.Context, named map[string]cluster.Session, now time.Time) error {
	var images, snapshots []*blob.ListObject
	for list := d.shelf.bucket.List(nil); ; {
		o, err := list.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return errShelf(err)
		}
		switch {
		case strings.HasPrefix(o.Key, "images/"):
			images = append(images, o)
		case strings.HasPrefix(o.Key, "snapshots/"):
			snapshots = append(snapshots, o)
		}
	}
	slices.SortFunc(images, func(a, b *blob.ListObject) int { return b.ModTime.Compare(a.ModTime) })
	needed, users, all := map[string]bool{}, map[string]int64{}, int64(0)
	for _, o := range images {
		parts := strings.Split(o.Key, "/")
		s, ok := named[o.Key]
		fits := users[parts[1]]+o.Size <= maxOfUser && all+o.Size <= maxImages
		if ok && fits || !ok && now.Sub(o.ModTime) < young { // it may be on its way into a record
			users[parts[1]] += o.Size
			all += o.Size
			for of := range strings.SplitSeq(parts[len(parts)-1], ",") {
				needed[of] = true
			}
			continue
		}
		if ok {
			s.Image, s.ImageSum = "", ""
			if _, err := d.store.SaveSession(ctx, s); err != nil {
				continue // it has gone on: the next sweep sees
			}
			d.log.Info("image of a session deleted: over the bound of bytes", "user", s.User, "bytes", o.Size)
		}
		d.shelf.drop(ctx, o.Key)
	}
	for _, o := range snapshots {
		if !needed[strings.TrimPrefix(o.Key, "snapshots/")] && now.Sub(o.ModTime) > 24*time.Hour {
			d.shelf.drop(ctx, o.Key)
		}
	}
	return nil
}

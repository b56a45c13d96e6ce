// Package backup writes all that is kept into one archive, and brings it back
// after it is verified.
//
// An archive is a tar: the bytes of files under files/, what else the data folder
// has under data/, the database, and at its end a manifest with the size and the
// SHA-256 of everything before it.
package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/attachebot/attache/internal/fault"
)

const (
	format       = 1
	filesFolder  = "files/"
	dataFolder   = "data/"
	databaseName = "attache.db"
	manifestName = "manifest.json"
)

// Entry is what the manifest says of an entry of the archive.
type Entry struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Manifest is the last entry of an archive.
type Manifest struct {
	Format  int              `json:"format"`
	Made    time.Time        `json:"made"`
	Version string           `json:"version"` // of the program
	Entries map[string]Entry `json:"entries"`
}

// Database is a copy of the database, made for the archive.
type Database interface {
	// Keys returns the keys of the bucket that files have.
	Keys(ctx context.Context) (map[string]string, error)
	// Forget drops the files of these keys from the copy: they were deleted after
	// it was made.
	Forget(ctx context.Context, keys []string) error
	// Close makes File whole.
	Close() error
}

// Source is what is written into an archive.
type Source struct {
	Database Database
	File     string       // of the database's copy
	Bucket   *blob.Bucket // of the bytes
	Dir      string       // the data folder
	Others   []string     // files and folders in Dir, of those that are there
	Version  string
}

// Done says what was written or brought back.
type Done struct {
	Files int   `json:"files"` // bytes of files, shared ones once
	Bytes int64 `json:"bytes"` // of all entries
}

// Write writes an archive. Files that are deleted meanwhile are in it as a whole
// or not at all.
func Write(ctx context.Context, w io.Writer, s Source) (done Done, err error) {
	keys, err := s.Database.Keys(ctx)
	if err != nil {
		return done, err
	}
	a := &archive{w: tar.NewWriter(w), m: Manifest{Format: format, Made: time.Now().UTC(), Version: s.Version, Entries: map[string]Entry{}}}
	var gone []string
	for key := range keys {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		switch err := a.object(ctx, s.Bucket, key); {
		case gcerrors.Code(err) == gcerrors.NotFound:
			gone = append(gone, key)
		case err != nil:
			return done, err
		default:
			done.Files++
		}
	}
	if err := errors.Join(s.Database.Forget(ctx, gone), s.Database.Close()); err != nil {
		return done, err
	}
	for _, name := range s.Others {
		err = errors.Join(err, a.tree(s.Dir, name))
	}
	err = errors.Join(err, a.file(databaseName, s.File))
	for _, e := range a.m.Entries {
		done.Bytes += e.Size
	}
	if err == nil {
		err = a.end()
	}
	return done, fault.Wrap(err, fault.Unavailable, "The archive can't be written: %v.", err)
}

// archive is an archive that is being written.
type archive struct {
	w *tar.Writer
	m Manifest
}

func (a *archive) add(name string, size int64, mode int64, r io.Reader) error {
	if err := a.w.WriteHeader(&tar.Header{Name: name, Size: size, Mode: mode, ModTime: a.m.Made, Format: tar.FormatPAX}); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(a.w, sum), r, size); err != nil {
		return err
	}
	a.m.Entries[name] = Entry{size, hex.EncodeToString(sum.Sum(nil))}
	return nil
}

func (a *archive) object(ctx context.Context, b *blob.Bucket, key string) error {
	r, err := b.NewReader(ctx, key, nil)
	if err != nil {
		if gcerrors.Code(err) == gcerrors.NotFound {
			return err
		}
		return fault.Wrap(err, fault.Unavailable, "The bucket with the content of files can't be reached or read.")
	}
	defer r.Close()
	return fault.Wrap(a.add(filesFolder+key, r.Size(), 0o600, r), fault.Unavailable, "The content of a file can't be read, or the archive not be written.")
}

func (a *archive) file(name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return a.add(name, info.Size(), int64(info.Mode().Perm()), f)
}

// tree adds a file or a folder of the data folder, if it is there.
func (a *archive) tree(dir, name string) error {
	return filepath.WalkDir(filepath.Join(dir, name), func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return a.file(dataFolder+filepath.ToSlash(rel), path)
	})
}

func (a *archive) end() error {
	data, err := json.MarshalIndent(a.m, "", " ")
	if err != nil {
		return err
	}
	if err := a.w.WriteHeader(&tar.Header{Name: manifestName, Size: int64(len(data)), Mode: 0o600, ModTime: a.m.Made, Format: tar.FormatPAX}); err != nil {
		return err
	}
	if _, err := a.w.Write(data); err != nil {
		return err
	}
	return a.w.Close()
}

// local tells whether a name stays inside the folder that it is put into.
func local(name string) bool {
	return filepath.IsLocal(name) && !strings.Contains(name, `\`) && filepath.ToSlash(filepath.Clean(name)) == name
}

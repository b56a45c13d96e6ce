package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"

	"github.com/attachebot/attache/internal/fault"
)

// Target is where an archive is brought back to.
type Target struct {
	Dir    string // the data folder; it has no database
	Bucket *blob.Bucket
	// Check opens and checks the database in a file, and returns what Keys does.
	Check func(ctx context.Context, file string) (map[string]string, error)
}

// Read brings an archive back. Nothing is changed before all of it is read and
// verified; the database comes last. Kinds: Invalid for what is no whole archive,
// Exists for a data folder that has a database.
func Read(ctx context.Context, r io.Reader, t Target) (done Done, err error) {
	database := filepath.Join(t.Dir, databaseName)
	if _, err := os.Lstat(database); err == nil {
		return done, fault.New(fault.Exists, "The data folder %s has a database already: move it away, or set DATA_DIR to a new folder.", t.Dir)
	}
	stage, err := os.MkdirTemp(t.Dir, ".restore-")
	if err != nil {
		return done, fault.Wrap(err, fault.Unavailable, "The data folder %s can't be written: %v.", t.Dir, err)
	}
	defer os.RemoveAll(stage)
	m, err := unpack(ctx, r, stage)
	if err != nil {
		return done, err
	}
	keys, err := t.Check(ctx, filepath.Join(stage, databaseName))
	if err != nil {
		return done, fault.Wrap(err, fault.Invalid, "The database in the archive can't be used: %s", fault.Message(err))
	}
	for key, sum := range keys {
		e, ok := m.Entries[filesFolder+key]
		if !ok || sum != "" && sum != e.SHA256 {
			return done, fault.New(fault.Invalid, "The archive is damaged: the content of a file is missing or another (%s).", key)
		}
	}
	written := func(err error) error {
		return fault.Wrap(err, fault.Unavailable, "What is in the archive can't be written: %v.", err)
	}
	for name, e := range m.Entries {
		done.Bytes += e.Size
		path := filepath.Join(stage, filepath.FromSlash(name))
		if key, ok := strings.CutPrefix(name, filesFolder); ok {
			if err := upload(ctx, t.Bucket, key, path); err != nil {
				return done, written(err)
			}
			done.Files++
		} else if rel, ok := strings.CutPrefix(name, dataFolder); ok {
			to := filepath.Join(t.Dir, filepath.FromSlash(rel))
			if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Rename(path, to)); err != nil {
				return done, written(err)
			}
		}
	}
	if err := os.Rename(filepath.Join(stage, databaseName), database); err != nil {
		return done, written(err)
	}
	return done, nil
}

// unpack writes an archive into a folder, and compares it with its manifest.
func unpack(ctx context.Context, r io.Reader, stage string) (m Manifest, err error) {
	broken := func(err error) error {
		return fault.Wrap(err, fault.Invalid, "This is no whole archive of `attache backup`: %v.", err)
	}
	found := map[string]Entry{}
	tr := tar.NewReader(r)
	for {
		if err := ctx.Err(); err != nil {
			return m, err
		}
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return m, broken(errors.New("its end is missing"))
		}
		if err != nil {
			return m, broken(err)
		}
		if h.Name == manifestName {
			break
		}
		if h.Typeflag != tar.TypeReg || !local(h.Name) || h.Name != databaseName && !strings.HasPrefix(h.Name, filesFolder) && !strings.HasPrefix(h.Name, dataFolder) {
			return m, broken(fmt.Errorf("it has an entry %q", h.Name))
		}
		if _, twice := found[h.Name]; twice {
			return m, broken(fmt.Errorf("it has %q twice", h.Name))
		}
		if found[h.Name], err = stageEntry(tr, h, stage); err != nil {
			return m, broken(err)
		}
	}
	if err := json.NewDecoder(io.LimitReader(tr, 1<<30)).Decode(&m); err != nil {
		return m, broken(err)
	}
	if m.Format != format {
		return m, broken(fmt.Errorf("its format is %d, this program knows %d", m.Format, format))
	}
	if len(found) != len(m.Entries) {
		return m, broken(fmt.Errorf("it has %d entries, and %d are missing", len(m.Entries), len(m.Entries)-len(found)))
	}
	for name, e := range m.Entries {
		if found[name] != e {
			return m, broken(fmt.Errorf("%q is damaged", name))
		}
	}
	return m, nil
}

func stageEntry(r io.Reader, h *tar.Header, stage string) (Entry, error) {
	path := filepath.Join(stage, filepath.FromSlash(h.Name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Entry{}, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, os.FileMode(h.Mode).Perm()&0o755|0o600)
	if err != nil {
		return Entry{}, err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), r)
	return Entry{n, hex.EncodeToString(sum.Sum(nil))}, errors.Join(err, f.Sync(), f.Close())
}

func upload(ctx context.Context, b *blob.Bucket, key, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := b.NewWriter(ctx, key, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return errors.Join(err, w.Close())
}

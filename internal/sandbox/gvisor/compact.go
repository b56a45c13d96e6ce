package gvisor

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
)

// An image is as large as the memory of its sandbox, 130 MB at least. One that
// is not soon restored is compressed, to about a fifth.

const (
	pagesFile      = "pages.img"
	compressedFile = "pages.img.zst"
	compactAfter   = 5 * time.Minute
)

// compact compresses the images of sessions that were stored before a time.
func (h *Host) compact(ctx context.Context, before time.Time) {
	filepath.WalkDir(h.dirs.sessions, func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return fs.SkipAll
		}
		if err != nil || d.Name() != pagesFile {
			return nil
		}
		info, err := d.Info()
		if err != nil || info.ModTime().After(before) {
			return nil
		}
		own, err := lockFile(filepath.Join(filepath.Dir(filepath.Dir(path)), "lock"))
		if err != nil {
			return nil // live
		}
		defer own.Close()
		if err := compress(path, filepath.Join(filepath.Dir(path), compressedFile)); err != nil {
			h.log.Warn("compression of a session", "error", err)
		}
		return nil
	})
}

// compress replaces src by a compressed dst. A crash leaves src.
func compress(src, dst string) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	err = create(dst, func(w io.Writer) error {
		enc, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
		if err != nil {
			return err
		}
		_, err = io.Copy(enc, in)
		return errors.Join(err, enc.Close())
	})
	if err != nil {
		return err
	}
	return os.Remove(src)
}

// expand makes sure that an image can be restored.
func expand(image string) error {
	src, dst := filepath.Join(image, compressedFile), filepath.Join(image, pagesFile)
	if _, err := os.Stat(dst); err == nil {
		return nil
	}
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	dec, err := zstd.NewReader(in)
	if err != nil {
		return err
	}
	defer dec.Close()
	if err := create(dst, func(w io.Writer) error { _, err := dec.WriteTo(w); return err }); err != nil {
		return err
	}
	return os.Remove(src)
}

// create writes a file that appears whole or not at all.
func create(path string, write func(io.Writer) error) error {
	tmp, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(write(tmp), tmp.Close()); err != nil {
		os.Remove(tmp.Name())
		return err
	}
	return os.Rename(tmp.Name(), path)
}

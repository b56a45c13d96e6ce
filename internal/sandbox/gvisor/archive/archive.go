// Package archive keeps files of sessions and snapshots elsewhere: as a tar, compressed
// with zstd, which has a sum of all.
package archive

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

// ErrDamaged is the error for an archive that is not as it was written. It is NotFound:
// nothing of it may be used.
var ErrDamaged = fault.New(fault.NotFound, "What is stored of this session is damaged.")

// Put has write make an archive, which is kept under a name as it is written.
func Put(ctx context.Context, images sandbox.Images, name string, write func(*tar.Writer) error) error {
	r, w := io.Pipe()
	go func() {
		z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err == nil {
			t := tar.NewWriter(z)
			err = write(t)
			if err == nil {
				err = errors.Join(t.Close(), z.Close())
			}
		}
		w.CloseWithError(err)
	}()
	err := images.Put(ctx, name, r)
	r.CloseWithError(errors.New("nobody reads it"))
	return err
}

// AddFile adds a file, under the last part of its name.
func AddFile(w *tar.Writer, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return Add(w, filepath.Base(f.Name()), info.Size(), f)
}

// Add adds so many bytes of r.
func Add(w *tar.Writer, name string, size int64, r io.Reader) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err := io.CopyN(w, r, size)
	return err
}

// Get has read read the archive that has a name, to its end. One that was cut or
// changed anywhere is ErrDamaged.
func Get(ctx context.Context, images sandbox.Images, name string, read func(*tar.Reader) error) error {
	r, err := images.Get(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	source := &failing{Reader: r}
	z, err := zstd.NewReader(source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return err
	}
	defer z.Close()
	archive := &failing{Reader: z}
	err = read(tar.NewReader(archive))
	if err == nil {
		// Nothing is behind a tar's end but, in the compression, the sum of all.
		_, err = io.CopyN(io.Discard, archive, 1)
		switch err {
		case nil:
			err = ErrDamaged
		case io.EOF:
			err = nil
		}
	}
	switch {
	case source.err != nil: // of a disk or a network, and not of the archive
		return source.err
	case !archive.some, archive.err != nil, errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, tar.ErrHeader):
		return errors.Join(ErrDamaged, err)
	}
	return err
}

// failing keeps the error with which its reader failed.
type failing struct {
	io.Reader
	some bool // something was read
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	f.some = f.some || n > 0
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// Extract writes the files that follow in an archive into a folder, if they are wanted
// and are together no larger than most.
func Extract(r *tar.Reader, dir string, most int64, wanted func(string) bool) error {
	for {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if most -= h.Size; most < 0 || h.Typeflag != tar.TypeReg || filepath.Base(h.Name) != h.Name || !wanted(h.Name) {
			return ErrDamaged
		}
		f, err := os.OpenFile(filepath.Join(dir, h.Name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
}

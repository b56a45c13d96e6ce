package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
	"github.com/attachebot/attache/internal/locale"
)

// Attach saves files of this machine as the person's, and says so.
func (t *Terminal) Attach(ctx context.Context, paths []string) (saved []files.File, err error) {
	return Attach(ctx, t.a.Files(), t.opts.User, paths, t.opts.Status, t.opts.Language)
}

// Attach saves regular files of this machine as the user's, and tells status of
// each. What was saved before an error stays.
func Attach(ctx context.Context, service *files.Service, user files.UserID, paths []string, status io.Writer, l *locale.Language) (saved []files.File, err error) {
	for _, path := range paths {
		s, err := attach(ctx, service, user, path)
		if err != nil {
			return saved, err
		}
		fmt.Fprintf(status, "%s %s\n%s\n%s • %s • %s\n", s.Emoji(), s.Name, l.T("File saved! ID: %s", s.ID), l.Measure(files.Size(s.Size)), s.Kind, s.Lifetime(l, s.UploadedAt))
		if s.Note != "" {
			fmt.Fprintln(status, s.Note)
		}
		saved = append(saved, s.File)
	}
	return saved, nil
}

func attach(ctx context.Context, service *files.Service, user files.UserID, path string) (files.Saved, error) {
	f, info, err := OpenFile(path)
	if err != nil {
		return files.Saved{}, err
	}
	defer f.Close()
	if !info.Mode().IsRegular() {
		return files.Saved{}, errNoFile(path)
	}
	return service.Save(ctx, files.Upload{User: user, Name: filepath.Base(path), Size: info.Size(), Body: f})
}

// OpenFile opens a file of this machine, which may be a pipe or a device.
func OpenFile(path string) (*os.File, os.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fault.Wrap(err, fault.Invalid, "%s can't be read: %v.", path, errors.Unwrap(err))
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		f.Close()
		return nil, nil, errNoFile(path)
	}
	return f, info, nil
}

func errNoFile(path string) error {
	return fault.New(fault.Invalid, "%s is not a file.", path)
}

// Made is a file that code made.
type Made struct {
	ID   files.ID `json:"id"`
	Name string   `json:"name"`
	Size int64    `json:"size"`
	Path string   `json:"path,omitempty"` // where it was written
}

// String is the line that tells of the file.
func (f Made) String() string {
	where := ""
	if f.Path != "" {
		where = " → " + f.Path
	}
	return fmt.Sprintf("File saved! ID: %s (%s, %s)%s", f.ID, f.Name, files.Size(f.Size), where)
}

// Fetch describes the files with these ids and, if folder is not empty, writes
// them there.
func Fetch(ctx context.Context, service *files.Service, user files.UserID, ids []string, folder string) ([]Made, error) {
	var made []Made
	for _, id := range ids {
		f, r, err := service.Open(ctx, user, files.ID(id))
		if err != nil {
			return made, err
		}
		m := Made{ID: f.ID, Name: f.Name, Size: f.Size}
		if folder != "" {
			m.Path, err = WriteNew(folder, f.Name, r)
		}
		r.Close()
		if err != nil {
			return made, fault.Wrap(err, fault.Unavailable, "%s can't be written: %v.", folder, err)
		}
		made = append(made, m)
	}
	return made, nil
}

// WriteNew writes a file into a folder, under its name or, where that is taken,
// with a number. It returns the path.
func WriteNew(folder, name string, r io.Reader) (string, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	ext := filepath.Ext(name)
	for n := 1; ; n++ {
		path := filepath.Join(folder, name)
		if n > 1 {
			path = filepath.Join(folder, fmt.Sprintf("%s_%d%s", strings.TrimSuffix(name, ext), n, ext))
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, os.ErrExist) && n < 1000 {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = io.Copy(f, r)
		return path, errors.Join(err, f.Close())
	}
}

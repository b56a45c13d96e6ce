package gvisor

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// answer gives the code what it asks for.
func (s *session) answer(ctx context.Context, cell sandbox.Cell, m *container.Message) (map[string]any, error) {
	if cell.Files == nil && (m.What == "list" || m.What == "stat" || m.What == "file" || m.What == "delete") {
		return nil, fault.New(fault.NotFound, "There are no files here.")
	}
	switch m.What {
	case "list":
		list, err := cell.Files.List(ctx)
		if list == nil {
			list = []sandbox.FileInfo{}
		}
		return map[string]any{"files": list}, err
	case "stat":
		info, err := cell.Files.Stat(ctx, m.File)
		return map[string]any{"file": info}, err
	case "file":
		info, path, err := s.bindFile(ctx, cell.Files, m.File)
		return map[string]any{"file": info, "path": path}, err
	case "delete":
		info, deleted, err := cell.Files.Delete(ctx, m.File)
		return map[string]any{"file": info, "deleted": deleted}, err
	case "input":
		if cell.Input == nil {
			return map[string]any{"data": []byte{}}, nil
		}
		data, err := cell.Input(ctx)
		return map[string]any{"data": data}, err
	case "import", "install":
		return s.provide(ctx, cell, m)
	}
	return nil, fault.New(fault.Invalid, "Unknown request.")
}

// bindFile puts one of the user's files into the session's folder and returns
// its path inside. Asked again, it is there already, unless it is gone for its
// user: then it is refused.
func (s *session) bindFile(ctx context.Context, files sandbox.Files, id string) (sandbox.FileInfo, string, error) {
	info, err := files.Stat(ctx, id)
	if err != nil {
		return sandbox.FileInfo{}, "", err
	}
	if st, err := os.Lstat(filepath.Join(s.c.Files, info.ID+info.Ext)); err != nil || st.Size() != info.Size {
		if info, err = copyFile(ctx, files, id, s.c.Files); err != nil {
			return sandbox.FileInfo{}, "", err
		}
	}
	inside := insideFiles + "/" + info.ID + info.Ext
	if slices.Contains(s.stored.Files, info.ID) {
		return info, inside, nil
	}
	s.stored.Files = append(s.stored.Files, info.ID)
	return info, inside, s.claim()
}

var safeName = regexp.MustCompile(`^[0-9A-Za-z_-]{1,100}(\.[0-9A-Za-z.]{1,16})?$`)

// copyFile writes a user's file to dir under its id. It appears there whole,
// and everybody may read it.
func copyFile(ctx context.Context, files sandbox.Files, id, dir string) (sandbox.FileInfo, error) {
	info, body, err := files.Open(ctx, id)
	if err != nil {
		return sandbox.FileInfo{}, err
	}
	defer body.Close()
	name := info.ID + info.Ext
	if !safeName.MatchString(name) {
		return sandbox.FileInfo{}, fault.New(fault.Internal, "This file has an unusable id.")
	}
	tmp, err := os.CreateTemp(filepath.Dir(dir), "incoming")
	if err == nil {
		defer os.Remove(tmp.Name())
		_, err = io.Copy(tmp, body)
		err = errors.Join(err, tmp.Chmod(0o444), tmp.Close())
	}
	if err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, name))
	}
	return info, fault.Wrap(err, fault.Unavailable, "The file could not be read right now.")
}

// provide installs what the code imports, or asks for.
func (s *session) provide(ctx context.Context, cell sandbox.Cell, m *container.Message) (map[string]any, error) {
	installing := false
	r := wheels.Request{Specs: m.Specs, Have: s.stored.Packages, Ask: cell.Ask, Installing: func(names string) {
		installing = true
		cell.Status(sandbox.Status{State: sandbox.Installing, Detail: names})
	}}
	if m.What == "import" {
		r.Module = m.Module
		if r.Module == "" {
			return nil, fault.New(fault.Invalid, "No module named %q.", "")
		}
	}
	got, err := s.wheels.Provide(ctx, r)
	if installing {
		cell.Status(sandbox.Status{State: sandbox.Running})
	}
	if err != nil {
		return nil, err
	}
	for _, f := range got.Folders {
		if !slices.Contains(s.stored.Packages, f) {
			s.stored.Packages = append(s.stored.Packages, f)
		}
	}
	s.notePackages()
	return map[string]any{"paths": insidePaths(got.Folders), "installed": got.Names}, s.claim()
}

// installed returns what was installed for a reply, as "name version".
func installed(reply map[string]any) []string {
	names, _ := reply["installed"].([]string)
	return names
}

// notePackages tells the sweep what the session needs.
func (s *session) notePackages() {
	list := slices.Clone(s.stored.Packages)
	s.packages.Store(&list)
}

// insidePaths returns where the folders of installed packages are inside.
func insidePaths(packages []string) []string {
	paths := make([]string, len(packages))
	for i, p := range packages {
		paths[i] = insidePackages + "/" + p
	}
	return paths
}

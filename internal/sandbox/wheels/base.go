package wheels

import (
	"bytes"
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// InsideBase is where the code sees an interpreter that is not the system's.
const InsideBase = "/python"

// notCopied are folders of a standard library that the code has no use for, or
// that hold what the operator installed.
var notCopied = []string{"site-packages", "dist-packages", "test", "idlelib", "turtledemo", "ensurepip"}

// copyBase copies the interpreter into dir: its executable, its standard library
// without what was installed into it, and the shared libraries that these need and
// the system's folders do not have. The copy works at InsideBase, names no folder
// of the operator, and stays when the original is updated or removed.
func copyBase(base basePython, dir string) error {
	name := "python" + base.Version
	if err := copyFile(base.Executable, filepath.Join(dir, "bin", name)); err != nil {
		return err
	}
	lib := filepath.Join(dir, "lib", name)
	from := filepath.Join(base.Prefix, "lib", name)
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(notCopied, d.Name()) || strings.HasPrefix(d.Name(), "config-") {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(lib, rel), 0o755)
		}
		if strings.HasPrefix(d.Name(), "_sysconfigdata") {
			return copyNeutral(path, filepath.Join(lib, rel), base.Prefix)
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return nil // a link to nowhere, or to a folder
		}
		return copyFile(path, filepath.Join(lib, rel))
	})
	if err != nil {
		return err
	}
	// Its place for packages; the environment has its own.
	if err := os.MkdirAll(filepath.Join(lib, "site-packages"), 0o755); err != nil {
		return err
	}
	return copyLibraries(base, dir)
}

// copyNeutral copies the description of how Python was built without the folder
// that it was built for. What was compiled from the original is left out.
func copyNeutral(from, to, prefix string) error {
	if filepath.Ext(from) != ".py" {
		return nil
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, bytes.ReplaceAll(data, []byte(prefix), []byte(InsideBase)), 0o644)
}

// copyLibraries copies the shared libraries that the copied programs need, and
// those that these need in turn.
func copyLibraries(base basePython, dir string) error {
	var todo []string
	for _, pattern := range []string{filepath.Join(base.Prefix, "lib", "python"+base.Version, "lib-dynload", "*.so"), base.Executable} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		todo = append(todo, found...)
	}
	have := map[string]bool{}
	for ; len(todo) > 0; todo = todo[1:] {
		needed, folders, err := needs(todo[0])
		if err != nil {
			return err
		}
		folders = append(folders, filepath.Join(base.Prefix, "lib"), "/usr/local/lib", "/usr/local/lib64")
		for _, lib := range needed {
			if have[lib] {
				continue
			}
			have[lib] = true
			for _, f := range folders {
				path := filepath.Join(f, lib)
				if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || ofSystem(path) {
					continue
				}
				if err := copyFile(path, filepath.Join(dir, "lib", lib)); err != nil {
					return err
				}
				todo = append(todo, path)
				break
			}
		}
	}
	return nil
}

// needs returns the libraries that a program or library names, and the folders in
// which it wants them looked for first.
func needs(path string) (libraries, folders []string, err error) {
	f, err := elf.Open(path)
	if err != nil {
		var bad *elf.FormatError
		if errors.As(err, &bad) {
			return nil, nil, nil
		}
		return nil, nil, err
	}
	defer f.Close()
	if libraries, err = f.ImportedLibraries(); err != nil {
		return nil, nil, err
	}
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		lists, err := f.DynString(tag)
		if err != nil {
			return nil, nil, err
		}
		for _, list := range lists {
			for folder := range strings.SplitSeq(list, ":") {
				folder = strings.NewReplacer("$ORIGIN", filepath.Dir(path), "${ORIGIN}", filepath.Dir(path)).Replace(folder)
				if filepath.IsAbs(folder) {
					folders = append(folders, folder)
				}
			}
		}
	}
	return libraries, folders, nil
}

// ofSystem tells whether a path leads into what the code sees as /usr.
func ofSystem(path string) bool {
	real, err := filepath.EvalSymlinks(path)
	return err == nil && strings.HasPrefix(real, "/usr/") && !strings.HasPrefix(real, "/usr/local/")
}

// copyFile copies a file with its mode and time, which compiled Python code is
// checked against.
func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm()|0o444)
	if err != nil {
		return err
	}
	if _, err := out.ReadFrom(in); err != nil {
		out.Close()
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}

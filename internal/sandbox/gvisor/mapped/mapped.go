// Package mapped lists the files of the host that an image of a sandbox was made
// with. gVisor maps them again at a restore by their paths, and does not look
// whether they are still the same; after an update of a library the code would
// run on halves of two versions.
package mapped

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// List has the files that a sandbox had open, sorted by path.
type List []file

type file struct {
	Path  string
	Size  int64
	Time  int64 // of the last change, in nanoseconds
	Inode uint64
	Sum   string // SHA-256 of the content
}

// ErrReplaced says that a sandbox has files open that their paths no longer lead
// to: they were replaced while it ran.
var ErrReplaced = errors.New("a file of the system was replaced while the sandbox ran")

// Of lists what a sandbox process has open below a folder, which is at the same
// place inside. It asks the kernel, and nothing inside.
func Of(pid int, folder string) (List, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var m List
	for _, e := range entries {
		fd := filepath.Join(dir, e.Name())
		target, err := os.Readlink(fd)
		path, inside := strings.CutPrefix(target, "/root") // where gVisor's helper mounts the system that the code sees
		if err != nil || !inside || !strings.HasPrefix(path, folder+"/") {
			continue
		}
		open, err := os.Stat(fd)
		if err != nil || !open.Mode().IsRegular() || slices.ContainsFunc(m, func(f file) bool { return f.Path == path }) {
			continue
		}
		f, err := describe(fd, path)
		if err != nil {
			return nil, err
		}
		if now, err := os.Stat(path); err != nil || !f.same(now) {
			return nil, ErrReplaced
		}
		m = append(m, f)
	}
	if len(m) == 0 { // Python itself is such a file
		return nil, errors.New("the sandbox shows none of the system's files that it has open")
	}
	slices.SortFunc(m, func(a, b file) int { return strings.Compare(a.Path, b.Path) })
	return m, nil
}

// describe tells of the file that stands at from, under the path given.
func describe(from, path string) (file, error) {
	f, err := os.Open(from)
	if err != nil {
		return file{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return file{}, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return file{}, err
	}
	return file{path, info.Size(), info.ModTime().UnixNano(), inode(info), hex.EncodeToString(sum.Sum(nil))}, nil
}

func inode(info os.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ino
	}
	return 0
}

// same tells without reading it whether a file is the one that was described.
func (f file) same(info os.FileInfo) bool {
	return info.Size() == f.Size && info.ModTime().UnixNano() == f.Time && inode(info) == f.Inode
}

// Fits tells whether all files of a list still have the content that they had.
// Only files that were touched are read. What is no list does not fit.
func Fits(list []byte) bool {
	var m List
	if json.Unmarshal(list, &m) != nil {
		return false
	}
	for _, f := range m {
		info, err := os.Stat(f.Path)
		if err != nil || info.Size() != f.Size {
			return false
		}
		if f.same(info) {
			continue
		}
		if now, err := describe(f.Path, f.Path); err != nil || now.Sum != f.Sum {
			return false
		}
	}
	return true
}

// Digest names the contents.
func (m List) Digest() string {
	sum := sha256.New()
	for _, f := range m {
		fmt.Fprintln(sum, f.Path, f.Size, f.Sum)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Name is the file with the list in the folder of an image.
const Name = "mapped.json"

// Encode returns the list as Fits takes it.
func (m List) Encode() ([]byte, error) { return json.Marshal(m) }

// Write puts the list into the folder of an image.
func (m List) Write(image string) error {
	data, err := m.Encode()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(image, Name), data, 0o600)
}

// ImageFits tells whether an image can be restored on the system as it is now. An
// image without a list can't.
func ImageFits(image string) bool {
	data, err := os.ReadFile(filepath.Join(image, Name))
	return err == nil && Fits(data)
}

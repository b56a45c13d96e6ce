package wheels

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/attachebot/attache/internal/fault"
)

// installed is a distribution on the disk.
type installed struct {
	folder string
	bytes  int64
	used   time.Time // when a session last asked for it
}

// all returns what is installed, that unused for longest first.
func (p *Store) all() []installed {
	var all []installed
	entries, _ := os.ReadDir(p.dir)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() || strings.HasPrefix(e.Name(), ".") { // being made
			continue
		}
		all = append(all, installed{e.Name(), p.size(e.Name()), info.ModTime()})
	}
	slices.SortFunc(all, func(a, b installed) int { return a.used.Compare(b.used) })
	return all
}

// size returns the bytes of a folder on the disk. What is in one never changes,
// so it is looked at once.
func (p *Store) size(folder string) int64 {
	p.mu.Lock()
	n, known := p.sizes[folder]
	p.mu.Unlock()
	if known {
		return n
	}
	n = DiskBytes(filepath.Join(p.dir, folder))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sizes[folder] = n
	return n
}

// DiskBytes returns what all below dir takes of the disk, without what a link leads to.
func DiskBytes(dir string) (n int64) {
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil {
			n += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return nil
	})
	return n
}

// Room returns how many bytes all packages take, and may take.
func (p *Store) Room() (bytes, bound int64) {
	for _, f := range p.all() {
		bytes += f.bytes
	}
	return bytes, p.opts.Total
}

// makeRoom removes packages, those unused for longest first, until all take no
// more than they may. Those of sessions that live stay, and keep. Kind Exhausted:
// these alone take more.
func (p *Store) makeRoom(keep []string) error {
	all, total := p.all(), int64(0)
	for _, f := range all {
		total += f.bytes
	}
	for _, f := range all {
		if total <= p.opts.Total {
			return nil
		}
		if slices.Contains(keep, f.folder) || p.opts.InUse(f.folder) {
			continue
		}
		if err := p.remove(f.folder); err != nil {
			p.opts.Log.Warn("remove a package over the bound", "error", err)
			continue
		}
		p.opts.Log.Info("package removed: over the bound of bytes", "folder", f.folder, "bytes", f.bytes)
		total -= f.bytes
	}
	if total > p.opts.Total {
		return fault.New(fault.Exhausted, "The packages that conversations use right now take all of the %s that there is for packages. Please try again later.", bytesText(p.opts.Total))
	}
	return nil
}

func (p *Store) remove(folder string) error {
	defer p.lock(folder)()
	p.mu.Lock()
	delete(p.sizes, folder)
	p.mu.Unlock()
	return os.RemoveAll(filepath.Join(p.dir, folder))
}

// Sweep removes what no session has asked for in a week and is not in use now,
// and what is over the bound.
func (p *Store) Sweep() {
	entries, _ := os.ReadDir(p.dir)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < packagesKeep || p.opts.InUse(e.Name()) {
			continue
		}
		if err := p.remove(e.Name()); err != nil {
			p.opts.Log.Warn("sweep of a package", "error", err)
		}
	}
	_ = p.makeRoom(nil) // what is in use may be over it
}

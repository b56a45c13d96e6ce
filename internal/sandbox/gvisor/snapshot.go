package gvisor

import (
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/gvisor/image"
	"github.com/attachebot/attache/internal/sandbox/gvisor/mapped"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// snapshots are the images that new sessions start from. There is one for each
// state of the system; what is not there is made, by a cold start.
type snapshots struct {
	dir      string
	base     string // of the host: may be another tomorrow
	starter  *starter
	shelf    *shelf
	updated  func() // called when the system was updated while the host runs
	bound    int64  // bytes of all
	log      *slog.Logger
	progress io.Writer

	mu    sync.Mutex
	image string // the one that fitted last
}

// key names what a checkpoint depends on, but for the files that it maps: what was
// running, on what, confined how.
func (m *snapshots) key() (string, error) {
	b := m.starter.bundle
	sum := sha256.New()
	if info, err := buildinfo.ReadFile(m.starter.runsc.Path); err == nil {
		fmt.Fprintln(sum, info)
	} else {
		return "", fmt.Errorf("%s: %w", m.starter.runsc.Path, err)
	}
	fmt.Fprintln(sum, filepath.Base(b.python.Env), filepath.Base(b.runner))
	common := *b
	common.tools = "" // which folder of tools is bound changes nothing
	spec, err := json.Marshal(common.spec(""))
	if err != nil {
		return "", err
	}
	// The folders may move; what is in them stays the same.
	fmt.Fprintln(sum, strings.NewReplacer(m.base, "", b.python.Env, "").Replace(string(spec)))
	info, _ := os.ReadFile("/proc/cpuinfo")
	fmt.Fprintln(sum, cpuFeatures(string(info)))
	fmt.Fprintln(sum, "snapshots are named by content")
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

// cpuFeatures returns, of /proc/cpuinfo, what code may have been chosen by: a checkpoint holds
// the choices. The model's name is not among it: a processor of another name with
// the same features restores what this one stored.
func cpuFeatures(info string) string {
	var part, flags string
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(name) {
		case "CPU part": // of ARM, whose features are few
			part = value
		case "flags", "Features":
			flags = value
		}
	}
	return part + flags
}

// find returns the snapshot that fits the system, made if it is not there.
func (m *snapshots) find(ctx context.Context) (string, error) {
	key, err := m.key()
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable, "runsc (gVisor) can't be used: build it with `make build`, or set RUNSC.")
	}
	made, _ := filepath.Glob(filepath.Join(m.dir, key+"-*", "checkpoint.img"))
	for _, file := range made {
		if image := filepath.Dir(file); mapped.ImageFits(image) {
			m.use(image)
			return image, nil
		}
	}
	began := time.Now()
	fmt.Fprintln(m.progress, "Starting Python in gVisor once, to start from its snapshot from now on")
	c, err := m.starter.start(ctx, origin{})
	if err != nil {
		return "", err
	}
	defer c.Destroy()
	if _, err := tidy(ctx, c); err != nil {
		return "", container.StartError(err, c.Said())
	}
	files, err := mapped.Of(c.PID, "/usr")
	if err != nil {
		return "", container.StartError(err, "")
	}
	tmp := filepath.Join(m.dir, "new."+newID())
	defer os.RemoveAll(tmp)
	if err := m.starter.runsc.Checkpoint(ctx, c.ID, tmp); err != nil {
		return "", container.StartError(err, err.Error())
	}
	content, err := image.Content(tmp)
	if err != nil {
		return "", err
	}
	if err := image.WriteHashes(tmp); err != nil {
		return "", err
	}
	folder := filepath.Join(m.dir, key+"-"+files.Digest()+"-"+content)
	if err := files.Write(tmp); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, folder); err != nil {
		if _, serr := os.Stat(filepath.Join(folder, "checkpoint.img")); serr != nil {
			return "", err
		}
	}
	m.log.Info("snapshot made", "key", key, "ms", time.Since(began).Milliseconds())
	return folder, nil
}

// keyOf returns the key in a snapshot's name.
func keyOf(name string) string {
	key, _, _ := strings.Cut(name, "-")
	return key
}

// current returns the snapshot that fits the system as it is now. When the system
// was updated while the host runs, it makes a new one, once; what waited in the
// pool goes, and sessions come back as their variables.
func (m *snapshots) current(ctx context.Context) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.image != "" && mapped.ImageFits(m.image) {
		return m.image, nil
	}
	image, err := m.find(ctx)
	if err != nil {
		return "", err
	}
	if m.image != "" {
		m.log.Warn("the system was updated, so a new snapshot was made", "snapshot", filepath.Base(image))
		m.updated()
	}
	m.image = image
	return image, nil
}

// start restores the snapshot.
func (m *snapshots) start(ctx context.Context) (*container.Container, error) {
	image, err := m.current(ctx)
	if err != nil {
		return nil, err
	}
	return m.starter.start(ctx, origin{image: image, snapshot: filepath.Base(image)})
}

// use tells other processes that this one needs an image, for a day. It removes
// the snapshots that no process and no stored session needs.
func (m *snapshots) use(image string) {
	now := time.Now()
	if err := os.Chtimes(image, now, now); err != nil {
		m.log.Warn("snapshot", "error", err)
	}
	needed := m.shelf.snapshots()
	remove := func(s onShelf) bool {
		if err := os.RemoveAll(s.path); err != nil {
			m.log.Warn("remove a snapshot", "error", err)
			return false
		}
		return true
	}
	all := slices.DeleteFunc(m.all(), func(s onShelf) bool {
		return !needed[filepath.Base(s.path)] && now.Sub(s.used) > snapshotUnused && remove(s)
	})
	total := int64(0)
	for _, s := range all {
		total += s.bytes
	}
	for _, s := range all {
		if total > m.bound && now.Sub(s.used) > snapshotBusy && remove(s) {
			total -= s.bytes
		}
	}
}

// Snapshots unused for longest go first. A stored session whose snapshot is gone
// comes back as its variables.
const (
	snapshotBytes  = int64(2 << 30) // of all
	snapshotUnused = 24 * time.Hour // until one goes that no stored session needs
	snapshotBusy   = 2 * time.Hour  // a process that uses one touches it every hour
)

// onShelf is a snapshot on the disk.
type onShelf struct {
	path  string
	bytes int64
	used  time.Time
}

// all returns the snapshots, those from other machines too, that unused for longest first.
func (m *snapshots) all() []onShelf {
	var all []onShelf
	for _, dir := range []string{m.dir, filepath.Join(m.base, fetchedFolder)} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if info, err := e.Info(); err == nil {
				path := filepath.Join(dir, e.Name())
				all = append(all, onShelf{path, wheels.DiskBytes(path), info.ModTime()})
			}
		}
	}
	slices.SortFunc(all, func(a, b onShelf) int { return a.used.Compare(b.used) })
	return all
}

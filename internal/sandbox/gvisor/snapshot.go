package gvisor

import (
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
	"github.com/attachebot/attache/internal/sandbox/gvisor/image"
	"github.com/attachebot/attache/internal/sandbox/gvisor/mapped"
	"github.com/attachebot/attache/runner"
)

// extractRunner writes the package attache below dir, once for each version.
func extractRunner(dir string) (string, error) {
	sum := sha256.New()
	content := map[string][]byte{}
	err := fs.WalkDir(runner.Python, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "tests/") {
			return err
		}
		data, err := runner.Python.ReadFile(name)
		content[name] = data
		fmt.Fprintf(sum, "%s %d\n%s", name, len(data), data)
		return err
	})
	if err != nil {
		return "", err
	}
	target := filepath.Join(dir, "runner-"+hex.EncodeToString(sum.Sum(nil)[:8]))
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	tmp, err := os.MkdirTemp(dir, ".runner")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	for name, data := range content {
		path := filepath.Join(tmp, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return "", err
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, target); err != nil && !os.IsExist(err) {
		if _, serr := os.Stat(target); serr != nil {
			return "", err
		}
	}
	return target, nil
}

// snapshotKey names what a checkpoint depends on, but for the files that it maps:
// what was running, on what, confined how.
func (h *Host) snapshotKey() (string, error) {
	sum := sha256.New()
	if info, err := buildinfo.ReadFile(h.runsc.Path); err == nil {
		fmt.Fprintln(sum, info)
	} else {
		return "", fmt.Errorf("%s: %w", h.runsc.Path, err)
	}
	fmt.Fprintln(sum, filepath.Base(h.python.Env), filepath.Base(h.dirs.runner))
	common := *h.bundle
	common.tools = "" // which folder of tools is bound changes nothing
	spec, err := json.Marshal(common.spec(""))
	if err != nil {
		return "", err
	}
	// The folders may move; what is in them stays the same.
	fmt.Fprintln(sum, strings.NewReplacer(h.dirs.base, "", h.python.Env, "").Replace(string(spec)))
	fmt.Fprintln(sum, cpuFeatures())
	fmt.Fprintln(sum, "snapshots are named by content")
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

// cpuFeatures returns what code may have been chosen by: a checkpoint holds
// the choices. The model's name is not among it: a processor of another name with
// the same features restores what this one stored.
func cpuFeatures() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	var part, flags string
	for line := range strings.Lines(string(data)) {
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

// snapshot returns the image that new sessions start from, made if it is not
// there: a cold start, once.
func (h *Host) snapshot(ctx context.Context) (string, error) {
	key, err := h.snapshotKey()
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable, "runsc (gVisor) can't be used: build it with `make build`, or set RUNSC.")
	}
	made, _ := filepath.Glob(filepath.Join(h.dirs.snapshots, key+"-*", "checkpoint.img"))
	for _, m := range made {
		if image := filepath.Dir(m); mapped.ImageFits(image) {
			h.useSnapshot(image)
			return image, nil
		}
	}
	began := time.Now()
	fmt.Fprintln(h.opts.Progress, "Starting Python in gVisor once, to start from its snapshot from now on")
	c, err := h.start(ctx, origin{})
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
	tmp := filepath.Join(h.dirs.snapshots, "new."+newID())
	defer os.RemoveAll(tmp)
	if err := h.runsc.Checkpoint(ctx, c.ID, tmp); err != nil {
		return "", container.StartError(err, err.Error())
	}
	content, err := image.Content(tmp)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(h.dirs.snapshots, key+"-"+files.Digest()+"-"+content)
	if err := files.Write(tmp); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, folder); err != nil {
		if _, serr := os.Stat(filepath.Join(folder, "checkpoint.img")); serr != nil {
			return "", err
		}
	}
	h.log.Info("snapshot made", "key", key, "ms", time.Since(began).Milliseconds())
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
func (h *Host) current(ctx context.Context) (string, error) {
	h.imageMu.Lock()
	defer h.imageMu.Unlock()
	if mapped.ImageFits(h.image) {
		return h.image, nil
	}
	image, err := h.snapshot(ctx)
	if err != nil {
		return "", err
	}
	h.log.Warn("the system was updated, so a new snapshot was made", "snapshot", filepath.Base(image))
	h.image = image
	h.pool.shrink(0)
	return image, nil
}

// useSnapshot tells other processes that this one needs image, for a day. It
// removes the snapshots that no process and no stored session needs.
func (h *Host) useSnapshot(image string) {
	now := time.Now()
	if err := os.Chtimes(image, now, now); err != nil {
		h.log.Warn("snapshot", "error", err)
	}
	needed := map[string]bool{}
	records, _ := filepath.Glob(filepath.Join(h.dirs.sessions, "*", "*", "session.json"))
	for _, record := range records {
		st := readStored(filepath.Dir(record))
		for _, one := range []*stored{&st, st.Next, st.Before} {
			if one != nil {
				needed[one.Compatible] = true
			}
		}
	}
	entries, _ := os.ReadDir(h.dirs.snapshots)
	for _, e := range entries {
		if needed[e.Name()] {
			continue
		}
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > 24*time.Hour {
			os.RemoveAll(filepath.Join(h.dirs.snapshots, e.Name()))
		}
	}
}

package wheels

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
)

// installError makes one sentence of what the installer said.
func installError(err error, wanted []requirement, said, python string) error {
	names := make([]string, len(wanted))
	for i, r := range wanted {
		names[i] = r.name
	}
	name := strings.Join(names, ", ")
	low := strings.ToLower(strings.Join(strings.Fields(said), " "))
	full := fmt.Errorf("%w: %s", err, brief.Bytes(brief.Line(said), 2000))
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case strings.Contains(low, "was not found in the package registry"):
		return fault.Wrap(full, fault.NotFound, "There is no package named %s on the package index.", name)
	case strings.Contains(low, "no usable wheels"), strings.Contains(low, "no wheels"), strings.Contains(low, "building from source is disabled"):
		return fault.Wrap(full, fault.Invalid, "%s has no wheel for Python %s on this system, and packages that must be built are not installed.", name, python)
	case unreachable(low):
		return fault.Wrap(full, fault.Unavailable, "The package index can't be reached right now, so %s was not installed.", name)
	case strings.Contains(low, "no solution found"):
		return fault.Wrap(full, fault.Invalid, "%s does not fit the packages that are here: %s", name, brief.Bytes(brief.Line(folders.ReplaceAllString(because(said), "${1}…")), 300))
	}
	return fault.Wrap(full, fault.Unavailable, "%s could not be installed.", name)
}

// environmentError makes one sentence of why the environment was not installed.
func environmentError(err error, said string) error {
	low := strings.ToLower(strings.Join(strings.Fields(said), " "))
	full := fmt.Errorf("%w: %s", err, brief.LastLine(said))
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), strings.Contains(low, "(os error 28)"), strings.Contains(low, "(os error 122)"):
		return fault.Wrap(full, fault.Unavailable, "The Python environment could not be installed: the disk is full. It takes 1.5 GB and 40,000 files.")
	case strings.Contains(low, "hash mismatch"):
		return fault.Wrap(full, fault.Unavailable, "The Python environment could not be installed: the package index has other files than the ones that are known.")
	case unreachable(low):
		return fault.Wrap(full, fault.Unavailable, "The package index can't be reached to install the Python environment; check the network, or set UV_DEFAULT_INDEX to a mirror.")
	}
	return fault.Wrap(full, fault.Unavailable, "The Python environment could not be installed. Check with `attache doctor`.")
}

// unreachable tells whether the installer, in lower case, says that it did not
// come to the index.
func unreachable(said string) bool {
	for _, sign := range []string{"error sending request", "failed to fetch", "dns error", "connect", "timed out"} {
		if strings.Contains(said, sign) {
			return true
		}
	}
	return false
}

// MayExecute returns an error if programs in dir can't be executed, as its file
// system is mounted.
func MayExecute(dir string) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil || fs.Flags&unix.ST_NOEXEC == 0 {
		return nil
	}
	return fault.Wrap(fmt.Errorf("%s is in a file system that is mounted noexec", dir), fault.Unavailable,
		"Code can't run here: the data folder is in a file system that is mounted noexec; choose another one with DATA_DIR.")
}

// folders are paths of this machine in what the installer said.
var folders = regexp.MustCompile("(^|[\\s\"'`(=])(?:file://)?/[^\\s\"'`),]+")

// because returns the reason out of a report of the resolver.
func because(said string) string {
	s := strings.Join(strings.Fields(said), " ")
	if _, reason, ok := strings.Cut(s, "Because "); ok {
		return "because " + reason
	}
	return s
}

func bytesText(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/(1<<20)) }

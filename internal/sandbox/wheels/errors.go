package wheels

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

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
	case strings.Contains(low, "error sending request"), strings.Contains(low, "failed to fetch"), strings.Contains(low, "dns error"),
		strings.Contains(low, "connect"), strings.Contains(low, "timed out"):
		return fault.Wrap(full, fault.Unavailable, "The package index can't be reached right now, so %s was not installed.", name)
	case strings.Contains(low, "no solution found"):
		return fault.Wrap(full, fault.Invalid, "%s does not fit the packages that are here: %s", name, brief.Bytes(brief.Line(folders.ReplaceAllString(because(said), "${1}…")), 300))
	}
	return fault.Wrap(full, fault.Unavailable, "%s could not be installed.", name)
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

package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// setup prepares what the first question would otherwise wait for: the Python
// environment and the snapshot.
func (m *Main) setup(ctx context.Context, args []string) error {
	if _, err := parse(m.flags("setup"), args); err != nil {
		return err
	}
	began := time.Now()
	if _, err := m.openDataDir(); err != nil {
		return err
	}
	m.Config.Pool = 0
	if _, err := m.openPython(ctx, m.log(m.quiet()), m.Stderr); err != nil {
		return err
	}
	fmt.Fprintf(m.Stderr, "Ready in %.1f s.\n", time.Since(began).Seconds())
	return nil
}

// version prints what was built from what.
func (m *Main) version(ctx context.Context, args []string) error {
	if _, err := parse(m.flags("version"), args); err != nil {
		return err
	}
	version, revision := "(devel)", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = " " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	fmt.Fprintf(m.Stdout, "attache %s%s %s %s/%s\n", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

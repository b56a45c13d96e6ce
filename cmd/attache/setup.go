package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

func (m *Main) setupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "setup", Short: "prepare the Python environment and the sandbox", Args: exactly(0, ""),
		Long: "Prepares what the first question would otherwise wait for: the Python environment and the sandbox's snapshot.",
		RunE: m.with(m.setup),
	}
}

// setup prepares what the first question would otherwise wait for: the Python
// environment and the snapshot.
func (m *Main) setup(ctx context.Context, _ []string) error {
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

func (m *Main) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version", Args: exactly(0, ""),
		Run: func(*cobra.Command, []string) { fmt.Fprintln(m.Stdout, "attache "+version()) },
	}
}

// released is the version of a release, set when it is built.
var released string

// version says what was built, from what, and for what.
func version() string {
	version, revision := "(devel)", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = " " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	version = cmp.Or(released, version)
	return fmt.Sprintf("%s%s %s %s/%s", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

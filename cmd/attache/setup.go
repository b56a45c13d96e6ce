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
	var pythonOnly bool
	c := &cobra.Command{
		Use: "setup", Short: "prepare the Python environment and the sandbox", Args: exactly(0, ""),
		Long: "Prepares what the first question would otherwise wait for: the Python environment and the sandbox's snapshot.",
		RunE: m.with(func(ctx context.Context, _ []string) error { return m.setup(ctx, pythonOnly) }),
	}
	c.Flags().BoolVar(&pythonOnly, "python", false, "the Python environment alone: where no sandbox can start, as when an image is built")
	return c
}

// setup prepares what the first question would otherwise wait for: the Python
// environment and, unless pythonOnly, the snapshot.
func (m *Main) setup(ctx context.Context, pythonOnly bool) error {
	began := time.Now()
	if err := m.prepare(ctx, pythonOnly); err != nil {
		return err
	}
	fmt.Fprintf(m.Stderr, "Ready in %.1f s.\n", time.Since(began).Seconds())
	return nil
}

func (m *Main) prepare(ctx context.Context, pythonOnly bool) error {
	if pythonOnly {
		_, err := m.preparePython(ctx, m.Stderr)
		return stopped(ctx, err)
	}
	if _, err := m.openDataDir(ctx); err != nil {
		return err
	}
	m.Config.Pool = 0
	_, err := m.openPython(ctx, m.log(m.quiet()), m.Stderr)
	return err
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

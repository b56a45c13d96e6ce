package main

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/testbin"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"toolserver":    toolServer,
		"attache-apart": serveApart,
		"attache": func() {
			os.Exit(run())
		},
	})
}

// TestScripts plays what a person does in a shell, and what they see.
func TestScripts(t *testing.T) {
	python := gvisortest.Python(t)
	snapshots := filepath.Join(gvisortest.Base(), "sandbox", "snapshots")
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/scripts",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			data := filepath.Join(env.WorkDir, "data")
			if err := os.MkdirAll(filepath.Join(data, "sandbox"), 0o755); err != nil {
				return err
			}
			if err := os.Symlink(filepath.Dir(python.Env), filepath.Join(data, "python")); err != nil {
				return err
			}
			if err := os.Symlink(snapshots, filepath.Join(data, "sandbox", "snapshots")); err != nil {
				return err
			}
			env.Setenv("DATA_DIR", data)
			env.Setenv("RUNSC", gvisortest.Runsc())
			env.Setenv("PYTHON", os.Getenv("PYTHON"))
			env.Setenv("DATASETS", filepath.Join(testbin.Root(), "runner", "tests", "testdata"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"pictures": pictures},
	})
}

// pictures FOLDER [N] fails unless the folder has at least N (1) PNG files and
// none of them is blank.
func pictures(ts *testscript.TestScript, neg bool, args []string) {
	least := 1
	if len(args) > 1 {
		fmt.Sscan(args[1], &least)
	}
	paths, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*.png"))
	ts.Check(err)
	if len(paths) < least {
		ts.Fatalf("%d pictures, want at least %d", len(paths), least)
	}
	for _, p := range paths {
		if blank(ts, p) {
			ts.Fatalf("%s is blank", p)
		}
	}
}

func blank(ts *testscript.TestScript, path string) bool {
	f, err := os.Open(path)
	ts.Check(err)
	defer f.Close()
	img, err := png.Decode(f)
	ts.Check(err)
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if img.At(x, y) != img.At(b.Min.X, b.Min.Y) {
				return false
			}
		}
	}
	return true
}

package testbin

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Required reports whether $REQUIRE names what a test needs.
func Required(name string) bool {
	return slices.Contains(strings.Split(os.Getenv("REQUIRE"), ","), name)
}

// Venv returns the Python of a virtual environment in .cache that has packages
// (name==version) from PyPI. It is made once. A test whose packages can't be had
// goes without them, as Missing says.
func Venv(t testing.TB, name string, packages ...string) string {
	t.Helper()
	venv := venvOf(name, packages)
	python := filepath.Join(venv, "bin", "python")
	if _, err := os.Stat(python); err == nil {
		return python
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	// Nothing in an environment minds that it is moved but the commands of its
	// packages, which are run as modules.
	made, err := os.MkdirTemp(mustCache(t), "venv-*")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(made)
	steps := [][]string{{"python3", "-m", "venv", made}, {made + "/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"}}
	if uv, _ := filepath.Glob(filepath.Join(mustCache(t), "data", "python", "uv-*", "uv")); len(uv) > 0 { // many times faster
		steps = [][]string{{uv[0], "venv", "--quiet", "--clear", "--python", "python3", made}, {uv[0], "pip", "install", "--quiet", "--python", made + "/bin/python"}}
	}
	steps[1] = append(steps[1], packages...)
	for _, args := range steps {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			Missing(t, name, fmt.Sprintf("%v: %v\n%s", args, err, out))
		}
	}
	if err := os.Rename(made, venv); err != nil {
		if _, there := os.Stat(python); there != nil {
			t.Fatal(err)
		}
	}
	return python
}

// LargeVenv is Venv for packages that are too large to be fetched unasked: they
// are there, or $REQUIRE names them.
func LargeVenv(t testing.TB, name string, packages ...string) string {
	t.Helper()
	if _, err := os.Stat(venvOf(name, packages)); err != nil && !Required(name) {
		Missing(t, name, "REQUIRE="+name+" installs "+strings.Join(packages, " "))
	}
	return Venv(t, name, packages...)
}

func venvOf(name string, packages []string) string {
	return filepath.Join(Root(), ".cache", fmt.Sprintf("%s-%.6x", name, sha256.Sum256([]byte(strings.Join(packages, " ")))))
}

func mustCache(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(Root(), ".cache")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

package gvisor_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/probe"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// A Python in somebody's home, as pyenv, uv and conda make them, works, and the
// code sees neither where it is, nor whose it is, nor what else was installed
// there.
func TestPythonOfSomebody(t *testing.T) {
	t.Parallel()
	gvisortest.Python(t)
	sandboxtest.NeedIndex(t)
	prefix := somebodysPython(t)
	python, err := wheels.PreparePython(t.Context(), filepath.Join(gvisortest.Base(), "python"), filepath.Join(prefix, "bin", "python3"), os.Getenv("UV_DEFAULT_INDEX"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	dir := gvisortest.Dir(t)
	h, err := gvisor.Open(t.Context(), dir, gvisortest.Runsc(), python, gvisor.Options{Process: gvisortest.Process(t, dir)})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	s := sandboxtest.NewSession(t, h)
	s.Expect(`
import ssl, sqlite3, ctypes, lzma, bz2, hashlib, zoneinfo, curses, readline
import pandas as pd, matplotlib.pyplot as plt
pd.DataFrame({'a': [1, 2]}).a.sum()`, "np.int64(3)")
	s.Expect("import subprocess\nsubprocess.run(['python3', '-c', 'import numpy; print(numpy.ones(3).sum())'], capture_output=True, text=True).stdout", `'3.0\n'`)
	s.Expect(`
import glob, importlib.util, os, sys, sysconfig
word = 'somebody'
found = [k for k, v in sysconfig.get_config_vars().items() if word in str(v)]
found += [p for p in sys.path + [sys.executable, sys.prefix, sys.base_prefix, os.path.realpath(sys.executable)] if word in p]
for f in ('maps', 'environ', 'cmdline', 'mounts', 'mountinfo'):
    try: found += [line for line in open('/proc/self/' + f, errors='replace') if word in line]
    except FileNotFoundError: pass
for top in ('/python', '/env', '/usr', '/opt', '/home', '/root'):
    for folder, folders, names in os.walk(top):
        found += [os.path.join(folder, n) for n in folders + names if word in n]
found += [m for m in ('somebodys_module', 'pip') if importlib.util.find_spec(m)]
found`, "[]")
	for _, c := range must(probe.Run(t.Context(), h)) {
		if !c.OK {
			t.Errorf("%s: %s", c.Name, c.Detail)
		}
	}
	s.Expect("[f for f in glob.glob('/usr/lib/python3*/*-packages/*') + glob.glob('/usr/local/*')]", "[]")
}

// somebodysPython returns a Python below a home: a copy of the system's, with
// something installed into it.
func somebodysPython(t *testing.T) (prefix string) {
	t.Helper()
	prefix = filepath.Join(gvisortest.Base(), "pythons", "home", "somebody", ".pyenv", "versions", "3")
	if _, err := os.Stat(filepath.Join(prefix, "complete")); err == nil {
		return prefix
	}
	out, err := exec.Command("/usr/bin/python3", "-I", "-c", "import os, sys; print(os.path.realpath(sys.executable)); print(os.path.dirname(os.__file__))").Output()
	if err != nil {
		t.Fatal(err)
	}
	program, library, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	os.RemoveAll(prefix)
	script := `set -e
mkdir -p "$2/bin" "$2/lib"
cp "$0" "$2/bin/" && cp -a "$1" "$2/lib/"
ln -s "$(basename "$0")" "$2/bin/python3"
mkdir -p "$2/lib/$(basename "$1")/site-packages"
echo "x = 1" > "$2/lib/$(basename "$1")/site-packages/somebodys_module.py"
echo "#!/bin/sh" > "$2/bin/somebodys-tool"
touch "$2/complete"`
	if out, err := exec.Command("sh", "-c", script, program, library, prefix).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return prefix
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

package gvisor_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/sandbox/sandboxtest"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// TestHostilePackages is a package index that wants to run code, to write where it
// should not, and to fill the disk.
func TestHostilePackages(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	ran := filepath.Join(outside, "ran")
	touch := fmt.Sprintf("open(%q, 'w').write('x')\n", ran)
	up := strings.Repeat("../", 20) + strings.TrimPrefix(outside, "/")
	ix := sandboxtest.NewIndex(t, map[string][]byte{
		"sourceonly-1.0.tar.gz": sandboxtest.Sdist("sourceonly", touch),
		"pthpkg-1.0-py3-none-any.whl": sandboxtest.Wheel("pthpkg",
			entry("pthpkg.pth", "import os; "+strings.TrimSpace(touch), 0),
			entry("sitecustomize.py", touch, 0),
			entry("pthpkg/__init__.py", "x = 1\n", 0),
			entry("pthpkg-1.0.data/scripts/evil", "#!/bin/sh\ntouch "+ran+"\n", 0)),
		"upward-1.0-py3-none-any.whl":   sandboxtest.Wheel("upward", entry("upward.py", "x = 1\n", 0), entry(up+"/upward", "x", 0)),
		"absolute-1.0-py3-none-any.whl": sandboxtest.Wheel("absolute", entry("absolute.py", "x = 1\n", 0), entry(outside+"/absolute", "x", 0)),
		"scripts-1.0-py3-none-any.whl":  sandboxtest.Wheel("scripts", entry("scripts.py", "x = 1\n", 0), entry("scripts-1.0.data/scripts/"+up+"/scripts", "#!python\n", 0)),
		"points-1.0-py3-none-any.whl": sandboxtest.Wheel("points", entry("points.py", "x = 1\n", 0),
			entry("points-1.0.dist-info/entry_points.txt", "[console_scripts]\n"+up+"/points = points:x\n"+outside+"/points2 = points:x\n", 0)),
		"linked-1.0-py3-none-any.whl": sandboxtest.Wheel("linked", entry("linked.py", "x = 1\n", 0),
			entry("linked_data/passwd", "/etc/passwd", fs.ModeSymlink|0o777), entry("linked_data/out", outside, fs.ModeSymlink|0o777)),
		"through-1.0-py3-none-any.whl": sandboxtest.Wheel("through", entry("through.py", "x = 1\n", 0),
			entry("through_data", outside, fs.ModeSymlink|0o777), entry("through_data/through", "x", 0)),
	})
	dir := gvisortest.Dir(t)
	h := gvisortest.OpenIn(t, dir, gvisor.Options{Packages: wheels.Any, Index: ix.URL()})
	s := sandboxtest.NewSession(t, h)
	unharmed := func(what string) {
		t.Helper()
		if found, err := os.ReadDir(outside); err != nil || len(found) > 0 {
			t.Fatalf("%s: outside there are %v %v", what, found, err)
		}
		gvisortest.OnlyFiles(t, dir)
	}
	if res := s.Run("import sourceonly"); res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "no wheel") {
		t.Errorf("%+v", res)
	}
	unharmed("source distribution")
	s.Expect("import pthpkg\npthpkg.x", "1")
	unharmed("wheel with .pth and scripts")
	for name, works := range map[string]bool{"upward": true, "absolute": true, "scripts": true, "points": false, "linked": true, "through": false} {
		res := s.Run("import " + name + "\n" + name + ".x")
		if works != (res.Outcome == sandbox.OK) || !works && !strings.Contains(res.Error, name+" could not be installed") {
			t.Errorf("%s: %s %s", name, res.Outcome, res.Error)
		}
		unharmed(name)
	}
	s.Expect(`
import os
found = []
for folder, folders, names in os.walk('/packages'):
    for n in folders + names:
        p = os.path.join(folder, n)
        if os.path.islink(p) or n in ('passwd', 'through') and b'root:' in open(p, 'rb').read(): found.append(p)
found`, "[]")

	// The index is gone.
	ix.Close()
	if res := s.Run("import another_one"); res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "index can't be reached") {
		t.Errorf("%+v", res)
	}
	s.Expect("pthpkg.x", "1")
}

func entry(name, content string, mode fs.FileMode) sandboxtest.Entry {
	return sandboxtest.Entry{Name: name, Content: content, Mode: mode}
}

// What nobody asked for in a week is removed; a stored session brings it back.
func TestUnusedPackages(t *testing.T) {
	t.Parallel()
	sandboxtest.NeedIndex(t)
	dir := gvisortest.Dir(t)
	t.Run("first", func(t *testing.T) {
		s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, gvisor.Options{}))
		s.Key.Conversation = "c"
		s.Run("import emoji, inflect")
	})
	installed := func(name string) []string {
		found, _ := filepath.Glob(filepath.Join(dir, "packages", "*", name+"-*"))
		return found
	}
	if len(installed("emoji")) != 1 || len(installed("inflect")) != 1 {
		t.Fatalf("installed: %q", installed("*"))
	}
	age := func(name string, days int) {
		then := time.Now().AddDate(0, 0, -days)
		if err := os.Chtimes(installed(name)[0], then, then); err != nil {
			t.Fatal(err)
		}
	}
	age("emoji", 8)
	age("inflect", 6)
	s := sandboxtest.NewSession(t, gvisortest.OpenIn(t, dir, gvisor.Options{}))
	for end := time.Now().Add(time.Minute); len(installed("emoji")) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("emoji was unused for 8 days and is still there")
		}
	}
	if len(installed("inflect")) != 1 {
		t.Error("inflect was used 6 days ago and is gone")
	}
	s.Key.Conversation = "c"
	s.Expect("import importlib, emoji.core\nimportlib.reload(emoji.core)\nemoji.emojize(':thumbs_up:')", "'👍'")
}

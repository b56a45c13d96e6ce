package sandboxtest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/gvisor"
	"github.com/attachebot/attache/internal/sandbox/wheels"
)

// Packages is what happens when code imports what is not there, against the
// real package index.
func Packages(t *testing.T) {
	NeedIndex(t)
	h := Open(t, gvisor.Options{})
	s := NewSession(t, h)
	refuse := func(name, code string, contains ...string) {
		t.Helper()
		res := s.Run(code)
		for _, c := range contains {
			if res.Outcome != sandbox.Failed || !strings.Contains(res.Error, c) {
				t.Errorf("%s: %s %s\nwant %q", name, res.Outcome, res.Error, c)
			}
		}
	}
	// Well known: at once, visible in the running session, no code but the import.
	var states []string
	s.Cell.Status = func(st sandbox.Status) {
		states = append(states, strings.TrimSpace(string(st.State)+" "+st.Detail))
	}
	res1 := s.Run("import emoji\nemoji.emojize(':thumbs_up:')")
	if res1.Outcome != sandbox.OK || len(res1.Shown) != 1 || res1.Shown[0].Text != "'👍'" || len(res1.Packages) != 1 || !strings.HasPrefix(res1.Packages[0], "emoji ") {
		t.Errorf("%+v", res1)
	}
	if got := strings.Join(states, ", "); got != "starting, running, installing emoji, running" {
		t.Errorf("states %s", got)
	}
	if res := s.Run("import emoji"); len(res.Packages) != 0 {
		t.Errorf("installed twice: %q", res.Packages)
	}
	// Named otherwise; through pip; by pandas.
	s.Expect("import docx\ndocx.Document().paragraphs", "[]")
	s.Expect("!pip install -q inflect\nimport inflect\ninflect.engine().plural('file')", "'files'")
	s.Expect("%pip install xmltodict==0.14.2\nimport xmltodict\nxmltodict.__version__", "'0.14.2'")
	s.Expect("import pandas as pd, io\nb = io.BytesIO()\npd.DataFrame({'a': [1]}).to_excel(b, engine='xlsxwriter')\nlen(b.getvalue()) > 1000", "True")
	// What is there stays as it is.
	refuse("another pandas", "%pip install pandas==2.2.0", "does not fit the packages that are here")
	s.Expect("%pip install pandas\nprint('ok')", "ok")

	// Not well known: the user is asked, and may say no.
	refuse("nobody to ask", "import pyfiglet", "did not allow the installation of pyfiglet")
	var questions []string
	answer := false
	s.Cell.Ask = func(_ context.Context, q string) (bool, error) { questions = append(questions, q); return answer, nil }
	refuse("no", "import pyfiglet", "did not allow the installation of pyfiglet")
	answer = true
	s.Expect("import pyfiglet\n'FONT' in dir(pyfiglet) or True", "True")
	if len(questions) != 2 || !strings.Contains(questions[1], "**pyfiglet**") || !strings.Contains(questions[1], "years ago") {
		t.Errorf("%q", questions)
	}
	// A library's optional import is not the user's wish.
	n := len(questions)
	s.Run("open('/tmp/lib_x.py', 'w').write('try:\\n    import attache_optional_thing\\nexcept ImportError: pass\\n')\nimport sys; sys.path.append('/tmp'); import lib_x")
	if len(questions) != n {
		t.Errorf("asked for an optional import: %q", questions[n:])
	}

	// What can't be: one sentence each.
	refuse("no such package", "import attache_no_such_package_xyz", "There is no package named attache-no-such-package-xyz on the package index")
	refuse("no wheel", "%pip install odfpy", "odfpy has no wheel for Python")
	refuse("no version", "%pip install emoji==999", "emoji")
	refuse("not a name", "%pip install https://example.com/x.whl", "can't be installed")
	refuse("an option", "%pip install -r /etc/passwd", "can't be installed")

	// Two sessions at once: installed once, there for both.
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			res, err := h.Run(context.Background(), sandbox.Key{User: uint64(10 + i), Conversation: "both"}, sandbox.Cell{Code: "import holidays\nprint(holidays.__name__)"})
			if err != nil || res.Output != "holidays\n" {
				t.Errorf("%+v %v", res, err)
			}
		})
	}
	wg.Wait()
	h.Reset(context.Background(), s.Key)

	// What nobody asked for in a week is removed; a stored session brings it back.
	t.Run("after a restart", func(t *testing.T) {
		dir := Dir(t)
		t.Run("first", func(t *testing.T) {
			s := NewSession(t, OpenIn(t, dir, gvisor.Options{}))
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
		s := NewSession(t, OpenIn(t, dir, gvisor.Options{}))
		for end := time.Now().Add(10 * time.Second); len(installed("emoji")) > 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("emoji was unused for 8 days and is still there")
			}
		}
		if len(installed("inflect")) != 1 {
			t.Error("inflect was used 6 days ago and is gone")
		}
		s.Key.Conversation = "c"
		s.Expect("import importlib, emoji.core\nimportlib.reload(emoji.core)\nemoji.emojize(':thumbs_up:')", "'👍'")
	})
	t.Run("policies", func(t *testing.T) {
		off := NewSession(t, Open(t, gvisor.Options{Packages: wheels.Off}))
		if res := off.Run("import emoji"); !strings.Contains(res.Error, "switched off") {
			t.Errorf("%+v", res)
		}
		curated := NewSession(t, Open(t, gvisor.Options{Packages: wheels.Curated}))
		if res := curated.Run("import pyfiglet"); !strings.Contains(res.Error, "not on the list") {
			t.Errorf("%+v", res)
		}
		open := NewSession(t, Open(t, gvisor.Options{Packages: wheels.Any}))
		open.Expect("import pyfiglet\npyfiglet.__name__", "'pyfiglet'")
	})
}

// HostilePackages is a package index that wants to run code, to write where it
// should not, and to fill the disk.
func HostilePackages(t *testing.T) {
	outside := t.TempDir()
	ran := filepath.Join(outside, "ran")
	touch := fmt.Sprintf("open(%q, 'w').write('x')\n", ran)
	up := strings.Repeat("../", 20) + strings.TrimPrefix(outside, "/")
	ix := NewIndex(t, map[string][]byte{
		"sourceonly-1.0.tar.gz": Sdist("sourceonly", touch),
		"pthpkg-1.0-py3-none-any.whl": Wheel("pthpkg",
			Entry{"pthpkg.pth", "import os; " + strings.TrimSpace(touch), 0},
			Entry{"sitecustomize.py", touch, 0},
			Entry{"pthpkg/__init__.py", "x = 1\n", 0},
			Entry{"pthpkg-1.0.data/scripts/evil", "#!/bin/sh\ntouch " + ran + "\n", 0}),
		"upward-1.0-py3-none-any.whl":   Wheel("upward", Entry{"upward.py", "x = 1\n", 0}, Entry{up + "/upward", "x", 0}),
		"absolute-1.0-py3-none-any.whl": Wheel("absolute", Entry{"absolute.py", "x = 1\n", 0}, Entry{outside + "/absolute", "x", 0}),
		"scripts-1.0-py3-none-any.whl":  Wheel("scripts", Entry{"scripts.py", "x = 1\n", 0}, Entry{"scripts-1.0.data/scripts/" + up + "/scripts", "#!python\n", 0}),
		"points-1.0-py3-none-any.whl": Wheel("points", Entry{"points.py", "x = 1\n", 0},
			Entry{"points-1.0.dist-info/entry_points.txt", "[console_scripts]\n" + up + "/points = points:x\n" + outside + "/points2 = points:x\n", 0}),
		"linked-1.0-py3-none-any.whl": Wheel("linked", Entry{"linked.py", "x = 1\n", 0},
			Entry{"linked_data/passwd", "/etc/passwd", fs.ModeSymlink | 0o777}, Entry{"linked_data/out", outside, fs.ModeSymlink | 0o777}),
		"through-1.0-py3-none-any.whl": Wheel("through", Entry{"through.py", "x = 1\n", 0},
			Entry{"through_data", outside, fs.ModeSymlink | 0o777}, Entry{"through_data/through", "x", 0}),
	})
	dir := Dir(t)
	h := OpenIn(t, dir, gvisor.Options{Packages: wheels.Any, Index: ix.URL()})
	s := NewSession(t, h)
	unharmed := func(what string) {
		t.Helper()
		if found, err := os.ReadDir(outside); err != nil || len(found) > 0 {
			t.Fatalf("%s: outside there are %v %v", what, found, err)
		}
		OnlyFiles(t, dir)
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

// Installed returns the names of what is in the folder of packages of a host
// in dir, half-made things included.
func Installed(t testing.TB, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "packages", "python*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%q %v", found, err)
	}
	entries, err := os.ReadDir(found[0])
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// OnlyFiles fails the test when there is anything but folders and regular
// files among the packages of a host in dir, or anything half-made.
func OnlyFiles(t testing.TB, dir string) {
	t.Helper()
	for _, name := range Installed(t, dir) {
		if strings.HasPrefix(name, ".") {
			t.Errorf("left: %q", name)
		}
	}
	err := filepath.WalkDir(filepath.Join(dir, "packages"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !d.Type().IsRegular() {
			t.Errorf("%s is a %s", path, d.Type())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Index is a package index (PEP 503, 691 and 700) that serves what it is given.
type Index struct {
	srv   *httptest.Server
	files map[string][]byte

	// Handle, if set, sees each request first and reports whether it answered.
	Handle func(w http.ResponseWriter, r *http.Request) bool
}

// NewIndex starts an index of these files, by their names. It ends with the test.
func NewIndex(t testing.TB, files map[string][]byte) *Index {
	ix := &Index{files: files}
	ix.srv = httptest.NewServer(ix)
	t.Cleanup(ix.Close)
	return ix
}

// URL is the address of the index.
func (ix *Index) URL() string { return ix.srv.URL + "/simple" }

// File is one of its files.
func (ix *Index) File(name string) []byte { return ix.files[name] }

// Close ends the index and what it is answering. Twice is once.
func (ix *Index) Close() {
	ix.srv.CloseClientConnections()
	ix.srv.Close()
}

func (ix *Index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if ix.Handle != nil && ix.Handle(w, r) {
		return
	}
	path := strings.Trim(r.URL.Path, "/")
	if name, ok := strings.CutPrefix(path, "files/"); ok && ix.files[name] != nil {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(ix.files[name]))
		return
	}
	project, ok := strings.CutPrefix(path, "simple/")
	type file struct {
		Filename string            `json:"filename"`
		URL      string            `json:"url"`
		Hashes   map[string]string `json:"hashes"`
		Uploaded time.Time         `json:"upload-time"`
	}
	var list []file
	for name, data := range ix.files {
		if strings.HasPrefix(name, project+"-") {
			list = append(list, file{name, ix.srv.URL + "/files/" + name, map[string]string{"sha256": fmt.Sprintf("%x", sha256.Sum256(data))}, time.Now().AddDate(-3, -1, 0)})
		}
	}
	if !ok || len(list) == 0 {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
	json.NewEncoder(w).Encode(map[string]any{"meta": map[string]string{"api-version": "1.1"}, "name": project, "files": list})
}

// Entry is a member of a wheel.
type Entry struct {
	Name, Content string
	Mode          fs.FileMode // 0: 0o644
}

// Wheel makes version 1.0 of a package with these members.
func Wheel(name string, content ...Entry) []byte { return wheel(name, zip.Deflate, content) }

// StoredWheel is Wheel without compression: an installer can't unpack it while
// it comes.
func StoredWheel(name string, content ...Entry) []byte { return wheel(name, zip.Store, content) }

func wheel(name string, method uint16, content []Entry) []byte {
	info := name + "-1.0.dist-info/"
	all := append([]Entry{
		{info + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n", 0},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n", 0},
	}, content...)
	var record strings.Builder
	for _, e := range all {
		sum := sha256.Sum256([]byte(e.Content))
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", e.Name, base64.RawURLEncoding.EncodeToString(sum[:]), len(e.Content))
	}
	all = append(all, Entry{info + "RECORD", record.String() + info + "RECORD,,\n", 0})
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, e := range all {
		h := &zip.FileHeader{Name: e.Name, Method: method}
		h.SetMode(cmp.Or(e.Mode, 0o644))
		f, _ := z.CreateHeader(h)
		io.WriteString(f, e.Content)
	}
	z.Close()
	return buf.Bytes()
}

// Sdist makes version 1.0 of a source distribution that runs code when it is
// built, which needs no other package.
func Sdist(name, code string) []byte {
	var buf bytes.Buffer
	gz := gzip.NewWriter(&buf)
	tw := tar.NewWriter(gz)
	for n, c := range map[string]string{
		"pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n[project]\nname = '" + name + "'\ndynamic = ['version']\n",
		"backend.py":     code,
		"setup.py":       code,
		"PKG-INFO":       "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n",
	} {
		tw.WriteHeader(&tar.Header{Name: name + "-1.0/" + n, Mode: 0o644, Size: int64(len(c))})
		io.WriteString(tw, c)
	}
	tw.Close()
	gz.Close()
	return buf.Bytes()
}

package sandboxtest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/testbin"
)

// Packages is what happens when code imports what is not there, against the
// real package index.
func Packages(t *testing.T) {
	res, err := http.Get("https://pypi.org/simple/emoji/")
	if err != nil {
		testbin.Missing(t, "index", err.Error())
	}
	res.Body.Close()
	h := Open(t, sandbox.Options{})
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
			s := NewSession(t, OpenIn(t, dir, sandbox.Options{}))
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
		s := NewSession(t, OpenIn(t, dir, sandbox.Options{}))
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
		off := NewSession(t, Open(t, sandbox.Options{Packages: sandbox.PackagesOff}))
		if res := off.Run("import emoji"); !strings.Contains(res.Error, "switched off") {
			t.Errorf("%+v", res)
		}
		curated := NewSession(t, Open(t, sandbox.Options{Packages: sandbox.PackagesCurated}))
		if res := curated.Run("import pyfiglet"); !strings.Contains(res.Error, "not on the list") {
			t.Errorf("%+v", res)
		}
		open := NewSession(t, Open(t, sandbox.Options{Packages: sandbox.PackagesAny}))
		open.Expect("import pyfiglet\npyfiglet.__name__", "'pyfiglet'")
	})
}

// HostilePackages is a package index that wants to run code.
func HostilePackages(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	touch := fmt.Sprintf("open(%q, 'w').write('x')\n", ran)
	ix := &index{files: map[string][]byte{
		"sourceonly-1.0.tar.gz": sdist("sourceonly", "1.0", touch+"from setuptools import setup; setup(name='sourceonly', version='1.0')"),
		"pthpkg-1.0-py3-none-any.whl": wheel("pthpkg", "1.0", map[string]string{
			"pthpkg.pth":                   "import os; " + strings.TrimSpace(touch),
			"sitecustomize.py":             touch,
			"pthpkg/__init__.py":           "x = 1\n",
			"pthpkg-1.0.data/scripts/evil": "#!/bin/sh\ntouch " + ran + "\n",
		}),
		"traverse-1.0-py3-none-any.whl": wheel("traverse", "1.0", map[string]string{
			"traverse.py": "x = 1\n", "../../../../../../../../../../" + strings.TrimPrefix(ran, "/"): "x",
		}),
		"large-1.0-py3-none-any.whl": wheel("large", "1.0", map[string]string{"large.py": "x = 1\n", "large.bin": strings.Repeat("\x00", 3<<20)}),
	}}
	srv := httptest.NewServer(ix)
	defer srv.Close()
	ix.base = srv.URL
	dir := Dir(t)
	h := OpenIn(t, dir, sandbox.Options{Packages: sandbox.PackagesAny, Index: srv.URL + "/simple"})
	s := NewSession(t, h)
	unharmed := func(what string) {
		t.Helper()
		if _, err := os.Stat(ran); err == nil {
			t.Fatalf("%s: code of a package ran outside", what)
		}
	}
	if res := s.Run("import sourceonly"); res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "no wheel") {
		t.Errorf("%+v", res)
	}
	unharmed("source distribution")
	s.Expect("import pthpkg\npthpkg.x", "1")
	unharmed("wheel with .pth and scripts")
	if res := s.Run("import traverse"); res.Outcome != sandbox.Failed {
		t.Logf("traverse: %+v", res)
	}
	unharmed("path traversal")
	if p, _ := filepath.Glob(filepath.Join(dir, "packages", "*", ".*")); len(p) != 0 {
		t.Errorf("left: %q", p)
	}
	s.Expect("import large\nlarge.x", "1")

	// The index is gone.
	srv.CloseClientConnections()
	srv.Close()
	if res := s.Run("import another_one"); res.Outcome != sandbox.Failed || !strings.Contains(res.Error, "index can't be reached") {
		t.Errorf("%+v", res)
	}
	s.Expect("pthpkg.x", "1")
}

// index serves files as a simple package index (PEP 691).
type index struct {
	base  string
	files map[string][]byte
}

func (ix *index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.Trim(r.URL.Path, "/")
	if data, ok := ix.files[strings.TrimPrefix(path, "files/")]; ok {
		w.Write(data)
		return
	}
	project, ok := strings.CutPrefix(path, "simple/")
	type file struct {
		Filename string            `json:"filename"`
		URL      string            `json:"url"`
		Hashes   map[string]string `json:"hashes"`
	}
	var list []file
	for name, data := range ix.files {
		if strings.HasPrefix(name, project+"-") {
			list = append(list, file{name, ix.base + "/files/" + name, map[string]string{"sha256": fmt.Sprintf("%x", sha256.Sum256(data))}})
		}
	}
	if !ok || len(list) == 0 {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
	json.NewEncoder(w).Encode(map[string]any{"meta": map[string]string{"api-version": "1.0"}, "name": project, "files": list})
}

// wheel makes a wheel with these files.
func wheel(name, version string, content map[string]string) []byte {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	info := name + "-" + version + ".dist-info/"
	all := map[string]string{
		info + "METADATA": "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n",
		info + "WHEEL":    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
	}
	for n, c := range content {
		all[n] = c
	}
	record := ""
	for n, c := range all {
		f, _ := z.Create(n)
		f.Write([]byte(c))
		sum := sha256.Sum256([]byte(c))
		record += fmt.Sprintf("%s,sha256=%s,%d\n", n, base64.RawURLEncoding.EncodeToString(sum[:]), len(c))
	}
	f, _ := z.Create(info + "RECORD")
	f.Write([]byte(record + info + "RECORD,,\n"))
	z.Close()
	return buf.Bytes()
}

// sdist makes a source distribution with this setup.py.
func sdist(name, version, setup string) []byte {
	var buf bytes.Buffer
	gz := gzip.NewWriter(&buf)
	tw := tar.NewWriter(gz)
	for n, c := range map[string]string{"setup.py": setup, "PKG-INFO": "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n"} {
		tw.WriteHeader(&tar.Header{Name: name + "-" + version + "/" + n, Mode: 0o644, Size: int64(len(c))})
		tw.Write([]byte(c))
	}
	tw.Close()
	gz.Close()
	return buf.Bytes()
}

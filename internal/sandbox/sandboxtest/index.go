package sandboxtest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

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

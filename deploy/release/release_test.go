package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/attachebot/attache/internal/testbin"
)

// Built twice, from two folders, an archive has the same bytes; it has what is
// needed to install, and works.
func TestReproducible(t *testing.T) {
	if !testbin.Required("release") && os.Getenv("ATTACHE_RELEASE") == "" {
		testbin.Missing(t, "release", "two builds of everything take minutes: ATTACHE_RELEASE=1 runs them")
	}
	tmp := t.TempDir()
	clones := []string{filepath.Join(tmp, "a", "deeper"), filepath.Join(tmp, "b")}
	for _, to := range clones {
		if out, err := exec.Command("git", "clone", "-q", "--local", testbin.Root(), to).CombinedOutput(); err != nil {
			t.Fatalf("git clone: %s", out)
		}
	}
	var sums [2]string
	out := filepath.Join(tmp, "dist")
	for i, dir := range clones {
		t.Chdir(dir)
		r := release{out: out, version: "v9.8.7", sbom: i == 0}
		if err := r.make([]string{"linux/" + runtime.GOARCH}); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(out, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if strings.Contains(line, ".tar.gz") {
				sums[i] = line
			}
		}
		if i == 0 {
			for _, program := range []string{"attache", "runsc", "checkpointgofer"} {
				bom, err := os.ReadFile(filepath.Join(out, program+"-9.8.7-linux-"+runtime.GOARCH+".cdx.json"))
				if err != nil || !strings.Contains(string(bom), `"bomFormat": "CycloneDX"`) || strings.Contains(string(bom), tmp) {
					t.Errorf("the bill of %s: %v", program, err)
				}
			}
		}
	}
	if sums[0] == "" || sums[0] != sums[1] {
		t.Errorf("%q, then %q", sums[0], sums[1])
	}
	name := "attache-9.8.7-linux-" + runtime.GOARCH
	unpack(t, filepath.Join(out, name+".tar.gz"), tmp)
	dir := filepath.Join(tmp, name)
	for _, f := range []string{"attache", "runsc", "gvisor-bin/checkpointgofer", "LICENSE", "THIRD_PARTY_LICENSES.txt", "README.md", "CHANGELOG.md", "env.example", "attache.service", "man/attache-chat.1", "completions/attache.bash"} {
		if info, err := os.Stat(filepath.Join(dir, f)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", f, err)
		}
	}
	licences, err := os.ReadFile(filepath.Join(dir, "THIRD_PARTY_LICENSES.txt"))
	if err != nil || !strings.Contains(string(licences), "gvisor.dev/gvisor@") || !strings.Contains(string(licences), "modernc.org/sqlite@") {
		t.Errorf("licences: %v", err)
	}
	said, err := exec.Command(filepath.Join(dir, "attache"), "--version").Output()
	if err != nil || !strings.HasPrefix(string(said), "attache v9.8.7 ") {
		t.Errorf("%s, %v", said, err)
	}
	if said, err := exec.Command(filepath.Join(dir, "runsc"), "--version").Output(); err != nil || !strings.HasPrefix(string(said), "runsc version") {
		t.Errorf("%s, %v", said, err)
	}
}

func unpack(t *testing.T, archive, to string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(to, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			var data []byte
			if data, err = io.ReadAll(tr); err == nil {
				err = os.WriteFile(path, data, os.FileMode(h.Mode))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

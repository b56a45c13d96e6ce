package wheels

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/fault"
)

func TestRequirements(t *testing.T) {
	for spec, want := range map[string]requirement{
		"pandas":                {"pandas", "pandas"},
		"  Scikit_Learn ":       {"scikit-learn", "Scikit_Learn"},
		"uvicorn[standard]":     {"uvicorn", "uvicorn[standard]"},
		"numpy>=1.2,<3":         {"numpy", "numpy>=1.2,<3"},
		"xmltodict==0.14.2":     {"xmltodict", "xmltodict==0.14.2"},
		"zope.interface ~= 5.0": {"zope-interface", "zope.interface~=5.0"},
	} {
		got, err := parseRequirement(spec)
		if err != nil || got != want {
			t.Errorf("%q: %+v %v", spec, got, err)
		}
	}
	for _, spec := range []string{"", "-r x", "--index-url=x", "git+https://x/y", "x @ https://y", "/etc/passwd", "./x", "../x", "x;y", "x && y", "x\ny", "x>\r1", "x\t==1", "x ==\v1", "x[a\tb]", "x==1;python_version<'3'",
		"-e .", "$(x)", strings.Repeat("x", 200), "x==1 --hash=y"} {
		if r, err := parseRequirement(spec); err == nil {
			t.Errorf("%q is taken as %+v", spec, r)
		}
	}
}

func FuzzRequirement(f *testing.F) {
	f.Add("pandas==1.0")
	f.Fuzz(func(t *testing.T, spec string) {
		r, err := parseRequirement(spec)
		if err != nil {
			return
		}
		if strings.HasPrefix(r.spec, "-") || strings.ContainsFunc(r.spec, func(c rune) bool { return c <= ' ' || c > '~' }) || strings.ContainsAny(r.spec, "@/;\\`$\"'#") || r.name == "" || strings.ContainsAny(r.name, "./_") {
			t.Fatalf("%q is taken as %+v", spec, r)
		}
	})
}

func TestCurated(t *testing.T) {
	for module, want := range map[string]string{"cv2": "opencv-python-headless", "sklearn": "scikit-learn", "docx": "python-docx", "bson": "pymongo",
		"geopandas": "geopandas", "umap": "umap-learn", "dateutil": "python-dateutil"} {
		if curatedModules[module] != want || curated[want] == "" {
			t.Errorf("%s: %q", module, curatedModules[module])
		}
	}
	var names []string
	for line := range strings.Lines(curatedText) {
		if spec, _, _ := strings.Cut(strings.TrimSpace(line), ":"); spec != "" && !strings.HasPrefix(spec, "#") {
			name, _, _ := strings.Cut(spec, "==")
			names = append(names, name)
			if normalize(name) != name {
				t.Errorf("%s is not the normal form of the name", name)
			}
		}
	}
	if !slices.IsSorted(names) {
		t.Error("the list is not sorted")
	}
	if len(names) < 200 {
		t.Errorf("%d names", len(names))
	}
}

func TestInstallError(t *testing.T) {
	// As uv 0.13 says it.
	for said, want := range map[string]string{
		"  × No solution found when resolving dependencies:\n  ╰─▶ Because nosuch was not found in the package registry and you require nosuch,\n      we can conclude": "There is no package named x on the package index.",
		"  ╰─▶ Because odfpy has no usable wheels and you require odfpy":                                                                                                "x has no wheel for Python 3.11",
		"error: failed to open file `/srv/x/cache/lock`: permission denied":                                                                                             "x could not be installed.",
		"  ╰─▶ No solution found: Because file:///srv/x/env and (/srv/x) need y>=2 and you require x, it fails":                                                         "x does not fit the packages that are here: because … and (…) need y>=2",
		"error: Failed to fetch: `http://127.0.0.1:1/x/`\n  Caused by: error sending request":                                                                           "The package index can't be reached",
	} {
		err := installError(errors.New("exit status 2"), []requirement{{name: "x"}}, said, "3.11")
		if got := fault.Message(err); !strings.HasPrefix(got, want) || strings.Contains(got, "/srv") {
			t.Errorf("%q", got)
		}
	}
}

// What is installed has regular files that everybody inside may read, and
// nothing else.
func TestOpenUp(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	for _, err := range []error{
		os.WriteFile(outside, []byte("secret"), 0o600),
		os.Mkdir(filepath.Join(dir, "a"), 0o700),
		os.WriteFile(filepath.Join(dir, "a", "x.py"), []byte("12345"), 0o600),
		os.Symlink(outside, filepath.Join(dir, "a", "file")),
		os.Symlink(filepath.Dir(outside), filepath.Join(dir, "folder")),
		os.Symlink("nowhere", filepath.Join(dir, "dangling")),
		unix.Mkfifo(filepath.Join(dir, "fifo"), 0o666),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if n, err := openUp(dir); n != 5 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	var left []string
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if info, ierr := d.Info(); err == nil && ierr == nil && path != dir {
			left = append(left, fmt.Sprint(d.Name(), " ", info.Mode()))
		}
		return err
	})
	if got := strings.Join(left, ", "); got != "a drwxr-xr-x, x.py -rw-r--r--" {
		t.Errorf("left: %s", got)
	}
	if info, err := os.Stat(outside); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

// What grows is seen to grow over its limit, and only then.
func TestBoundSize(t *testing.T) {
	dir := t.TempDir()
	write := func(n int) {
		if err := os.WriteFile(filepath.Join(dir, "x"), make([]byte, n), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	over, ended := make(chan struct{}), make(chan struct{})
	write(2000)
	go func() {
		boundSize(ctx, dir, 1000, func() { close(over) })
		close(ended)
	}()
	select {
	case <-over:
		t.Fatal("2000 bytes are the download and what is in it")
	case <-time.After(1200 * time.Millisecond):
	}
	write(2001)
	select {
	case <-over:
		<-ended
	case <-time.After(5 * time.Second):
		t.Fatal("not seen")
	}
}

// Packages in all are bounded in bytes: those unused for longest go first, and
// none of a session that lives.
func TestPackagesAreBounded(t *testing.T) {
	dir := t.TempDir()
	live := ""
	p := New(dir, &Python{Env: t.TempDir()}, Options{Total: 250 << 10, InUse: func(folder string) bool { return folder == live }})
	make := func(folder string, age time.Duration) {
		t.Helper()
		path := filepath.Join(dir, folder)
		if err := errors.Join(os.Mkdir(path, 0o755), os.WriteFile(filepath.Join(path, "m.py"), make([]byte, 90<<10), 0o644)); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	left := func(want ...string) {
		t.Helper()
		var folders []string
		for _, f := range p.all() {
			folders = append(folders, f.folder)
		}
		if !slices.Equal(folders, want) {
			t.Errorf("left %q, want %q", folders, want)
		}
	}
	make("a-1", 5*time.Hour)
	make("b-1", 4*time.Hour)
	p.Sweep()
	left("a-1", "b-1")
	if n, bound := p.Room(); n < 180<<10 || n > bound || bound != 250<<10 {
		t.Errorf("%d of %d bytes", n, bound)
	}
	make("b-2", time.Hour) // a version more each time
	make("b-3", time.Minute)
	live = "a-1"
	if err := p.makeRoom([]string{"b-3"}); err != nil {
		t.Error(err)
	}
	left("a-1", "b-3")
	make("b-4", time.Second)
	if err := p.makeRoom([]string{"b-3", "b-4"}); !fault.Is(err, fault.Exhausted) {
		t.Errorf("all are in use: %v", err)
	}
	left("a-1", "b-3", "b-4")
	make("c-1", 8*24*time.Hour)
	p.Sweep()
	left("a-1", "b-4") // the one in use and the newest
}

// Each cause that keeps the environment from being installed has its sentence.
func TestEnvironmentErrors(t *testing.T) {
	failed := errors.New("uv pip: exit status 1")
	for _, c := range []struct {
		err        error
		said, want string
	}{
		{failed, "error: Failed to download `matplotlib==3.11.2`\n  cause: I/O operation failed during extraction\n  cause: failed to write to file `/srv/python/cache/x.so`: No space left on device (os error 28)\n", "the disk is full"},
		{failed, "error: Failed to install: x.whl\n  cause: failed to copy file: Disk quota exceeded (os error 122)\n", "the disk is full"},
		{fmt.Errorf("write /srv/uv: %w", syscall.ENOSPC), "", "the disk is full"},
		{failed, "error: Request failed after 3 retries in 24.4s\n  cause: Failed to fetch: https://pypi.org/simple/scikit-learn/\n  cause: dns error\n", "The package index can't be reached"},
		{failed, "error: Failed to download `numpy==2.4.0`\n  cause: Hash mismatch for `numpy==2.4.0`\n", "other files than the ones that are known"},
		{failed, "error: something else", "could not be installed. Check with `attache doctor`"},
	} {
		if got := fault.Message(environmentError(c.err, c.said)); !strings.Contains(got, c.want) || strings.Contains(got, "/srv") {
			t.Errorf("%s: %q, want %q", c.said, got, c.want)
		}
	}
}

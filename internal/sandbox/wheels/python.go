package wheels

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/runner"
)

// Python is a prepared environment: an interpreter and the locked packages, ready
// to be bound into sandboxes.
type Python struct {
	Env     string // folder of the virtual environment
	Version string // "3.11"
	Base    string // folder of the copied interpreter, shown at InsideBase; empty: the system's, in /usr
	Program string // path of the interpreter for the code: /usr/bin/python3.11
}

// Fonts returns the files of the environment's fonts for signs that many fonts
// lack, as far as they are there: Han, Kana and Hangul first, then those of many scripts.
func (p *Python) Fonts() (found []string) {
	packages, _ := filepath.Glob(filepath.Join(p.Env, "lib", "python*", "site-packages")) // the pattern is valid
	for _, dir := range packages {
		names := []string{"noto_cjk_sans_jp_regular/NotoSansCJKjp-Regular.otf", "manimgx_fonts/NotoSans[wght].ttf",
			"manimgx_fonts/NotoSansSymbols[wght].ttf", "manimgx_fonts/NotoEmoji[wght].ttf"}
		others, _ := os.ReadDir(filepath.Join(dir, "manimgx_fonts")) // it may not be there
		for _, e := range others {
			if name := "manimgx_fonts/" + e.Name(); strings.HasSuffix(name, ".ttf") && !strings.Contains(name, "Italic") && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		for _, name := range names {
			if path := filepath.Join(dir, name); fileExists(path) {
				found = append(found, path)
			}
		}
	}
	return found
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

const minPython = "3.11"

// interpreters are tried in this order when no Python is named.
var interpreters = []string{"python3", "python3.14", "python3.13", "python3.12", "python3.11"}

// PreparePython returns the environment below dir (for this interpreter and
// the locked packages) and makes it if it is not there: it fetches wheels from
// the package index and tells progress what it does. interpreter may be empty:
// the first Python on PATH that is new enough.
func PreparePython(ctx context.Context, dir, interpreter, index string, progress io.Writer) (*Python, error) {
	base, err := findPython(ctx, interpreter)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	// gVisor's helper does not follow links in the paths of what it binds.
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The folder of the Python environment can't be made.")
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	if err := MayExecute(dir); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s", base.Full, base.Prefix, runner.Requirements))
	env := filepath.Join(dir, "env-"+base.Version+"-"+hex.EncodeToString(sum[:6]))
	p := &Python{Env: env, Version: base.Version, Program: base.Executable}
	if !ofSystem(base.Executable) {
		p.Base = filepath.Join(env, "base")
		p.Program = InsideBase + "/bin/python" + base.Version
	}
	if p.complete() {
		return p, p.ready()
	}
	// One process installs it; the others wait and find it there.
	unlock, err := waitForLock(ctx, filepath.Join(dir, "."+filepath.Base(env)+".lock"))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The folder of the Python environment can't be used.")
	}
	defer unlock()
	if p.complete() {
		return p, p.ready()
	}
	installer, err := ensureUV(ctx, dir, index, progress)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(progress, "Installing pandas, matplotlib and their kin for Python %s (%s)\n", base.Full, base.Executable)
	lock := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(lock, runner.Requirements, 0o644); err != nil {
		return nil, environmentError(err, "")
	}
	if err := os.RemoveAll(env); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"venv", "--quiet", "--python", base.Executable, env},
		{"pip", "sync", "--require-hashes", "--only-binary", ":all:", "--compile-bytecode", "--python", filepath.Join(env, "bin", "python"), lock},
	} {
		cmd := installer.command(ctx, args...)
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = io.MultiWriter(&said, progress), io.MultiWriter(&said, progress)
		if err := cmd.Run(); err != nil {
			os.RemoveAll(env)
			return nil, environmentError(fmt.Errorf("uv %s: %w", args[0], err), said.String())
		}
	}
	if p.Base != "" {
		if err := copyBase(base, p.Base); err != nil {
			os.RemoveAll(env)
			if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
				return nil, environmentError(err, "")
			}
			return nil, fault.Wrap(err, fault.Unavailable, "The Python interpreter could not be copied. Check with `attache doctor`.")
		}
	}
	if err := os.WriteFile(filepath.Join(env, "complete"), nil, 0o644); err != nil {
		return nil, err
	}
	return p, p.ready()
}

// ready makes a complete environment readable to the code inside, if it was
// installed with a narrow umask, and notes that it is used.
func (p *Python) ready() error {
	p.Use()
	mark := filepath.Join(p.Env, "complete")
	if info, err := os.Stat(mark); err != nil || info.Mode().Perm()&0o004 != 0 {
		return nil
	}
	if err := Readable(p.Env); err != nil {
		return fault.Wrap(err, fault.Unavailable, "The Python environment is not readable: its files belong to another user.")
	}
	return os.Chmod(mark, 0o644)
}

// Readable lets everybody read what is in dir, whatever the umask was when it
// was written.
func Readable(dir string) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.Type()&os.ModeSymlink != 0 || path == filepath.Join(dir, "complete") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if d.IsDir() || mode&0o100 != 0 {
			mode |= 0o555
		}
		if mode == info.Mode().Perm() {
			return nil
		}
		return os.Chmod(path, mode)
	})
}

// complete tells whether the environment was installed to its end.
func (p *Python) complete() bool {
	_, err := os.Stat(filepath.Join(p.Env, "complete"))
	_, err2 := os.Lstat(filepath.Join(p.Env, "bin", "python"))
	_, err3 := os.Stat(cmp.Or(p.Base, p.Env))
	return err == nil && err2 == nil && err3 == nil
}

// waitForLock makes a file and holds its lock, alone among all processes.
func waitForLock(ctx context.Context, path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return func() { f.Close() }, nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			f.Close()
			return nil, err
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// environmentsKeep is how long an environment stays that no process uses: of
// an older version, or of another interpreter.
const environmentsKeep = 7 * 24 * time.Hour

// Use tells other processes that this one needs the environment, and removes
// those that none needs.
func (p *Python) Use() {
	now := time.Now()
	os.Chtimes(filepath.Join(p.Env, "complete"), now, now) // fails where it belongs to another user, who keeps it
	others, _ := filepath.Glob(filepath.Join(filepath.Dir(p.Env), "env-*", "complete"))
	for _, mark := range others {
		if info, err := os.Stat(mark); err == nil && now.Sub(info.ModTime()) > environmentsKeep {
			os.RemoveAll(filepath.Dir(mark))
		}
	}
}

// basePython is what an interpreter says of itself.
type basePython struct{ Executable, Full, Version, Prefix string }

const askPython = `import json,os,sys,sysconfig
print(json.dumps({"Executable": os.path.realpath(sys._base_executable), "Full": "%d.%d.%d" % sys.version_info[:3],
 "Version": "%d.%d" % sys.version_info[:2], "Prefix": os.path.realpath(sys.base_prefix)}))`

func findPython(ctx context.Context, interpreter string) (basePython, error) {
	candidates := interpreters
	if interpreter != "" {
		candidates = []string{interpreter}
	}
	var found []string
	for _, name := range candidates {
		out, err := exec.CommandContext(ctx, name, "-I", "-c", askPython).Output()
		if err != nil {
			continue
		}
		var b basePython
		if err := json.Unmarshal(out, &b); err != nil {
			continue
		}
		if versionLess(b.Version, minPython) {
			found = append(found, filepath.Base(name)+" is "+b.Full)
			continue
		}
		return b, nil
	}
	what := "none was found"
	if len(found) > 0 {
		what = strings.Join(found, ", ")
	}
	if interpreter != "" && len(found) == 0 {
		what = filepath.Base(interpreter) + " does not run"
	}
	return basePython{}, fault.New(fault.Unavailable, "Python %s or newer is needed (%s): install it, or set PYTHON to its path.", minPython, what)
}

func versionLess(a, b string) bool {
	var a1, a2, b1, b2 int
	fmt.Sscanf(a, "%d.%d", &a1, &a2)
	fmt.Sscanf(b, "%d.%d", &b1, &b2)
	return a1 < b1 || a1 == b1 && a2 < b2
}

// distributions lists what the environment has.
func (p *Python) distributions() map[string]string {
	all := map[string]string{}
	dirs, _ := filepath.Glob(filepath.Join(p.Env, "lib", "python*", "site-packages", "*.dist-info"))
	for _, d := range dirs {
		name, version, ok := strings.Cut(strings.TrimSuffix(filepath.Base(d), ".dist-info"), "-")
		if ok {
			all[normalize(name)] = version
		}
	}
	return all
}

// Package wheels prepares the Python environment of sandboxes and installs
// packages on demand, from wheels alone. It knows nothing of sandboxes.
package wheels

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/brief"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/locale"
)

const (
	packagesKeep  = 7 * 24 * time.Hour
	maxInstalls   = 40 // distributions of one request, dependencies included
	packageFolder = "%s-%s"
)

// Policy says which missing packages may be installed.
type Policy string

const (
	Off     Policy = "off"     // none
	Curated Policy = "curated" // those on the curated list
	Ask     Policy = "ask"     // curated ones at once, others after the user's yes
	Any     Policy = "any"     // all
)

// Options bend a Store. The zero value works.
type Options struct {
	Policy     Policy        // empty: Ask
	Index      string        // base URL of the package index; empty: PyPI
	Time       time.Duration // of one request; 0: 3 min
	Bytes      int64         // of all that one request installs, unpacked; 0: 1 GiB
	Total      int64         // bytes of all packages on the disk, of everybody; 0: 6 GiB
	Statistics string        // base URL of the counts of downloads; empty: pypistats.org's if the index is PyPI, or none
	Build      bool          // source distributions too, whose code then runs on the host: for tests
	Log        *slog.Logger  // nil: discarded

	InUse func(folder string) bool // by a session that lives; nil: none is
}

// WithDefaults returns the options with every empty field filled in.
func (o Options) WithDefaults() Options {
	if o.Policy == "" {
		o.Policy = Ask
	}
	if o.Time == 0 {
		o.Time = 3 * time.Minute
	}
	if o.Bytes == 0 {
		o.Bytes = 1 << 30
	}
	if o.Total == 0 {
		o.Total = 6 << 30
	}
	if o.InUse == nil {
		o.InUse = func(string) bool { return false }
	}
	if o.Statistics == "" && indexOr(o.Index) == pypi {
		o.Statistics = "https://pypistats.org/api/packages"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// binary is the option of the installer that keeps code of packages from
// running on the host.
func (o Options) binary() []string {
	if o.Build {
		return nil
	}
	return []string{"--only-binary", ":all:"}
}

// tooLarge is the error of an installation that is refused for its size.
func (o Options) tooLarge(what string) error {
	return fault.New(fault.TooLarge, "%s is larger than the %s that an installation may take.", what, bytesText(o.Bytes))
}

// tooLong is the error of an installation that was given up.
func (o Options) tooLong(what string) error {
	return fault.New(fault.Unavailable, "Installing %s took more than %s and was given up.", what, o.Time)
}

// Store installs what code imports and the environment lacks: wheels only,
// each distribution into a folder of its own, which all sandboxes see
// read-only. Nothing of a package runs here. It may be used by many goroutines,
// and the folder by several processes.
type Store struct {
	dir    string
	python *Python
	opts   Options
	base   map[string]string // distribution to version, of the environment

	mu    sync.Mutex
	locks map[string]*sync.Mutex // by folder name
	sizes map[string]int64       // bytes on the disk, likewise
	uv    *uv
}

// New returns the store in folder dir, which exists, for an environment.
func New(dir string, python *Python, o Options) *Store {
	return &Store{dir: dir, python: python, opts: o.WithDefaults(), base: python.distributions(), locks: map[string]*sync.Mutex{}, sizes: map[string]int64{}}
}

// Request is a missing import or a pip install.
type Request struct {
	Module string   // that code imports; empty: none
	Specs  []string // names on the index, with versions if need be
	Have   []string // folders that the session has already
	// Ask puts a yes-or-no question to the user and waits. Nil is a no.
	Ask func(ctx context.Context, question locale.Message) (bool, error)
	// Installing is called before the installation with what is installed. It
	// may be nil.
	Installing func(names string)
}

// Provided is what a request brought.
type Provided struct {
	Folders []string // names of the folders that the session needs to see for it
	Names   []string // "geopandas 1.1.0", without dependencies that nobody named
}

// Provide finds the distributions of a request, asks the user where the policy
// says so, and installs them. Its errors are for the code to read.
func (p *Store) Provide(ctx context.Context, r Request) (Provided, error) {
	if p.opts.Policy == Off {
		return Provided{}, fault.New(fault.Denied, "Installing packages is switched off here; %s is not available.", brief.Bytes(brief.Line(r.Module+strings.Join(r.Specs, " ")), 80))
	}
	wanted, err := wantedBy(r)
	if err != nil {
		return Provided{}, err
	}
	var names []string
	for i, w := range wanted {
		if err := p.allow(ctx, r, w.name); err != nil {
			return Provided{}, err
		}
		if spec := curated[w.name]; spec != "" && w.spec == w.name {
			wanted[i].spec = spec
		}
		names = append(names, w.name)
	}
	if r.Installing != nil {
		r.Installing(strings.Join(names, ", "))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, p.opts.Time, p.opts.tooLong(strings.Join(names, ", ")))
	defer cancel()
	all, err := p.install(ctx, wanted, r.Have)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return Provided{}, err
	}
	var got Provided
	for _, d := range all {
		got.Folders = append(got.Folders, d.folder())
		if slices.Contains(names, d.name) {
			got.Names = append(got.Names, d.name+" "+d.version)
		}
	}
	return got, nil
}

// wantedBy returns what a request asks the index for.
func wantedBy(r Request) ([]requirement, error) {
	var wanted []requirement
	if r.Module != "" {
		if !moduleName.MatchString(r.Module) {
			return nil, fault.New(fault.Invalid, "No module named %q.", brief.Bytes(brief.Line(r.Module), 80))
		}
		name, known := curatedModules[r.Module]
		if !known {
			name = normalize(r.Module)
		}
		wanted = append(wanted, requirement{name: name, spec: name})
	}
	for _, spec := range r.Specs[:min(len(r.Specs), 20)] {
		w, err := parseRequirement(spec)
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, w)
	}
	return wanted, nil
}

// allow asks for the user's yes where the policy wants one.
func (p *Store) allow(ctx context.Context, r Request, name string) error {
	if curated[name] != "" || p.base[name] != "" || p.opts.Policy == Any {
		return nil
	}
	if p.opts.Policy == Curated {
		return fault.New(fault.Denied, "%s is not on the list of packages that may be installed here.", name)
	}
	about, err := p.describe(ctx, name)
	if err != nil {
		return err
	}
	refused := fault.New(fault.Denied, "The user did not allow the installation of %s; go on without it.", name)
	if r.Ask == nil {
		return refused
	}
	yes, err := r.Ask(ctx, locale.Later("May I install the Python package **%s** for this?", name).And(about))
	if err != nil {
		return err
	}
	if !yes {
		return refused
	}
	return nil
}

// distribution is one installed version.
type distribution struct{ name, version string }

func (d distribution) folder() string { return fmt.Sprintf(packageFolder, d.name, d.version) }

// install resolves the requirements together with what the session has, and
// puts every distribution that is missing into its folder. It returns all that
// the session needs to see for them.
func (p *Store) install(ctx context.Context, wanted []requirement, have []string) ([]distribution, error) {
	installer, err := p.installer(ctx)
	if err != nil {
		return nil, err
	}
	all, err := p.resolve(ctx, installer, wanted, have)
	if err != nil {
		return nil, err
	}
	if len(all) > maxInstalls {
		return nil, fault.New(fault.TooLarge, "%s needs %d other packages; at most %d are installed at once.", wanted[0].name, len(all)-1, maxInstalls)
	}
	folders := slices.Clone(have)
	for _, d := range all {
		folders = append(folders, d.folder())
	}
	if err := p.makeRoom(folders); err != nil {
		return nil, err
	}
	budget := p.opts.Bytes
	for _, d := range all {
		n, err := p.ensure(ctx, installer, d, budget)
		if err != nil {
			return nil, err
		}
		budget -= n
	}
	_ = p.makeRoom(folders) // what came now stays, and the next installation is refused
	return all, nil
}

// resolve returns the distributions that the requirements need and the
// environment does not have, one version each.
func (p *Store) resolve(ctx context.Context, installer *uv, wanted []requirement, have []string) ([]distribution, error) {
	var in, constraints strings.Builder
	for _, r := range wanted {
		fmt.Fprintln(&in, r.spec)
	}
	for name, version := range p.base {
		fmt.Fprintf(&constraints, "%s==%s\n", name, version)
	}
	for _, f := range have {
		if d, ok := parseFolder(f); ok {
			fmt.Fprintf(&constraints, "%s==%s\n", d.name, d.version)
		}
	}
	tmp, err := os.MkdirTemp(p.dir, ".resolve")
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The folder of packages can't be written.")
	}
	defer os.RemoveAll(tmp)
	file := filepath.Join(tmp, "constraints.txt")
	if err := os.WriteFile(file, []byte(constraints.String()), 0o600); err != nil {
		return nil, err
	}
	cmd := installer.command(ctx, slices.Concat([]string{"pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-cache",
		"--python", filepath.Join(p.python.Env, "bin", "python"), "--constraint", file}, p.opts.binary(), []string{"-"})...)
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	cmd.Stdin = strings.NewReader(in.String())
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := runBounded(cmd, p.opts.Bytes); errors.Is(err, errFileSize) {
		return nil, p.opts.tooLarge(wanted[0].name)
	} else if err != nil {
		return nil, installError(err, wanted, said.String(), p.python.Version)
	}
	var all []distribution
	for line := range strings.Lines(out.String()) {
		name, version, ok := strings.Cut(strings.TrimSpace(line), "==")
		version, _, _ = strings.Cut(version, " ")
		if !ok || p.base[normalize(name)] != "" {
			continue
		}
		all = append(all, distribution{normalize(name), version})
	}
	return all, nil
}

// ensure has d in its folder afterwards and returns how many bytes were new.
// Several callers, in several processes too, make it once.
func (p *Store) ensure(ctx context.Context, installer *uv, d distribution, budget int64) (int64, error) {
	target := filepath.Join(p.dir, d.folder())
	unlock := p.lock(d.folder())
	defer unlock()
	if _, err := os.Stat(target); err == nil {
		now := time.Now()
		return 0, os.Chtimes(target, now, now)
	}
	tmp, err := os.MkdirTemp(p.dir, ".install")
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable, "The folder of packages can't be written.")
	}
	defer os.RemoveAll(tmp)
	tooLarge := p.opts.tooLarge(d.name)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go boundSize(ctx, tmp, budget, func() { cancel(tooLarge) })
	made := filepath.Join(tmp, "made")
	cmd := installer.command(ctx, slices.Concat([]string{"pip", "install", "--quiet", "--no-deps", "--no-cache", "--link-mode", "copy",
		"--python", filepath.Join(p.python.Env, "bin", "python"), "--target", made}, p.opts.binary(), []string{d.name + "==" + d.version})...)
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := runBounded(cmd, budget); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return 0, cause
		}
		if errors.Is(err, errFileSize) {
			return 0, tooLarge
		}
		return 0, installError(err, []requirement{{name: d.name}}, said.String(), p.python.Version)
	}
	n, err := openUp(made)
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable, "The folder of packages can't be written.")
	}
	if n > budget {
		return 0, tooLarge
	}
	if err := os.Rename(made, target); err != nil && !errors.Is(err, fs.ErrExist) {
		if _, serr := os.Stat(target); serr != nil {
			return 0, err
		}
	}
	p.opts.Log.Info("package installed", "name", d.name, "version", d.version, "bytes", n)
	return n, nil
}

// Restore installs again what a stored session has and a sweep removed.
func (p *Store) Restore(ctx context.Context, folders []string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.opts.Time, p.opts.tooLong("the session's packages"))
	defer cancel()
	for _, f := range folders {
		now := time.Now()
		if os.Chtimes(filepath.Join(p.dir, f), now, now) == nil {
			continue
		}
		d, ok := parseFolder(f)
		if !ok {
			continue
		}
		installer, err := p.installer(ctx)
		if err != nil {
			return err
		}
		if _, err := p.ensure(ctx, installer, d, p.opts.Bytes); err != nil {
			return err
		}
	}
	return nil
}

func (p *Store) lock(name string) (unlock func()) {
	p.mu.Lock()
	m := p.locks[name]
	if m == nil {
		m = new(sync.Mutex)
		p.locks[name] = m
	}
	p.mu.Unlock()
	m.Lock()
	return m.Unlock
}

func (p *Store) installer(ctx context.Context) (*uv, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.uv == nil {
		u, err := ensureUV(ctx, filepath.Dir(p.python.Env), p.opts.Index, io.Discard)
		if err != nil {
			return nil, err
		}
		if unix.Access(filepath.Dir(p.python.Env), unix.W_OK) != nil { // part of a container's image
			u.cache = filepath.Join(filepath.Dir(p.dir), "cache")
		}
		p.uv = u
	}
	return p.uv, nil
}

// boundSize calls over once the folder holds more than limit bytes.
func boundSize(ctx context.Context, dir string, limit int64, over func()) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			var n int64
			filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
				if err == nil && d.Type().IsRegular() {
					if info, err := d.Info(); err == nil {
						n += info.Size()
					}
				}
				return nil
			})
			// uv unpacks, and then copies.
			if n > 2*limit {
				over()
				return
			}
		}
	}
}

// openUp makes everything below dir readable to the code inside, and returns
// its size. Links are removed: a wheel has no need of them.
func openUp(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return os.Chmod(path, 0o755)
		case d.Type().IsRegular():
			info, err := d.Info()
			if err != nil {
				return err
			}
			size += info.Size()
			return os.Chmod(path, info.Mode().Perm()|0o444)
		}
		return os.Remove(path)
	})
	return size, err
}

package gvisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/sandbox"
)

const (
	packagesKeep  = 7 * 24 * time.Hour
	maxInstalls   = 40 // distributions of one request, dependencies included
	packageFolder = "%s-%s"
)

// installation says how packages are installed. Tests have their own.
type installation struct {
	time       time.Duration // of one request; 0: 3 min
	bytes      int64         // of all that one request installs, unpacked; 0: 1 GiB
	statistics string        // base URL of the counts of downloads; empty: pypistats.org's if the index is PyPI, or none
	build      bool          // source distributions too, whose code then runs on the host
}

func (i installation) withDefaults(index string) installation {
	if i.time == 0 {
		i.time = 3 * time.Minute
	}
	if i.bytes == 0 {
		i.bytes = 1 << 30
	}
	if i.statistics == "" && indexOr(index) == pypi {
		i.statistics = "https://pypistats.org/api/packages"
	}
	return i
}

// wheels is the option of the installer that keeps code of packages from
// running on the host.
func (i installation) wheels() []string {
	if i.build {
		return nil
	}
	return []string{"--only-binary", ":all:"}
}

// tooLarge is the error of an installation that is refused for its size.
func (i installation) tooLarge(what string) error {
	return fault.New(fault.TooLarge, "%s is larger than the %s that an installation may take.", what, bytesText(i.bytes))
}

// tooLong is the error of an installation that was given up.
func (i installation) tooLong(what string) error {
	return fault.New(fault.Unavailable, "Installing %s took more than %s and was given up.", what, i.time)
}

// packages installs what code imports and the environment lacks: wheels only,
// each distribution into a folder of its own below dir, which all sandboxes
// see read-only. Nothing of a package runs here.
type packages struct {
	h    *Host
	dir  string
	base map[string]string // distribution to version, of the environment

	mu    sync.Mutex
	locks map[string]*sync.Mutex // by folder name
	uv    *uv
}

func newPackages(h *Host) *packages {
	return &packages{h: h, dir: h.dirs.packages, base: h.python.distributions(), locks: map[string]*sync.Mutex{}}
}

// provided is what a request brought.
type provided struct {
	paths []string // to put on the path, inside
	names []string // "geopandas 1.1.0", without dependencies that nobody named
}

// provide answers a missing import or a pip install for a session: it finds
// the distributions, asks the user where the policy says so, and installs.
func (p *packages) provide(ctx context.Context, s *session, cell sandbox.Cell, m *message) (provided, error) {
	if p.h.opts.Packages == PackagesOff {
		return provided{}, fault.New(fault.Denied, "Installing packages is switched off here; %s is not available.", oneLine(m.Module+strings.Join(m.Specs, " "), 80))
	}
	var wanted []requirement
	if m.What == "import" {
		if !moduleName.MatchString(m.Module) {
			return provided{}, fault.New(fault.Invalid, "No module named %q.", oneLine(m.Module, 80))
		}
		name, known := curatedModules[m.Module]
		if !known {
			name = normalize(m.Module)
		}
		wanted = append(wanted, requirement{name: name, spec: name})
	}
	for _, spec := range m.Specs[:min(len(m.Specs), 20)] {
		r, err := parseRequirement(spec)
		if err != nil {
			return provided{}, err
		}
		wanted = append(wanted, r)
	}
	var names []string
	for i, r := range wanted {
		if err := p.allow(ctx, cell, r.name); err != nil {
			return provided{}, err
		}
		if spec := curated[r.name]; spec != "" && r.spec == r.name {
			wanted[i].spec = spec
		}
		names = append(names, r.name)
	}
	cell.Status(sandbox.Status{State: sandbox.Installing, Detail: strings.Join(names, ", ")})
	defer cell.Status(sandbox.Status{State: sandbox.Running})
	bounds := p.h.opts.install
	ctx, cancel := context.WithTimeoutCause(ctx, bounds.time, bounds.tooLong(strings.Join(names, ", ")))
	defer cancel()
	folders, err := p.install(ctx, wanted, s.stored.Packages)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return provided{}, err
	}
	var got provided
	for _, f := range folders {
		if !slices.Contains(s.stored.Packages, f.folder()) {
			s.stored.Packages = append(s.stored.Packages, f.folder())
		}
		got.paths = append(got.paths, insidePackages+"/"+f.folder())
		if slices.Contains(names, f.name) {
			got.names = append(got.names, f.name+" "+f.version)
		}
	}
	return got, nil
}

// allow asks for the user's yes where the policy wants one.
func (p *packages) allow(ctx context.Context, cell sandbox.Cell, name string) error {
	if curated[name] != "" || p.base[name] != "" || p.h.opts.Packages == PackagesAny {
		return nil
	}
	if p.h.opts.Packages == PackagesCurated {
		return fault.New(fault.Denied, "%s is not on the list of packages that may be installed here.", name)
	}
	about, err := p.describe(ctx, name)
	if err != nil {
		return err
	}
	refused := fault.New(fault.Denied, "The user did not allow the installation of %s; go on without it.", name)
	if cell.Ask == nil {
		return refused
	}
	yes, err := cell.Ask(ctx, fmt.Sprintf("May I install the Python package **%s** for this? %s", name, about))
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
func (p *packages) install(ctx context.Context, wanted []requirement, have []string) ([]distribution, error) {
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
	budget := p.h.opts.install.bytes
	for _, d := range all {
		n, err := p.ensure(ctx, installer, d, budget)
		if err != nil {
			return nil, err
		}
		budget -= n
	}
	return all, nil
}

// resolve returns the distributions that the requirements need and the
// environment does not have, one version each.
func (p *packages) resolve(ctx context.Context, installer *uv, wanted []requirement, have []string) ([]distribution, error) {
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
		"--python", filepath.Join(p.h.python.Env, "bin", "python"), "--constraint", file}, p.h.opts.install.wheels(), []string{"-"})...)
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	cmd.Stdin = strings.NewReader(in.String())
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := runBounded(cmd, p.h.opts.install.bytes); errors.Is(err, errFileSize) {
		return nil, p.h.opts.install.tooLarge(wanted[0].name)
	} else if err != nil {
		return nil, installError(err, wanted, said.String(), p.h.python.Version)
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
func (p *packages) ensure(ctx context.Context, installer *uv, d distribution, budget int64) (int64, error) {
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
	tooLarge := p.h.opts.install.tooLarge(d.name)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go boundSize(ctx, tmp, budget, func() { cancel(tooLarge) })
	made := filepath.Join(tmp, "made")
	cmd := installer.command(ctx, slices.Concat([]string{"pip", "install", "--quiet", "--no-deps", "--no-cache", "--link-mode", "copy",
		"--python", filepath.Join(p.h.python.Env, "bin", "python"), "--target", made}, p.h.opts.install.wheels(), []string{d.name + "==" + d.version})...)
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
		return 0, installError(err, []requirement{{name: d.name}}, said.String(), p.h.python.Version)
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
	p.h.log.Info("package installed", "name", d.name, "version", d.version, "bytes", n)
	return n, nil
}

// restore installs again what a stored session has and a sweep removed.
func (p *packages) restore(ctx context.Context, folders []string) error {
	bounds := p.h.opts.install
	ctx, cancel := context.WithTimeoutCause(ctx, bounds.time, bounds.tooLong("the session's packages"))
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
		if _, err := p.ensure(ctx, installer, d, bounds.bytes); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes what no session has asked for in a week.
func (p *packages) sweep() {
	entries, _ := os.ReadDir(p.dir)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < packagesKeep || p.inUse(e.Name()) {
			continue
		}
		unlock := p.lock(e.Name())
		if err := os.RemoveAll(filepath.Join(p.dir, e.Name())); err != nil {
			p.h.log.Warn("sweep of a package", "err", err)
		}
		unlock()
	}
}

func (p *packages) inUse(folder string) bool {
	p.h.mu.Lock()
	defer p.h.mu.Unlock()
	for _, s := range p.h.sessions {
		if list := s.packages.Load(); list != nil && slices.Contains(*list, folder) {
			return true
		}
	}
	return false
}

func (p *packages) lock(name string) (unlock func()) {
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

func (p *packages) installer(ctx context.Context) (*uv, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.uv == nil {
		u, err := ensureUV(ctx, filepath.Dir(p.h.python.Env), p.h.opts.Index, io.Discard)
		if err != nil {
			return nil, err
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

// requirement is what may be asked of the index: a name, extras and versions,
// never an address, a path or an option.
type requirement struct{ name, spec string }

const oneVersion = `(?:===?|>=|<=|~=|!=|<|>)\s*[A-Za-z0-9][A-Za-z0-9.*+!]{0,40}`

var (
	moduleName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,99}$`)
	projectSpec = regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?)(\[[A-Za-z0-9._, -]{1,100}\])?\s*(` + oneVersion + `(?:\s*,\s*` + oneVersion + `){0,9})?$`)
	folderName  = regexp.MustCompile(`^([a-z0-9-]+)-([0-9][A-Za-z0-9.+!]*)$`)
)

func parseRequirement(spec string) (requirement, error) {
	m := projectSpec.FindStringSubmatch(strings.TrimSpace(spec))
	if m == nil {
		return requirement{}, fault.New(fault.Invalid, "%q can't be installed: give the name of a package on the index, with a version if need be.", oneLine(spec, 80))
	}
	return requirement{name: normalize(m[1]), spec: m[1] + m[2] + m[3]}, nil
}

func parseFolder(f string) (distribution, bool) {
	m := folderName.FindStringSubmatch(f)
	if m == nil {
		return distribution{}, false
	}
	return distribution{m[1], m[2]}, true
}

var separators = regexp.MustCompile(`[-_.]+`)

// normalize returns the one spelling of a project's name (PEP 503).
func normalize(name string) string { return strings.ToLower(separators.ReplaceAllString(name, "-")) }

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

// installError makes one sentence of what the installer said.
func installError(err error, wanted []requirement, said, python string) error {
	names := make([]string, len(wanted))
	for i, r := range wanted {
		names[i] = r.name
	}
	name := strings.Join(names, ", ")
	low := strings.ToLower(strings.Join(strings.Fields(said), " "))
	full := fmt.Errorf("%w: %s", err, oneLine(said, 2000))
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case strings.Contains(low, "was not found in the package registry"):
		return fault.Wrap(full, fault.NotFound, "There is no package named %s on the package index.", name)
	case strings.Contains(low, "no usable wheels"), strings.Contains(low, "no wheels"), strings.Contains(low, "building from source is disabled"):
		return fault.Wrap(full, fault.Invalid, "%s has no wheel for Python %s on this system, and packages that must be built are not installed.", name, python)
	case strings.Contains(low, "error sending request"), strings.Contains(low, "failed to fetch"), strings.Contains(low, "dns error"),
		strings.Contains(low, "connect"), strings.Contains(low, "timed out"):
		return fault.Wrap(full, fault.Unavailable, "The package index can't be reached right now, so %s was not installed.", name)
	case strings.Contains(low, "no solution found"):
		return fault.Wrap(full, fault.Invalid, "%s does not fit the packages that are here: %s", name, oneLine(because(said), 300))
	}
	return fault.Wrap(full, fault.Unavailable, "%s could not be installed: %s", name, oneLine(lastLine(said), 200))
}

// because returns the reason out of a report of the resolver.
func because(said string) string {
	s := strings.Join(strings.Fields(said), " ")
	if _, reason, ok := strings.Cut(s, "Because "); ok {
		return "because " + reason
	}
	return s
}

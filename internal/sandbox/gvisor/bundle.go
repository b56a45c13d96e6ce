package gvisor

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/attachebot/attache/internal/sandbox"
	"github.com/attachebot/attache/internal/sandbox/wheels"
	"github.com/attachebot/attache/runner"
)

// Where things are inside.
const (
	insideEnv      = "/env"         // the Python environment
	insideRunner   = "/opt/attache" // the package attache
	insideWork     = "/work"        // the code's own folder, in memory
	insideFiles    = "/files"       // the user's files, read-only, filled on demand
	insidePackages = "/packages"    // packages installed on demand, read-only, shared
	insideTools    = "/opt/tools"   // the operator's Python tools, read-only
	nobody         = uint32(65534)  // user and group of the code
	descriptors    = 256            // of a process: each may cost the kernel a megabyte
	tmpBytes       = int64(256 << 20)
	shmBytes       = int64(64 << 20)
)

// bundle describes the system that code sees.
type bundle struct {
	rootfs   string // an almost empty folder with the mount points
	python   *wheels.Python
	runner   string // folder with the package attache
	packages string
	tools    string // the operator's; may be empty, or gone by now
	limits   sandbox.Limits
	weaken   func(*specs.Spec)
}

// write makes dir a bundle that runsc can start, with files as the folder of
// the user's files.
func (b *bundle) write(dir, files string) error {
	spec := b.spec(files)
	if b.weaken != nil {
		b.weaken(spec)
	}
	data, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "config.json"), data, 0o600)
}

func (b *bundle) spec(files string) *specs.Spec {
	bind := func(src, dst string) specs.Mount {
		return specs.Mount{Destination: dst, Source: src, Type: "bind", Options: []string{"rbind", "ro", "nosuid", "nodev"}}
	}
	memory := func(dst string, size int64, options ...string) specs.Mount {
		return specs.Mount{Destination: dst, Source: "tmpfs", Type: "tmpfs",
			Options: append([]string{"nosuid", "nodev", fmt.Sprintf("size=%d", size)}, options...)}
	}
	mounts := []specs.Mount{
		{Destination: "/proc", Type: "proc", Source: "proc"},
		memory("/tmp", tmpBytes, "mode=1777"),
		memory("/dev/shm", shmBytes, "mode=1777"),
		memory(insideWork, b.limits.Work, "mode=1777"),
		bind("/usr", "/usr"),
	}
	for _, dir := range operatorsOwn() {
		mounts = append(mounts, memory(dir, 4096, "ro", "mode=755"))
	}
	if b.python.Base != "" {
		mounts = append(mounts, bind(b.python.Base, wheels.InsideBase))
	}
	mounts = append(mounts,
		bind(filepath.Join(b.python.Env, "lib"), insideEnv+"/lib"),
		bind(b.runner, insideRunner),
		bind(b.packages, insidePackages),
		bind(files, insideFiles),
		bind(b.toolsFolder(), insideTools),
	)
	limit := func(kind string, n uint64) specs.POSIXRlimit {
		return specs.POSIXRlimit{Type: kind, Hard: n, Soft: n}
	}
	return &specs.Spec{
		Version:  "1.0.2",
		Hostname: "sandbox",
		Root:     &specs.Root{Path: b.rootfs, Readonly: true},
		Mounts:   mounts,
		Process: &specs.Process{
			User:            specs.User{UID: nobody, GID: nobody},
			Args:            []string{insideEnv + "/bin/python", "-P", "-u", insideRunner + "/main.py"},
			Env:             b.environ(),
			Cwd:             insideWork,
			NoNewPrivileges: true,
			Capabilities:    &specs.LinuxCapabilities{},
			Rlimits: []specs.POSIXRlimit{
				limit("RLIMIT_NPROC", uint64(b.limits.Processes)),
				limit("RLIMIT_NOFILE", descriptors),
				limit("RLIMIT_CORE", 0),
			},
		},
		Linux: &specs.Linux{
			Namespaces: []specs.LinuxNamespace{
				{Type: specs.PIDNamespace}, {Type: specs.NetworkNamespace}, {Type: specs.IPCNamespace},
				{Type: specs.UTSNamespace}, {Type: specs.MountNamespace},
			},
		},
	}
}

// operatorsOwn are the folders below /usr with what the operator installed for
// other purposes: the code sees them empty.
func operatorsOwn() []string {
	own := []string{"/usr/local"}
	for _, pattern := range []string{"/usr/lib/python3*/dist-packages", "/usr/lib/python3*/site-packages", "/usr/lib64/python3*/site-packages"} {
		found, _ := filepath.Glob(pattern)
		own = append(own, found...)
	}
	return slices.DeleteFunc(own, func(dir string) bool {
		info, err := os.Lstat(dir)
		return err != nil || !info.IsDir()
	})
}

// toolsFolder is what is bound for tools: always a folder, so that sessions
// outlive its coming and going.
func (b *bundle) toolsFolder() string {
	if info, err := os.Stat(b.tools); b.tools != "" && err == nil && info.IsDir() {
		return b.tools
	}
	return filepath.Join(b.rootfs, insideTools) // the empty mount point itself
}

// environ is the whole environment of the code.
func (b *bundle) environ() []string {
	env := []string{
		"PATH=" + insideEnv + "/bin:/usr/bin:/bin",
		"HOME=/tmp",
		"USER=user",
		"LANG=C.UTF-8",
		"TZ=UTC",
		"MPLBACKEND=agg",
		"MPLCONFIGDIR=/tmp/.matplotlib",
		"PYTHONDONTWRITEBYTECODE=1",
		// Memory that was freed is used again instead of being returned and
		// faulted in anew, which costs more in gVisor than outside; a
		// checkpoint returns it first.
		"MALLOC_MMAP_THRESHOLD_=1073741824",
		"MALLOC_TRIM_THRESHOLD_=1073741824",
		"MALLOC_TOP_PAD_=16777216",
		"MALLOC_ARENA_MAX=1", // more would reserve addresses, which the limit of memory counts
		"OPENBLAS_NUM_THREADS=2",
		"OMP_NUM_THREADS=2",
	}
	if b.python.Base != "" {
		env = append(env, "LD_LIBRARY_PATH="+wheels.InsideBase+"/lib") // it was built for another folder
	}
	return env
}

// writeRootfs makes the folder that is / inside: mount points, a few links
// and a minimal /etc.
func writeRootfs(dir string, p *wheels.Python) error {
	points := []string{"dev/shm", "etc", "opt/attache", "opt/tools", "packages", "files", "proc", "sys", "tmp", "usr", "work", "env/bin", "env/lib", "python"}
	for _, d := range points {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	for _, name := range []string{"bin", "sbin", "lib", "lib32", "lib64"} {
		target, err := os.Readlink("/" + name)
		if err != nil {
			continue // a system with /usr merged has links; others are refused by the probe
		}
		link := filepath.Join(dir, name)
		if err := os.Symlink(strings.TrimPrefix(target, "/"), link); err != nil && !os.IsExist(err) {
			return err
		}
	}
	for _, name := range []string{"python", "python3", "python" + p.Version} {
		if err := relink(p.Program, filepath.Join(dir, insideEnv, "bin", name)); err != nil {
			return err
		}
	}
	config := fmt.Sprintf("home = %s\ninclude-system-site-packages = false\nversion = %s\n", filepath.Dir(p.Program), p.Version)
	if err := os.WriteFile(filepath.Join(dir, insideEnv, "pyvenv.cfg"), []byte(config), 0o644); err != nil {
		return err
	}
	etc := map[string]string{
		"passwd":        "root:x:0:0:root:/:/sbin/nologin\nuser:x:65534:65534:user:/tmp:/bin/sh\n",
		"group":         "root:x:0:\nuser:x:65534:\n",
		"nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
		"hosts":         "127.0.0.1 localhost sandbox\n",
		"hostname":      "sandbox\n",
	}
	if cache, err := os.ReadFile("/etc/ld.so.cache"); err == nil {
		etc["ld.so.cache"] = string(cache) // where the system's shared libraries are
	}
	for name, content := range etc {
		if err := os.WriteFile(filepath.Join(dir, "etc", name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// relink makes name a link to target, whatever it was.
func relink(target, name string) error {
	if now, err := os.Readlink(name); err == nil && now == target {
		return nil
	}
	if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Symlink(target, name)
}

// extractRunner writes the package attache below dir, once for each version.
func extractRunner(dir string) (string, error) {
	sum := sha256.New()
	content := map[string][]byte{}
	err := fs.WalkDir(runner.Python, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "tests/") {
			return err
		}
		data, err := runner.Python.ReadFile(name)
		content[name] = data
		fmt.Fprintf(sum, "%s %d\n%s", name, len(data), data)
		return err
	})
	if err != nil {
		return "", err
	}
	target := filepath.Join(dir, "runner-"+hex.EncodeToString(sum.Sum(nil)[:8]))
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	tmp, err := os.MkdirTemp(dir, ".runner")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	for name, data := range content {
		path := filepath.Join(tmp, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return "", err
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, target); err != nil && !os.IsExist(err) {
		if _, serr := os.Stat(target); serr != nil {
			return "", err
		}
	}
	return target, nil
}

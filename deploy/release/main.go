// Command release builds what strangers install: for each platform one archive
// with attache and runsc, beside it the bill of materials of both, and the
// checksums of all. The same source with the same Go gives the same bytes.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

const (
	sbomTool   = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0"
	runscPath  = "gvisor.dev/gvisor/runsc"
	gofer      = "gvisor-bin/checkpointgofer"
	serviceDir = "deploy/systemd"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("release: ")
	out := flag.String("out", "dist", "folder of what is made")
	platforms := flag.String("platforms", "linux/amd64,linux/arm64", "what to build for")
	version := flag.String("version", "", "version; empty: what git describes")
	sbom := flag.Bool("sbom", true, "make the bills of materials")
	flag.Parse()
	r := release{out: *out, version: *version, sbom: *sbom}
	if err := r.make(strings.Split(*platforms, ",")); err != nil {
		log.Fatal(err)
	}
}

type release struct {
	out     string
	version string
	sbom    bool
	made    []string // names of files in out
}

func (r *release) make(platforms []string) error {
	if r.version == "" {
		said, err := run(nil, "git", "describe", "--tags", "--always", "--dirty")
		if err != nil {
			return err
		}
		r.version = strings.TrimSpace(string(said))
	}
	if err := errors.Join(os.RemoveAll(r.out), os.MkdirAll(r.out, 0o755)); err != nil {
		return err
	}
	for _, p := range platforms {
		if err := r.platform(p); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	slices.Sort(r.made)
	var sums bytes.Buffer
	for _, name := range r.made {
		data, err := os.ReadFile(filepath.Join(r.out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), name)
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), sums.Bytes(), 0o644)
}

// platform builds all programs for goos/goarch and packs them.
func (r *release) platform(platform string) error {
	goos, goarch, ok := strings.Cut(platform, "/")
	if !ok {
		return errors.New("a platform is written as linux/amd64")
	}
	env := []string{"CGO_ENABLED=0", "GOOS=" + goos, "GOARCH=" + goarch}
	name := fmt.Sprintf("attache-%s-%s-%s", strings.TrimPrefix(r.version, "v"), goos, goarch)
	stage, err := os.MkdirTemp("", "release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	var programs []string
	for _, p := range [][2]string{{"attache", "./cmd/attache"}, {"runsc", runscPath}, {gofer, "./cmd/checkpointgofer"}} {
		program, from := p[0], p[1]
		path := filepath.Join(stage, program)
		log.Printf("building %s for %s", program, platform)
		if _, err := run(env, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.released="+r.version, "-o", path, from); err != nil {
			return err
		}
		programs = append(programs, path)
		if err := r.bill(name, filepath.Base(program), path); err != nil {
			return err
		}
	}
	licences, err := licencesOf(programs)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(stage, "THIRD_PARTY_LICENSES.txt"), licences, 0o644); err != nil {
		return err
	}
	if err := documents(stage); err != nil {
		return err
	}
	archive := name + ".tar.gz"
	r.made = append(r.made, archive)
	return pack(filepath.Join(r.out, archive), name, stage)
}

// bill makes the bill of materials of a program.
func (r *release) bill(name, program, path string) error {
	if !r.sbom {
		return nil
	}
	bom := strings.Replace(name, "attache-", program+"-", 1) + ".cdx.json"
	r.made = append(r.made, bom)
	_, err := run([]string{"GOFLAGS=-mod=mod"}, "go", "run", sbomTool, "bin", "-json", "-noserial", "-notimestamp", "-version", r.version, "-output", filepath.Join(r.out, bom), path)
	return err
}

// documents adds what an installed program is used with.
func documents(stage string) error {
	for from, to := range map[string]string{"LICENSE": "LICENSE", "README.md": "README.md", "CHANGELOG.md": "CHANGELOG.md", ".env.example": "env.example", serviceDir + "/attache.service": "attache.service"} {
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(stage, to), data, 0o644); err != nil {
			return err
		}
	}
	host := filepath.Join(stage, ".host") // runs on this machine, whatever is built for
	if _, err := run([]string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", host, "./cmd/attache"); err != nil {
		return err
	}
	defer os.Remove(host)
	if _, err := run(nil, host, "man", filepath.Join(stage, "man")); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(stage, "completions"), 0o755); err != nil {
		return err
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		text, err := run(nil, host, "completion", shell)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(stage, "completions", "attache."+shell), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// licencesOf returns the licences of all that is linked into the programs.
func licencesOf(programs []string) ([]byte, error) {
	modules := map[string]bool{}
	for _, p := range programs {
		info, err := buildinfo.ReadFile(p)
		if err != nil {
			return nil, err
		}
		deps := info.Deps
		if strings.HasPrefix(runscPath, info.Main.Path+"/") { // it is the main module of that program
			deps = append(deps, &info.Main)
		}
		for _, m := range deps {
			if m.Replace != nil {
				m = m.Replace
			}
			modules[m.Path+"@"+m.Version] = true
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "What is linked into attache, runsc and checkpointgofer, and under which terms.\n")
	write := func(name, dir string) error {
		found := 0
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			upper := strings.ToUpper(e.Name())
			if e.IsDir() || !slices.ContainsFunc([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE", "PATENTS"}, func(s string) bool { return strings.HasPrefix(upper, s) }) {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return err
			}
			found++
			fmt.Fprintf(&out, "\n%s\n%s: %s\n\n%s\n", strings.Repeat("=", 80), name, e.Name(), strings.TrimSpace(string(text)))
		}
		if found == 0 {
			return fmt.Errorf("%s has no licence", name)
		}
		return nil
	}
	root, err := run(nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	if err := write("Go's standard library, "+runtime.Version(), strings.TrimSpace(string(root))); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(modules))
	for name := range modules {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		said, err := run(nil, "go", "mod", "download", "-json", name)
		if err != nil {
			return nil, err
		}
		var m struct{ Dir string }
		if err := json.Unmarshal(said, &m); err != nil {
			return nil, err
		}
		if err := write(name, m.Dir); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// pack writes a folder as a compressed tar with nothing of this machine in it.
func pack(path, name, dir string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	zw, _ := gzip.NewWriterLevel(f, gzip.BestCompression)
	tw := tar.NewWriter(zw)
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		h := &tar.Header{Name: name + "/" + filepath.ToSlash(rel), Mode: 0o644, Format: tar.FormatUSTAR}
		if d.IsDir() {
			h.Name, h.Mode, h.Typeflag = h.Name+"/", 0o755, tar.TypeDir
			return tw.WriteHeader(h)
		}
		if rel == "attache" || rel == "runsc" || rel == gofer {
			h.Mode = 0o755
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		h.Size = int64(len(data))
		if err := tw.WriteHeader(h); err != nil {
			return err
		}
		_, err = tw.Write(data)
		return err
	})
	return errors.Join(err, tw.Close(), zw.Close(), f.Close())
}

func run(env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, io.Writer(&said)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, &said)
	}
	return out.Bytes(), nil
}

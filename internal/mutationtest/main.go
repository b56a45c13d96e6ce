// Command mutationtest takes protections away from the program, one at a time,
// and runs the test that must notice each. The source is not touched: go gets
// the changed file as an overlay. Whatever no test notices is listed, and then
// the command fails.
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/attachebot/attache/internal/testbin"
)

//go:embed mutations.txt
var list string

func main() {
	log.SetFlags(0)
	log.SetPrefix("mutations: ")
	only := flag.String("run", "", "regular expression: only mutations whose name or file matches")
	flag.Parse()
	which, err := regexp.Compile(*only)
	if err != nil {
		log.Fatal(err)
	}
	all, err := parse(list)
	if err != nil {
		log.Fatal(err)
	}
	r := runner{root: testbin.Root(), good: map[string]error{}, took: map[string]time.Duration{}}
	tried, wrong := 0, []string{}
	for _, m := range all {
		if !which.MatchString(m.name) && !which.MatchString(m.file) {
			continue
		}
		tried++
		began := time.Now()
		verdict := "noticed"
		if err := r.try(m); err != nil {
			verdict = err.Error()
			wrong = append(wrong, m.name+": "+verdict)
		}
		fmt.Printf("%-60s %5.1f s  %s\n", m.name, time.Since(began).Seconds(), verdict)
	}
	fmt.Printf("%d mutations, %d not noticed\n", tried, len(wrong))
	if len(wrong) > 0 || tried == 0 {
		log.Fatalf("not as it must be:\n%s", strings.Join(wrong, "\n"))
	}
}

// runner runs tests with mutations and without.
type runner struct {
	root string
	good map[string]error // what the test is without a mutation
	took map[string]time.Duration
}

// try returns nil if the test of a mutation notices it, and passes without it.
func (r *runner) try(m mutation) error {
	data, err := m.apply(r.root)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutation")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	name := m.pkg + " " + m.test
	if _, known := r.good[name]; !known {
		out, err := r.test(dir, m, "", 5*time.Minute)
		if seconds := passed.FindSubmatch(out); seconds != nil {
			n, _ := strconv.ParseFloat(string(seconds[1]), 64)
			r.took[name] = time.Duration(n * float64(time.Second))
		}
		if err != nil {
			err = fmt.Errorf("%s fails without the mutation: %w\n%s", name, err, out)
		} else if !bytes.Contains(out, []byte("--- PASS: "+strings.ReplaceAll(m.test, " ", "_")+" ")) || bytes.Contains(out, []byte("--- SKIP")) {
			err = fmt.Errorf("%s does not run here:\n%s", name, out)
		}
		r.good[name] = err
	}
	if err := r.good[name]; err != nil {
		return err
	}
	changed, overlay := filepath.Join(dir, "changed"), filepath.Join(dir, "overlay.json")
	asJSON, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(r.root, m.file): changed}})
	if err != nil {
		return err
	}
	for path, data := range map[string][]byte{changed: data, overlay: asJSON} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return err
		}
	}
	switch out, err := r.test(dir, m, overlay, 30*time.Second+3*r.took[name]); {
	case err == nil:
		return fmt.Errorf("SURVIVED %s", name)
	case bytes.Contains(out, []byte("[build failed]")), bytes.Contains(out, []byte("[setup failed]")):
		return fmt.Errorf("it does not compile:\n%s", out)
	case !bytes.Contains(out, []byte("--- FAIL: ")) && !bytes.Contains(out, []byte("panic: ")) && !bytes.Contains(out, []byte("fatal error: ")):
		return fmt.Errorf("the test did not run:\n%s", out)
	}
	return nil
}

// passed is what a test that passes says of its time.
var passed = regexp.MustCompile(`(?m)^--- PASS: \S+ \(([0-9.]+)s\)`)

// test runs the test of a mutation. What it leaves, processes too, is removed. A
// test that hangs with the mutation has noticed it when the limit is reached.
func (r *runner) test(dir string, m mutation, overlay string, limit time.Duration) ([]byte, error) {
	var pattern []string
	for _, part := range strings.Split(m.test, "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(strings.ReplaceAll(part, " ", "_"))+"$")
	}
	args := []string{"test", "-vet=off", "-ldflags=-s -w", "-v", "-timeout=" + limit.String(), "-run", strings.Join(pattern, "/")}
	if overlay != "" {
		args = append(args, "-overlay="+overlay, "-count=1")
	}
	tmp := filepath.Join(dir, "tmp")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return nil, err
	}
	cmd := exec.Command("go", append(args, m.pkg)...)
	cmd.Dir = r.root
	if overlay != "" { // the name of a folder would keep a result from being used again
		cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	}
	out, err := cmd.CombinedOutput()
	killIn(tmp)
	return out, err
}

// killIn ends the processes that a test has left, which name its folder: a test
// that is ended by its limit of time ends no sandbox.
func killIn(dir string) {
	args, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range args {
		if data, err := os.ReadFile(file); err == nil && bytes.Contains(data, []byte(dir+"/")) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}

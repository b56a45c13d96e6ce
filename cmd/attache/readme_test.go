package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
	"github.com/attachebot/attache/internal/testbin"
)

// needsClone skips a test where this is no clone of the repository.
func needsClone(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		testbin.Missing(t, "git", "git is not installed")
	}
	if exec.Command("git", "-C", testbin.Root(), "rev-parse", "HEAD").Run() != nil {
		testbin.Missing(t, "git", "this is no clone")
	}
}

// The README's commands work word for word in a fresh clone, in their order.
// Two things stand in for others: git finds the address in this folder, and the
// Python environment is the one of the tests.
func TestReadme(t *testing.T) {
	python := gvisortest.Python(t)
	needsClone(t)
	dir := t.TempDir()
	t.Setenv("PYTHON_DIR", filepath.Dir(python.Env))
	for _, name := range []string{"DATA_DIR", "DISCORD_TOKEN", "OPENAI_API_KEY", "OPENAI_BASE_URL", "WEB_LISTEN", "RUNSC", "MAKEFLAGS", "MAKELEVEL"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "url."+testbin.Root()+".insteadOf")
	t.Setenv("GIT_CONFIG_VALUE_0", "https://github.com/attachebot/attache")
	if l, err := net.Listen("tcp", "127.0.0.1:8080"); err == nil {
		l.Close()
	} else {
		t.Setenv("WEB_LISTEN", "127.0.0.1:0") // somebody else's
	}
	clone := filepath.Join(dir, "attache")
	sales := "date,region,amount\n"
	for day := range 28 {
		sales += fmt.Sprintf("2024-02-%02d,%s,%d\n", day+1, []string{"north", "south"}[day%2], 100+7*day)
	}
	inputs := map[string]string{
		"sales.csv":    sales,
		"script.py":    "print(open(FILES['sales.csv']).read())",
		"prompt.txt":   "How many tokens is this?",
		"request.json": `{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}`,
	}
	says := map[string]string{
		"chat": "28 rows", "exec": "north,100", "list": "sales.csv", "--model": "6 tokens", "doctor": "ok", "--request": "tokens",
	}
	for _, line := range commands(t, filepath.Join(testbin.Root(), "README.md")) {
		switch {
		case strings.HasPrefix(line, "git clone "):
			if out, err := shell(dir, line).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", line, err, out)
			}
			for name, text := range inputs {
				if err := os.WriteFile(filepath.Join(clone, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		case line == "make run":
			serveOnce(t, clone)
		case strings.HasPrefix(line, "bin/attache "):
			out, err := shell(clone, line).CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
			for word, want := range says {
				if strings.Contains(line, " "+word+" ") && !bytes.Contains(out, []byte(want)) {
					t.Errorf("%s does not say %q:\n%s", line, want, out)
				}
			}
		default:
			t.Errorf("README.md has the command %q, which is not tried here", line)
		}
	}
	if charts, _ := filepath.Glob(filepath.Join(clone, "charts", "*.png")); len(charts) == 0 {
		t.Error("no chart was written")
	}
	const most = 90 // megabytes
	if program, err := os.Stat(filepath.Join(clone, "bin", "attache")); err != nil {
		t.Error(err)
	} else if program.Size() > most*1e6 {
		t.Errorf("the program has %.1f MB: `go tool nm -size -sort size` tells what is large", float64(program.Size())/1e6)
	}
}

// commands are the lines of the blocks marked sh, those of settings apart.
func commands(t *testing.T, path string) (lines []string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			line, _, _ = strings.Cut(line, "  #")
			if line = strings.TrimSpace(line); line != "" && !regexp.MustCompile(`^[A-Z_]+=`).MatchString(line) {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) < 7 {
		t.Fatalf("only %d commands in %s", len(lines), path)
	}
	return lines
}

func shell(dir, line string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = dir
	return cmd
}

// serveOnce runs make run on a terminal until the page is open, and stops it as
// Ctrl-C does.
func serveOnce(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command("script", "-qec", "make run", os.DevNull)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DISPLAY=", "WAYLAND_DISPLAY=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	giveUp := time.AfterFunc(8*time.Minute, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer giveUp.Stop()
	var said strings.Builder
	open := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if !open && strings.Contains(lines.Text(), "/#t=") {
			open = true
			in.Write([]byte{3}) // Ctrl-C, typed
		}
	}
	err = cmd.Wait()
	if !open || !strings.Contains(said.String(), "Stopping") {
		t.Errorf("make run: %v\n%s", err, said.String())
	}
}

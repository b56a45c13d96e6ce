package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor/gvisortest"
)

// Ctrl-C ends a program with 130, as a shell expects, and soon.
func TestExecInterrupted(t *testing.T) {
	data := dataDir(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	attache := filepath.Join(t.TempDir(), "attache")
	if err := os.Symlink(self, attache); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(attache, "exec", "-")
	cmd.Env = append(os.Environ(), "DATA_DIR="+data, "RUNSC="+gvisortest.Runsc())
	cmd.Dir = data
	cmd.Stdin = strings.NewReader("import time\nprint('go')\ntime.sleep(60)\n")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "go\n" {
		t.Fatalf("%q, %v\n%s", line, err, &said)
	}
	began := time.Now()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || time.Since(began) > 20*time.Second {
		t.Errorf("%d after %v (%v)\n%s", code, time.Since(began), err, &said)
	}
}

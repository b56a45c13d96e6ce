package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// As process 1 of a PID namespace the program works, passes its status on, and
// reaps what is left to it.
func TestAsInit(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root makes a PID namespace that this test can look into")
	}
	bin := t.TempDir() + "/attache"
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := func(args ...string) (string, int) {
		cmd := exec.Command("unshare", append([]string{"--pid", "--fork", "--mount-proc", bin}, args...)...)
		cmd.Env = append(os.Environ(), "DATA_DIR="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	if out, code := run("version"); code != 0 || !strings.HasPrefix(out, "attache ") {
		t.Errorf("%d %s", code, out)
	}
	if out, code := run("nonsense"); code != 2 || !strings.Contains(out, "no command") {
		t.Errorf("%d %s", code, out)
	}
}

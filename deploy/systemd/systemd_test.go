// Package systemd_test asks systemd itself about the unit.
package systemd_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/attachebot/attache/internal/testbin"
)

// The unit is right to its last directive, and hardened at least as well as it is
// said to be: "OK", an exposure below 5.
func TestUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		testbin.Missing(t, "systemd-analyze", "it is in Debian's package systemd")
	}
	unit, err := os.ReadFile("attache.service")
	if err != nil {
		t.Fatal(err)
	}
	// The program is not installed here: any other stands for it.
	file := filepath.Join(t.TempDir(), "attache.service")
	if err := os.WriteFile(file, bytes.ReplaceAll(unit, []byte("/opt/attache/attache"), []byte("/bin/true")), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	if out, err := exec.Command(analyze, "security", "--no-pager", "--offline=true", "--threshold=50", file).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

package processors

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attachebot/attache/internal/testbin"
)

// A tree has who came since the last look, who came back to it as its parent ended, and
// nobody else's processes.
func TestTrees(t *testing.T) {
	// The root takes over the grandchild: it is the first of its namespace, as gVisor is.
	cmd := exec.Command("/bin/sh", "-c", `echo ready; read x; (sleep 100 & echo started); echo ended; read x`)
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWPID, Pdeathsig: unix.SIGKILL}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
	}
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
		testbin.Missing(t, "userns", err.Error())
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	lines := bufio.NewScanner(out)
	lines.Scan()
	root := cmd.Process.Pid
	var m Machine
	roots := map[int]bool{root: true}
	if got := m.Trees(roots)[root]; !slices.Equal(got, Tree{root}) {
		t.Errorf("at first: %v", got)
	}
	fmt.Fprintln(in)
	for lines.Scan() && lines.Text() != "ended" {
	}
	if got := m.Trees(roots)[root]; len(got) != 2 || !slices.Contains(got, root) {
		t.Errorf("with a child whose parent has ended: %v", got)
	}
	if got := m.Trees(roots)[root]; len(got) != 2 {
		t.Errorf("at the next look: %v", got)
	}
	// What was seen long ago may be of other processes with the same numbers.
	m.parent[root], m.at = 1, time.Now().Add(-time.Minute)
	if got := m.Trees(map[int]bool{os.Getpid(): true})[os.Getpid()]; !slices.Contains(got, root) {
		t.Errorf("of this process: %v", got)
	}
	if got := m.Trees(map[int]bool{1 << 30: true}); len(got) > 0 {
		t.Errorf("of a process that there is not: %v", got)
	}
	began, used := time.Now(), Tree{os.Getpid()}.Used()
	for (Tree{os.Getpid()}).Used() <= used { // a busy machine gives little
		if time.Since(began) > time.Minute {
			t.Fatal("computing takes nothing")
		}
	}
}

func BenchmarkTrees(b *testing.B) {
	var m Machine
	for b.Loop() {
		m.Trees(map[int]bool{os.Getpid(): true})
	}
}

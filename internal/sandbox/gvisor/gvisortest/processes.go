package gvisortest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// AwaitNoSandboxes waits until no sandbox process is left of this test.
func AwaitNoSandboxes(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		n := CountSandboxes()
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d sandbox processes are left", n)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// CountSandboxes counts gVisor's processes below this one.
func CountSandboxes() int { return len(below("runsc")) }

// Sandboxes returns the ids of the sandbox processes themselves.
func Sandboxes() []int { return below("runsc-sandbox") }

// below returns the processes below this one whose command line has the word.
func below(word string) []int {
	var pids []int
	for _, pid := range descendants(os.Getpid()) {
		args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if strings.Contains(string(args), word) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func descendants(pid int) []int {
	parents := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, s := range stats {
		data, err := os.ReadFile(s)
		if err != nil {
			continue
		}
		var child, parent int
		var state string
		text := string(data)
		fmt.Sscan(text, &child)
		fmt.Sscan(text[strings.LastIndexByte(text, ')')+1:], &state, &parent)
		parents[parent] = append(parents[parent], child)
	}
	var all []int
	for todo := []int{pid}; len(todo) > 0; todo = todo[1:] {
		all = append(all, parents[todo[0]]...)
		todo = append(todo, parents[todo[0]]...)
	}
	return all
}

// Package processors measures what trees of processes take of the processors, and
// shares the processors among them.
package processors

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// clockTick is the unit of processor times in /proc, on every architecture
// that gVisor runs on.
const clockTick = time.Second / 100

// Tree is a process with all that descend from it.
type Tree struct {
	Used  time.Duration // of the processors, children that were waited for included
	Procs []int
}

// Trees returns the tree of each root process that there is.
func Trees(roots map[int]bool) map[int]Tree {
	parent, used := map[int]int{}, map[int]time.Duration{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		_, rest, _ := bytes.Cut(data[max(bytes.LastIndexByte(data, ')'), 0):], []byte(" "))
		fields := bytes.Fields(rest)
		if len(fields) < 15 {
			continue
		}
		number := func(i int) int { n, _ := strconv.Atoi(string(fields[i])); return n }
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		parent[pid] = number(1)
		for i := 11; i < 15; i++ { // utime, stime, cutime, cstime
			used[pid] += time.Duration(number(i)) * clockTick
		}
	}
	trees := map[int]Tree{}
	for pid, d := range used {
		root := pid
		for root > 0 && !roots[root] {
			root = parent[root]
		}
		if root > 0 {
			t := trees[root]
			t.Used += d
			t.Procs = append(t.Procs, pid)
			trees[root] = t
		}
	}
	return trees
}

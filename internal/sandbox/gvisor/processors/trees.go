// Package processors measures what trees of processes take of the processors, and
// shares the processors among them.
package processors

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

// clockTick is the unit of processor times in /proc, on every architecture
// that gVisor runs on.
const clockTick = time.Second / 100

// Tree is a process with all that descend from it.
type Tree []int

// Used is what its processes took of the processors, children that were waited for
// included.
func (t Tree) Used() (sum time.Duration) {
	for _, pid := range t {
		_, used := stat(pid)
		sum += used
	}
	return sum
}

// Machine knows the processes of the machine, so that a look at them reads of those
// alone that are new. A number is given again only after all others, which takes longer
// than it is believed. The zero value knows none. It is safe for concurrent use.
type Machine struct {
	mu     sync.Mutex
	parent map[int]int
	at     time.Time // of the last look
}

const believed = 5 * time.Second

// Trees returns the tree of each root process that there is.
func (m *Machine) Trees(roots map[int]bool) map[int]Tree {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.parent
	if time.Since(m.at) > believed {
		before = nil
	}
	m.parent, m.at = map[int]int{}, time.Now()
	for _, pid := range all() {
		m.parent[pid] = before[pid]
	}
	for pid, parent := range m.parent {
		if _, lives := m.parent[parent]; !lives { // it is new, or has another one now
			m.parent[pid], _ = stat(pid)
		}
	}
	trees := map[int]Tree{}
	for pid := range m.parent {
		root := pid
		for n := 0; root > 0 && !roots[root] && n < len(m.parent); n++ {
			root = m.parent[root]
		}
		if roots[root] {
			trees[root] = append(trees[root], pid)
		}
	}
	return trees
}

// all returns the processes of the machine.
func all() (pids []int) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// stat returns the parent of a process, and what it took of the processors; nothing if
// it has ended.
func stat(pid int) (parent int, used time.Duration) {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := bytes.Cut(data[max(bytes.LastIndexByte(data, ')'), 0):], []byte(" "))
	fields := bytes.Fields(rest)
	if len(fields) < 15 {
		return 0, 0
	}
	number := func(i int) int { n, _ := strconv.Atoi(string(fields[i])); return n }
	for i := 11; i < 15; i++ { // utime, stime, cutime, cstime
		used += time.Duration(number(i)) * clockTick
	}
	return number(1), used
}

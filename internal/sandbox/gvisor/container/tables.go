package container

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// MeasureTables has Measure count the page tables of containers as they are now:
// memory of the host's kernel, 4 kB for each 2 MB of addresses that code has
// touched, even if one page is behind all of them. gVisor keeps the addresses of each
// process of the code in a child of the sandbox process.
func MeasureTables(all []*Container) {
	bytes := map[int]int64{}
	for _, c := range all {
		bytes[c.PID] = 0
	}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		if n, ok := bytes[parent(file)]; ok {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			bytes[parent(file)] = n + inStatus(pid, "VmPTE:")
		}
	}
	for _, c := range all {
		c.tables.Store(bytes[c.PID])
	}
}

// parent returns the parent of a process by its file stat, -1 if it has ended.
func parent(stat string) int {
	data, _ := os.ReadFile(stat)
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 2 {
		return -1
	}
	n, _ := strconv.Atoi(string(fields[1]))
	return n
}

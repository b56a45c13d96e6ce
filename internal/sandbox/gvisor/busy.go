package gvisor

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
)

const (
	busyEvery = 2 * time.Second
	busyShare = 0.1 // of a processor: what an idle sandbox stays far below
)

// watchIdle marks the sessions that compute although no cell runs: code left
// processes or threads behind. What the code says of itself is no evidence.
func (h *Host) watchIdle(ctx context.Context) {
	tick := time.NewTicker(busyEvery)
	defer tick.Stop()
	before, last := map[*container.Container]time.Duration{}, time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		roots := map[int]*container.Container{}
		sessions := map[*container.Container]*session{}
		h.mu.Lock()
		for _, s := range h.sessions {
			if c := s.running.Load(); c != nil && c.PID > 0 && s.users == 0 && s.used.Before(last) {
				roots[c.PID], sessions[c] = c, s
			}
		}
		h.mu.Unlock()
		now := time.Now()
		used := map[*container.Container]time.Duration{}
		if len(roots) > 0 {
			used = processorTime(roots)
		}
		h.mu.Lock()
		for c, d := range used {
			old, known := before[c]
			if known && float64(d-old) > busyShare*float64(now.Sub(last)) && sessions[c].users == 0 {
				sessions[c].busy.Store(true)
			}
		}
		h.mu.Unlock()
		before, last = used, now
	}
}

// clockTick is the unit of processor times in /proc, on every architecture
// that gVisor runs on.
const clockTick = time.Second / 100

// processorTime returns the processor time of each root process with all that
// descend from it, the stopped ones that were waited for included.
func processorTime(roots map[int]*container.Container) map[*container.Container]time.Duration {
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
	total := map[*container.Container]time.Duration{}
	for pid, d := range used {
		for pid > 0 && roots[pid] == nil {
			pid = parent[pid]
		}
		if c := roots[pid]; c != nil {
			total[c] += d
		}
	}
	return total
}

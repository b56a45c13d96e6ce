package gvisor

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/attachebot/attache/internal/sandbox/gvisor/container"
)

const (
	watchEvery  = 15 * time.Millisecond  // how long memory may grow unseen
	watchClose  = 2 * time.Millisecond   // the same, from three quarters of the limit on
	tablesEvery = 200 * time.Millisecond // the same of page tables, which take longer to measure
	tablesIdle  = 2 * time.Second        // and while no cell runs
	busyIdle    = 3 * time.Second        // idle time of a session whose code computes on
	linkGrace   = 2 * time.Second        // how long code that is cut off may take to end by itself
)

// watch ends every sandbox that holds more memory than it may, and those whose code
// closed the connection.
func (h *Host) watch(ctx context.Context) {
	cut := map[*container.Container]time.Time{} // since when
	for every := watchEvery; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
		every = watchEvery
		all := h.containers()
		h.watchLinks(all, cut)
		for _, c := range all {
			switch n := c.Measure(); {
			case n > h.opts.Limits.Memory:
				if c.EndFor(container.OverMemory) {
					h.log.Warn("sandbox out of memory", "id", c.ID, "bytes", n)
				}
			case n > h.opts.Limits.Memory/4*3:
				every = watchClose
			}
		}
	}
}

// watchLinks ends sandboxes that have been cut off for a while: a process that ends is
// for a moment, too.
func (h *Host) watchLinks(all []*container.Container, cut map[*container.Container]time.Time) {
	off := map[*container.Container]bool{}
	for _, c := range all {
		if c.Gone() || c.Linked() {
			continue
		}
		off[c] = true
		if since, known := cut[c]; !known {
			cut[c] = time.Now()
		} else if time.Since(since) > linkGrace && c.EndFor(container.CutOff) {
			h.log.Warn("sandbox closed its connection", "id", c.ID)
		}
	}
	maps.DeleteFunc(cut, func(c *container.Container, _ time.Time) bool { return !off[c] })
}

// watchTables measures page tables. It looks for the code's processes among all of the
// machine, which memory that grows can't wait for.
func (h *Host) watchTables(ctx context.Context) {
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(tablesEvery):
		}
		if h.inCells() > 0 || time.Since(last) > tablesIdle {
			all, roots := h.containers(), map[int]bool{}
			for _, c := range all {
				roots[c.PID] = true
			}
			trees := h.machine.Trees(roots)
			for _, c := range all {
				c.MeasureTables(trees[c.PID])
			}
			last = time.Now()
		}
	}
}

// containers returns those that sessions have.
func (h *Host) containers() []*container.Container {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []*container.Container
	for _, s := range h.sessions {
		if c := s.running.Load(); c != nil {
			all = append(all, c)
		}
	}
	return all
}

// inCells counts the cells that run.
func (h *Host) inCells() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sessions {
		if s.inCell.Load() {
			n++
		}
	}
	return n
}

// keep hibernates sessions that are not used, and sweeps those on disk.
func (h *Host) keep(ctx context.Context) {
	every := min(max(h.opts.Idle/10, 50*time.Millisecond), 5*time.Second)
	tick := time.NewTicker(every)
	defer tick.Stop()
	var swept time.Time
	for {
		if time.Since(swept) > time.Hour {
			h.shelf.sweep(ctx)
			h.shelf.keepBound(ctx)
			h.shelf.boundAnswers()
			h.wheels.Sweep()
			if image, err := h.snapshots.current(ctx); err == nil {
				h.snapshots.use(image)
			}
			h.python.Use()
			swept = time.Now()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		h.pool.poke()
		limit := h.opts.Idle
		if h.opts.short() {
			limit = time.Second
		}
		for {
			s := h.idle(limit)
			if s == nil {
				break
			}
			if err := s.hibernate(ctx); err != nil {
				h.log.Warn("hibernate", "user", s.key.User, "error", err)
			}
			s.unlock()
			h.release(s)
		}
	}
}

// idle returns a live session that was not used for limit, locked and held, or
// nil.
func (h *Host) idle(limit time.Duration) *session {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sessions {
		bound := limit
		if s.busy.Load() {
			bound = min(limit, busyIdle)
		}
		if s.users == 0 && s.live.Load() && time.Since(s.used) >= bound && s.tryLock() {
			s.users++
			return s
		}
	}
	return nil
}

// memoryShort reports whether less than 8 % of the machine's memory is
// available.
func memoryShort() bool {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return false
	}
	defer f.Close()
	var total, available int64
	for sc := bufio.NewScanner(f); sc.Scan() && (total == 0 || available == 0); {
		name, value, _ := strings.Cut(sc.Text(), ":")
		switch name {
		case "MemTotal":
			fmt.Sscan(value, &total)
		case "MemAvailable":
			fmt.Sscan(value, &available)
		}
	}
	return total > 0 && available*100 < total*8
}

package processors

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Shares gives trees that take more than their part of the processors a lower
// priority, while others want them too: as much lower as leaves them their part. The
// kernel shares by process, so one with 32 of them would get what 32 others get. It shares by session where
// it has autogroups, which a cgroup of the program's own (a service, a container)
// switches off.
//
// The zero value is ready. A tree gets its priority back when it takes less than
// its part, if the program may raise priorities; an ordinary user may not.
type Shares struct {
	last time.Time
	used map[int]time.Duration
	down map[int]int // nice values that each tree is below what it began with
	base map[int]int // nice value that it began with
	idle idleTime
}

const (
	lowest = 19   // nice values below what a tree began with
	weight = 1.25 // a nice value lower gets so many times less
	active = 0.02 // of a processor: a tree that takes less wants none
	greedy = 1.5  // parts
	modest = 0.8
)

// Adjust sets the priorities of trees, by root, from what they took since the last
// time.
func (s *Shares) Adjust(trees map[int]Tree) {
	now := time.Now()
	elapsed := now.Sub(s.last).Seconds()
	take := map[int]float64{} // processors
	used := map[int]time.Duration{}
	for root, t := range trees {
		used[root] = t.Used()
		if old, known := s.used[root]; known && elapsed > 0 {
			take[root] = (used[root] - old).Seconds() / elapsed
		}
	}
	for root := range s.down {
		if _, lives := trees[root]; !lives {
			delete(s.down, root)
			delete(s.base, root)
		}
	}
	s.last, s.used = now, used
	if s.down == nil {
		s.down, s.base = map[int]int{}, map[int]int{}
	}
	for root, down := range adjust(take, s.down, s.idle.share() < 0.1, float64(runtime.GOMAXPROCS(0))) {
		if _, known := s.base[root]; !known {
			nice, err := unix.Getpriority(unix.PRIO_PROCESS, root)
			if err != nil {
				continue
			}
			s.base[root] = 20 - nice // the raw system call returns 20 - nice
		}
		if setNice(trees[root], min(19, s.base[root]+down)) == nil {
			s.down[root] = down
		}
	}
}

// Used is what a tree had taken when the priorities were adjusted last, if there was one.
func (s *Shares) Used(root int) (n time.Duration, lives bool) {
	n, lives = s.used[root]
	return n, lives
}

// adjust returns what changes of down: a greedy tree goes down while others want
// processors, a modest one comes up.
func adjust(take map[int]float64, down map[int]int, busy bool, processors float64) map[int]int {
	wanting, total := 0, 0.0
	for _, n := range take {
		if n >= active {
			wanting++
			total += n
		}
	}
	part := total / float64(max(wanting, 1))
	contended := wanting > 1 && (busy || total > 0.75*processors)
	changed := map[int]int{}
	for root, n := range take {
		switch now := down[root]; {
		case contended && n > greedy*part && now < lowest:
			changed[root] = min(lowest, now+max(1, excess(n, part, total)))
		case now > 0 && !contended:
			changed[root] = now / 2
		case now > 0 && n < modest*part:
			changed[root] = max(0, now+min(-1, excess(n, part, total)))
		}
	}
	return changed
}

// excess returns how many nice values lower a tree that takes n of total would take
// its part; below zero, how many higher.
func excess(n, part, total float64) int {
	ratio := n / (total - n) / (part / (total - part))
	return int(math.Round(max(-lowest, math.Log(ratio)/math.Log(weight))))
}

// setNice sets the priority of all threads of processes. Those that have ended
// meanwhile are no error.
func setNice(procs []int, nice int) (err error) {
	for _, pid := range procs {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
		for _, t := range threads {
			id, _ := strconv.Atoi(filepath.Base(t))
			if e := unix.Setpriority(unix.PRIO_PROCESS, id, nice); e != nil && e != unix.ESRCH {
				err = e
			}
		}
	}
	return err
}

// idleTime tells how much of the machine's processors was idle.
type idleTime struct{ idle, all float64 }

// share returns the share since the last call; 1 where it is not known.
func (i *idleTime) share() float64 {
	data, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(data), "\n")
	before := *i
	*i = idleTime{}
	for n, f := range strings.Fields(line) {
		v, _ := strconv.ParseFloat(f, 64)
		if n == 4 || n == 5 { // idle, iowait
			i.idle += v
		}
		if n > 0 && n < 9 { // guests are in user
			i.all += v
		}
	}
	if i.all <= before.all {
		return 1
	}
	return (i.idle - before.idle) / (i.all - before.all)
}

package processors

import (
	"maps"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestAdjust(t *testing.T) {
	type m = map[int]float64
	for name, c := range map[string]struct {
		take m
		down map[int]int
		busy bool
		want map[int]int
	}{
		"one with many processes":           {take: m{1: 1.8, 2: 0.06, 3: 0.06, 4: 0.06}, want: map[int]int{1: 15}},
		"it goes down further":              {take: m{1: 1.2, 2: 0.3, 3: 0.3}, down: map[int]int{1: 8}, want: map[int]int{1: 14}},
		"not below the lowest":              {take: m{1: 1.2, 2: 0.3, 3: 0.3}, down: map[int]int{1: 19}},
		"shared well":                       {take: m{1: 0.6, 2: 0.5, 3: 0.5}, down: map[int]int{1: 12}},
		"two that are greedy alike":         {take: m{1: 1, 2: 1}},
		"alone":                             {take: m{1: 2, 2: 0.001}},
		"processors are left":               {take: m{1: 1, 2: 0.1}},
		"none are left beside others' work": {take: m{1: 0.9, 2: 0.1}, busy: true, want: map[int]int{1: 10}},
		"it comes up as it takes less":      {take: m{1: 0.1, 2: 0.9, 3: 0.9}, down: map[int]int{1: 15}, want: map[int]int{1: 5}},
		"it comes up as it takes nothing":   {take: m{1: 0, 2: 1, 3: 1}, down: map[int]int{1: 15}, want: map[int]int{1: 0}},
		"it comes up as nobody wants any":   {take: m{1: 1.9}, down: map[int]int{1: 5}, want: map[int]int{1: 2}},
	} {
		if got := adjust(c.take, c.down, c.busy, 2); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A tree with busy children goes down, one that works alone stays; what has ended
// is forgotten.
func TestShares(t *testing.T) {
	start := func(script string) int {
		cmd := exec.Command("/bin/sh", "-c", script)
		cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true, Pdeathsig: unix.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Kill(-cmd.Process.Pid, unix.SIGKILL); cmd.Wait() })
		return cmd.Process.Pid
	}
	const loop = "while :; do :; done"
	one := start(loop)
	many := start("for i in 1 2 3 4 5 6 7 8; do (" + loop + ") & done; wait")
	nice := func(pid int) int {
		n, err := unix.Getpriority(unix.PRIO_PROCESS, pid)
		if err != nil {
			t.Fatal(err)
		}
		return 20 - n
	}
	before := nice(one)
	roots := map[int]bool{one: true, many: true}
	var s Shares
	var m Machine
	s.Adjust(m.Trees(roots))
	for end := time.Now().Add(time.Minute); nice(many) <= before; {
		if time.Now().After(end) {
			t.Fatal("what takes most keeps its priority")
		}
		time.Sleep(300 * time.Millisecond)
		trees := m.Trees(roots)
		if len(trees[many]) < 9 && nice(many) > before {
			t.Errorf("its children are not known: %v", trees[many])
		}
		s.Adjust(trees)
	}
	trees := m.Trees(roots)
	for _, pid := range trees[many] {
		if nice(pid) <= before {
			t.Errorf("process %d of the tree keeps its priority", pid)
		}
	}
	if nice(one) != before {
		t.Errorf("what works alone has %d, not %d", nice(one), before)
	}
	s.Adjust(map[int]Tree{one: trees[one]})
	if len(s.down) != 0 {
		t.Errorf("what has ended is remembered: %v", s.down)
	}
}

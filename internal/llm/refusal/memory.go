package refusal

import (
	"slices"
	"sync"
	"time"
)

// Memory keeps what refusals told about models of one server: what was found
// out is remembered when the request without it has succeeded, and each of it
// is forgotten after a while, since servers are changed and gateways choose
// anew.
type Memory struct {
	mu     sync.Mutex
	models map[string][]learned
}

// learned is one thing that a model goes without.
type learned struct {
	limits Limits
	at     time.Time
}

const (
	// lackMemory is how long a lack is remembered.
	lackMemory = time.Hour
	// missMemory is how long those are that a person would miss.
	missMemory = 10 * time.Minute
)

func (l learned) fresh(now time.Time) bool {
	keep := lackMemory
	if l.limits.Has(LackTools|LackImages) || len(l.limits.left) > 0 || l.limits.maxTools > 0 {
		keep = missMemory
	}
	return now.Sub(l.at) < keep
}

// Limits returns what requests to a model go without.
func (m *Memory) Limits(model string) Limits {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all Limits
	for _, l := range m.models[model] {
		if l.fresh(time.Now()) {
			all = all.With(l.limits)
		}
	}
	return all
}

// Learn remembers what made a request succeed.
func (m *Memory) Learn(model string, found []Limits) {
	if len(found) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	// Names come from users: forget all rather than grow without bound.
	if m.models == nil || len(m.models) > 1000 {
		m.models = map[string][]learned{}
	}
	now := time.Now()
	kept := slices.DeleteFunc(m.models[model], func(l learned) bool { return !l.fresh(now) })
	for _, f := range found {
		kept = append(kept, learned{f, now})
	}
	m.models[model] = kept[max(0, len(kept)-100):]
}

// Package recent has a map of bounded size.
package recent

import "sync"

// Map is a map that keeps its newest entries. It is safe for concurrent use.
type Map[K comparable, V any] struct {
	mu    sync.Mutex
	size  int
	byKey map[K]V
	order []K
	next  int
}

// New returns a map that keeps the size newest entries.
func New[K comparable, V any](size int) *Map[K, V] {
	return &Map[K, V]{size: size, byKey: map[K]V{}}
}

// Get returns the value of k, and whether it is kept.
func (r *Map[K, V]) Get(k K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.byKey[k]
	return v, ok
}

// Put sets the value of k, and tells whether k is new.
func (r *Map[K, V]) Put(k K, v V) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, known := r.byKey[k]
	r.byKey[k] = v
	switch {
	case known:
	case len(r.order) < r.size:
		r.order = append(r.order, k)
	default:
		delete(r.byKey, r.order[r.next])
		r.order[r.next] = k
		r.next = (r.next + 1) % r.size
	}
	return !known
}

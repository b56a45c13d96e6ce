package discord

import "sync"

// recent is a map that keeps its newest entries. It is safe for concurrent use.
type recent[K comparable, V any] struct {
	mu    sync.Mutex
	size  int
	byKey map[K]V
	order []K
	next  int
}

func newRecent[K comparable, V any](size int) *recent[K, V] {
	return &recent[K, V]{size: size, byKey: map[K]V{}}
}

func (r *recent[K, V]) get(k K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.byKey[k]
	return v, ok
}

// put sets the value of k, and tells whether k is new.
func (r *recent[K, V]) put(k K, v V) bool {
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

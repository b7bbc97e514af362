package telemetry

import (
	"maps"
	"sync"
	"sync/atomic"
)

// A table is a map that grows up to a bound and is read without a lock: adding to it
// replaces it. The zero table is empty. Any goroutine may call its methods.
type table[K comparable, V any] struct {
	adding  sync.Mutex
	entries atomic.Pointer[map[K]V]
}

// find returns what is there for a key.
func (t *table[K, V]) find(key K) (V, bool) {
	entries := t.entries.Load()
	if entries == nil {
		var none V
		return none, false
	}
	v, ok := (*entries)[key]
	return v, ok
}

// add returns what is there for a key, and makes it if it is not there. Once there
// are most entries, the key counts as overflow.
func (t *table[K, V]) add(key, overflow K, most int, build func(K) V) V {
	t.adding.Lock()
	defer t.adding.Unlock()
	next := map[K]V{}
	if entries := t.entries.Load(); entries != nil {
		next = maps.Clone(*entries)
	}
	if _, ok := next[key]; !ok && len(next) >= most {
		key = overflow
	}
	if v, ok := next[key]; ok {
		return v
	}
	v := build(key)
	next[key] = v
	t.entries.Store(&next)
	return v
}

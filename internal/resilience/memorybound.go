package resilience

import (
	"fmt"
	"sync/atomic"
)

// openBytes is what requests may hold while memory-bound is off.
const openBytes = 1 << 30

// MemoryConfig says how much memory there is.
type MemoryConfig struct {
	// Bytes is what requests, and the answers to them, may hold together; 0 means
	// 64 MiB. Batch work may fill half of it, normal work 80 %, critical work all.
	Bytes int64
	// Heap is how many bytes may live on the heap before requests are refused: batch
	// work from 80 % on, normal work from 90 %, critical work from all of it. 0 means
	// any number.
	Heap uint64
}

// A MemoryGate bounds the memory that requests hold, and lets no more of them in while the
// heap is nearly full, whoever fills it. Any goroutine may use it.
type MemoryGate struct {
	guard
	config     MemoryConfig
	held       atomic.Int64
	live       atomic.Uint64
	full, heap *refusal
}

// NewMemoryBound makes a gate. It knows the heap as far as it is told by SetLive.
func NewMemoryBound(r *Registry, target string, c MemoryConfig) *MemoryGate {
	if c.Bytes <= 0 {
		c.Bytes = 64 << 20
	}
	m := &MemoryGate{guard: newGuard(r, MemoryBound, target), config: c}
	m.full, m.heap = m.refusal("full"), m.refusal("heap")
	r.describe(&m.guard, func() string {
		return fmt.Sprintf("%d KiB held, %d KiB live", m.held.Load()>>10, m.live.Load()>>10)
	})
	return m
}

// Reserve takes n bytes for a request of that importance, or says why it is not let in. What
// was taken must be released. While the protection is off, requests may hold 1 GiB, and
// nobody looks at the heap.
func (m *MemoryGate) Reserve(i Importance, n int64) error {
	if m.Crowded(i, m.live.Load()) {
		return m.heap.reject()
	}
	if m.held.Add(n) > m.bound(i) {
		m.held.Add(-n)
		return m.full.reject()
	}
	if m.on() {
		m.admitted.Inc()
	}
	return nil
}

// Crowded says whether work of that importance is not let in while so many bytes live on
// the heap.
func (m *MemoryGate) Crowded(i Importance, live uint64) bool {
	return m.on() && m.config.Heap > 0 && live >= m.config.Heap/100*uint64(i.fill())
}

// fill is the share of the heap, in percent, up to which work of this importance is let in: it
// is higher than that of places, for whoever fills the heap, work may be the least of it.
func (i Importance) fill() int64 {
	switch i {
	case Critical:
		return 100
	case Batch:
		return 80
	}
	return 90
}

func (m *MemoryGate) bound(i Importance) int64 {
	if m.on() {
		return m.config.Bytes * int64(i.percent()) / 100
	}
	return openBytes
}

// Grow adds n bytes to what is held, whatever the bound: the request is there.
func (m *MemoryGate) Grow(n int64) { m.held.Add(n) }

// Release gives n bytes back.
func (m *MemoryGate) Release(n int64) { m.held.Add(-n) }

// Held returns how many bytes are held.
func (m *MemoryGate) Held() int64 { return m.held.Load() }

// SetLive says how many bytes live on the heap. It is better no old news: whoever is not let
// in allocates nothing, and so does not have the next collection of garbage come.
func (m *MemoryGate) SetLive(n uint64) { m.live.Store(n) }

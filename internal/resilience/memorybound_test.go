package resilience_test

import (
	"testing"

	"brownout/internal/resilience"
)

func TestMemoryBound(t *testing.T) {
	const full = "memory-bound: requests: full"
	r := newMeasured()
	m := resilience.NewMemoryBound(r.Registry, "requests", resilience.MemoryConfig{Bytes: 1000})
	reserve := func(n int64, want string) { t.Helper(); checkRejected(t, m.Reserve(resilience.Critical, n), want) }
	reserve(600, "")
	reserve(401, full)
	reserve(400, "")
	reserve(1, full)
	m.Release(400)
	m.Grow(500)
	reserve(1, full)
	m.Release(500)
	reserve(1, "")
	if got := m.Held(); got != 601 {
		t.Errorf("%d bytes are held", got)
	}
	r.check(t, "admissions_total{memory-bound,requests}", 3)
	r.check(t, "rejections_total{memory-bound,full,requests}", 3)
	set(t, r.Registry, resilience.MemoryBound, false)
	reserve(1<<30-601, "")
	reserve(1, full)
}

// Batch work leaves room for normal work, and that for critical work.
func TestMemoryIsLeftToTheMoreImportant(t *testing.T) {
	const full = "memory-bound: requests: full"
	m := resilience.NewMemoryBound(newMeasured().Registry, "requests", resilience.MemoryConfig{Bytes: 1000})
	for _, s := range []struct {
		importance resilience.Importance
		bytes      int64
		want       string
	}{
		{resilience.Batch, 500, ""},
		{resilience.Batch, 1, full},
		{resilience.Normal, 300, ""},
		{resilience.Normal, 1, full},
		{resilience.Batch, 1, full},
		{resilience.Critical, 200, ""},
		{resilience.Critical, 1, full},
	} {
		checkRejected(t, m.Reserve(s.importance, s.bytes), s.want)
	}
}

func TestMemoryBoundOfTheHeap(t *testing.T) {
	const heap = "memory-bound: requests: heap"
	r := newMeasured()
	m := resilience.NewMemoryBound(r.Registry, "requests", resilience.MemoryConfig{Heap: 1000})
	for _, c := range []struct {
		live                    uint64
		batch, normal, critical string
	}{
		{0, "", "", ""},
		{799, "", "", ""},
		{800, heap, "", ""},
		{899, heap, "", ""},
		{900, heap, heap, ""},
		{999, heap, heap, ""},
		{1000, heap, heap, heap},
		{5, "", "", ""},
	} {
		m.SetLive(c.live)
		checkRejected(t, m.Reserve(resilience.Batch, 1), c.batch)
		checkRejected(t, m.Reserve(resilience.Normal, 1), c.normal)
		checkRejected(t, m.Reserve(resilience.Critical, 1), c.critical)
	}
	m.SetLive(1 << 60)
	set(t, r.Registry, resilience.MemoryBound, false)
	checkRejected(t, m.Reserve(resilience.Batch, 1), "")
	unbounded := resilience.NewMemoryBound(r.Registry, "others", resilience.MemoryConfig{})
	set(t, r.Registry, resilience.MemoryBound, true)
	unbounded.SetLive(1 << 60)
	checkRejected(t, unbounded.Reserve(resilience.Batch, 1), "")
}

package service

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// renewEvery is the least time between a collection of garbage and one that is asked for.
// It is shorter than a process must hold too much to be recycled.
const renewEvery = time.Second

// A heap is what the last collection of garbage left alive, and what requests held then: the
// two can be compared, whatever came and went since. One goroutine uses it.
type heap struct {
	held      func() int64 // by requests, now
	samples   [3]metrics.Sample
	cycles    uint64
	collected time.Time // when the last collection was noticed; zero: it may be long ago
	live      uint64    // bytes
	work      uint64    // bytes of the live ones that requests held, at most
	before    uint64    // what requests held at the last look
	objects   uint64    // bytes that there were then, dead ones included
}

func newHeap(held func() int64) *heap {
	h := &heap{held: held}
	for i, name := range []string{"/gc/heap/live:bytes", "/gc/cycles/total:gc-cycles", "/memory/classes/heap/objects:bytes"} {
		h.samples[i].Name = name
	}
	h.look(time.Time{})
	return h
}

// look notices whether there was a collection since the last look. What requests held during
// it was somewhere between what they held then and hold now.
func (h *heap) look(now time.Time) {
	metrics.Read(h.samples[:])
	held := uint64(max(0, h.held()))
	if cycles := h.samples[1].Value.Uint64(); cycles != h.cycles {
		h.cycles, h.collected = cycles, now
		h.live, h.work = h.samples[0].Value.Uint64(), max(h.before, held)
	}
	h.before, h.objects = held, h.samples[2].Value.Uint64()
}

// surplus is how many bytes live beyond those that requests hold.
func (h *heap) surplus() uint64 { return h.live - min(h.live, h.work) }

// excess is how many bytes there are beyond those that requests hold, though it is not known
// whether they live: the surplus would be that at most after a collection now, and the next one may
// be as far away as the heap is large.
func (h *heap) excess() uint64 { return h.objects - min(h.objects, h.before) }

// renew collects garbage, unless that was done a moment ago: who lets nobody in allocates
// nothing, and the collector, which waits for that, would not come for minutes.
func (h *heap) renew(now time.Time) {
	if now.Sub(h.collected) >= renewEvery {
		runtime.GC()
		h.look(now)
	}
}

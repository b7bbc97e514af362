package service

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

const (
	// lookEvery is the time between two looks at what the process holds.
	lookEvery = 100 * time.Millisecond
	// defaultHeap bounds the live heap of a process that has no limit of memory.
	defaultHeap = 512 << 20
	// surplusGoroutines is how many goroutines may be there that are neither of
	// connections nor of operations.
	surplusGoroutines = 10_000
)

// ErrRecycle is the end of a process whose supervisor is to start it anew at once.
var ErrRecycle = errors.New("holds more than its work needs, and is to be started anew")

// heapBound is how much may live on the heap: most of what the environment allows (Go's
// GOMEMLIMIT), so that the collector keeps room to work in.
func heapBound() uint64 {
	limit := debug.SetMemoryLimit(-1) // does not set it
	if limit == math.MaxInt64 {
		return defaultHeap
	}
	return uint64(limit) / 5 * 4
}

// memoryBounds fills in the bounds that are not given. Requests may hold a quarter of what may
// live on the heap, and no more than by default where there is plenty.
func memoryBounds(m resilience.MemoryConfig) resilience.MemoryConfig {
	if m.Heap == 0 {
		m.Heap = heapBound()
	}
	if m.Bytes == 0 && m.Heap < defaultHeap/2 {
		m.Bytes = int64(m.Heap / 4)
	}
	return m
}

// vitals looks at what the process holds, off the loop: for memory-bound, and for recycle.
type vitals struct {
	dispatcher *Dispatcher
	listener   *Listener
	loop       *loop.Loop
	recycler   *resilience.Recycler
	heap       *heap
	goroutines [1]metrics.Sample
}

func newVitals(h *host) *vitals {
	config := resilience.RecycleConfig{Heap: h.config.Dispatcher.Memory.Heap / 2, Goroutines: surplusGoroutines, Last: h.config.Recycled}
	v := &vitals{
		dispatcher: h.dispatcher,
		listener:   h.listener,
		loop:       h.loop,
		recycler:   resilience.NewRecycle(h.runtime.Protections, "process", config),
		heap:       newHeap(h.dispatcher.Held),
	}
	v.goroutines[0].Name = "/sched/goroutines:goroutines"
	return v
}

// watch looks until ctx is done. When the process is to be recycled, it says so once, with
// an error that is ErrRecycle.
func (v *vitals) watch(ctx context.Context, recycle chan<- error) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if why := v.look(time.Now()); why != nil {
			recycle <- fmt.Errorf("%w: %w", ErrRecycle, why)
			return
		}
	}
}

// look takes one look, and returns why the process is to be recycled, if it is.
func (v *vitals) look(now time.Time) error {
	v.heap.look(now)
	if v.dispatcher.memory.Crowded(resilience.Normal, v.heap.live) || v.recycler.Suspects(v.heap.excess()) {
		v.heap.renew(now) // that it is so is to be seen, not remembered
	}
	v.dispatcher.SetLive(v.heap.live)
	metrics.Read(v.goroutines[:])
	work := v.loop.State().Depths.Operations + v.listener.Connections()
	return v.recycler.Due(now, v.heap.surplus(), int(v.goroutines[0].Value.Uint64())-work)
}

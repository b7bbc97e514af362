package service

import (
	"log/slog"
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

const (
	testHeap    = 100 << 20
	testGarbage = 128 << 20 // bytes
)

// newTestVitals makes the vitals of a service that may have testHeap bytes on its heap.
func newTestVitals(t *testing.T) *vitals {
	t.Helper()
	l := loop.New(loop.Config{})
	rt := &Runtime{Name: "heap", Loop: l, Log: slog.New(slog.DiscardHandler), Protections: resilience.NewRegistry(nil)}
	config := HostConfig{Dispatcher: DispatcherConfig{Memory: resilience.MemoryConfig{Heap: testHeap, Bytes: 1 << 30}}}
	d := NewDispatcher(rt, Service{}, config.Dispatcher)
	listener, err := Listen(d, ListenerConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.socket.Close() })
	return newVitals(&host{config: config, dispatcher: d, listener: listener, loop: l, runtime: rt})
}

// lookFor takes looks for so long, in a time of its own, and returns the first reason to
// recycle the process.
func (v *vitals) lookFor(lasts time.Duration, from time.Time) error {
	for at := time.Duration(0); at < lasts; at += lookEvery {
		if why := v.look(from.Add(at)); why != nil {
			return why
		}
	}
	return nil
}

// fillHeap has the collector find so many bytes alive, and be told that they are held, and
// then drops them.
func (v *vitals) fillHeap(held int64) {
	garbage := make([]byte, testGarbage)
	v.dispatcher.memory.Grow(held)
	runtime.GC()
	v.look(time.Now())
	runtime.KeepAlive(garbage)
	v.dispatcher.memory.Release(held)
}

// Who has little memory lets requests hold less of it.
func TestMemoryBounds(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64))
	for _, tt := range []struct {
		limit int64
		given resilience.MemoryConfig
		want  resilience.MemoryConfig
	}{
		{math.MaxInt64, resilience.MemoryConfig{}, resilience.MemoryConfig{Heap: 512 << 20}}, // and 64 MiB
		{100 << 20, resilience.MemoryConfig{}, resilience.MemoryConfig{Heap: 80 << 20, Bytes: 20 << 20}},
		{100 << 20, resilience.MemoryConfig{Bytes: 1}, resilience.MemoryConfig{Heap: 80 << 20, Bytes: 1}},
		{100 << 20, resilience.MemoryConfig{Heap: 8}, resilience.MemoryConfig{Heap: 8, Bytes: 2}},
		{10 << 30, resilience.MemoryConfig{}, resilience.MemoryConfig{Heap: 8 << 30}},
	} {
		debug.SetMemoryLimit(tt.limit)
		if got := memoryBounds(tt.given); got != tt.want {
			t.Errorf("of %d, with %+v: %+v, want %+v", tt.limit, tt.given, got, tt.want)
		}
	}
}

// What has died since the last collection keeps nobody out, though nothing is allocated that
// would bring the next one.
func TestADeadHeapIsNotFull(t *testing.T) {
	v := newTestVitals(t)
	v.fillHeap(0)
	if err := v.dispatcher.memory.Reserve(resilience.Critical, 1); err == nil {
		t.Error("with a full heap, a request is let in")
	}
	_ = v.lookFor(renewEvery+lookEvery, time.Now())
	if err := v.dispatcher.memory.Reserve(resilience.Batch, 1); err != nil {
		t.Errorf("with a heap that was full: %v", err)
	}
}

// What requests have held and given back is no leak.
func TestWhatWasHeldIsNoLeak(t *testing.T) {
	v := newTestVitals(t)
	v.fillHeap(testGarbage)
	if why := v.lookFor(time.Minute, time.Now()); why != nil {
		t.Errorf("it is recycled: %v", why)
	}
}

// A heap that stays full is looked at often enough, and not all the time.
func TestAFullHeapIsCollectedNowAndThen(t *testing.T) {
	v := newTestVitals(t)
	leak := make([]byte, testGarbage)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if why := v.lookFor(10*time.Second, time.Now()); why == nil {
		t.Error("a leak is not recycled")
	}
	runtime.ReadMemStats(&after)
	if n := after.NumForcedGC - before.NumForcedGC; n < 1 || n > 4 {
		t.Errorf("%d collections in 3 s", n)
	}
	runtime.KeepAlive(leak)
}

// A leak is found before the collector comes by itself, which waits until the heap has doubled.
func TestALeakIsNotHiddenByAHeapThatGrows(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	v := newTestVitals(t)
	runtime.GC()
	_ = v.lookFor(lookEvery, time.Now())
	leak := make([]byte, testGarbage)
	if why := v.lookFor(10*time.Second, time.Now().Add(time.Second)); why == nil {
		t.Error("it is not recycled")
	}
	runtime.KeepAlive(leak)
}

// While the protections are off, nothing is collected for them.
func TestAFullHeapIsLeftAlone(t *testing.T) {
	v := newTestVitals(t)
	off := map[resilience.Name]bool{resilience.MemoryBound: false, resilience.Recycle: false}
	if err := v.dispatcher.runtime.Protections.Set(off); err != nil {
		t.Fatal(err)
	}
	v.fillHeap(0)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_ = v.lookFor(time.Minute, time.Now())
	runtime.ReadMemStats(&after)
	if n := after.NumForcedGC - before.NumForcedGC; n != 0 {
		t.Errorf("%d collections", n)
	}
}

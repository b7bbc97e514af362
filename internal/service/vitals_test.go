package service_test

import (
	"errors"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/service"
)

// A process that holds twice as much as it may is recycled, unless its predecessor was a
// moment ago; meanwhile it lets nobody in.
func TestALeakIsRecycled(t *testing.T) {
	leak := make([]byte, 128<<20)
	runtime.GC()
	memory := service.DispatcherConfig{Memory: resilience.MemoryConfig{Heap: 100 << 20}}
	recent := host(t, service.HostConfig{Name: "recent", Build: doors(nil, nil), Dispatcher: memory, Recycled: time.Now()})
	due := host(t, service.HostConfig{Name: "due", Build: doors(nil, nil), Dispatcher: memory})
	w := dial(t, recent.addr())
	for status := 200; status == 200; { // until it has looked
		w.send(get("/v1/ping"))
		a := w.answer("GET")
		if status = a.status; status != 200 && status != 503 {
			t.Fatalf("with a full heap: %d", status)
		}
	}
	if err := <-due.ended; !errors.Is(err, service.ErrRecycle) {
		t.Errorf("it ended with %v", err)
	}
	due.ended <- nil
	select {
	case err := <-recent.ended:
		t.Errorf("the other ended with %v", err)
		recent.ended <- nil
	default:
	}
	runtime.KeepAlive(leak)
}

// A process that may use so much memory has less of it for its heap, and lets nobody in beyond that.
func TestAHostHasALimitOfMemory(t *testing.T) {
	const limit = 100 << 20
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	leak := make([]byte, limit/10*9)
	runtime.GC()
	off := []resilience.Name{resilience.Recycle}
	h := host(t, service.HostConfig{Name: "limited", Build: doors(nil, nil), Memory: limit, Off: off})
	if got := debug.SetMemoryLimit(-1); got != limit {
		t.Errorf("the limit of the process is %d", got)
	}
	w := dial(t, h.addr())
	for status := 200; status != 503; { // until it has looked
		w.send(get("/v1/ping"))
		status = w.answer("GET").status
	}
	runtime.KeepAlive(leak)
}

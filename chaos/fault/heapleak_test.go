package fault_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/fault"
)

// kept returns how many bytes of heap are in use, garbage left out.
func kept() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestHeapLeaks(t *testing.T) {
	const mib = 1 << 20
	virtually(t, func(t *testing.T) {
		in := injector(t, fault.Catalogue(fault.Host{})...)
		before := kept()
		in.inject("heap.leak", "rate=10MiB bound=30MiB object=64KiB", fault.Spec{})
		for _, tt := range []struct {
			after time.Duration
			want  int64
		}{{time.Second, 10}, {2 * time.Second, 20}, {time.Minute - time.Second, 30}} {
			time.Sleep(time.Until(in.List()[0].Began.Add(tt.after + time.Millisecond)))
			synctest.Wait()
			if got := (kept() - before + mib/2) / mib; got < tt.want-1 || got > tt.want+1 {
				t.Errorf("%d MiB are kept after %v, want %d", got, tt.after, tt.want)
			}
		}
		if n := in.hits("heap.leak"); n < 300 || n > 310 {
			t.Errorf("%d hits, want one each 10 ms until the bound", n)
		}
		in.ClearAll()
		synctest.Wait()
		if got := (kept() - before) / mib; got > 1 {
			t.Errorf("%d MiB are kept after the end", got)
		}
	})
}

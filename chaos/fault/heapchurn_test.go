package fault_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/fault"
)

func TestHeapChurns(t *testing.T) {
	const mib = 1 << 20
	virtually(t, func(t *testing.T) {
		in := injector(t, fault.Catalogue(fault.Host{})...)
		allocated := func() int64 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int64(m.TotalAlloc)
		}
		before, keptBefore := allocated(), kept()
		in.inject("heap.churn", "rate=100MiB", fault.Spec{})
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		if got := (allocated() - before) / mib; got < 98 || got > 110 {
			t.Errorf("%d MiB of garbage in a second, want 100", got)
		}
		if got := (kept() - keptBefore) / mib; got > 1 {
			t.Errorf("%d MiB are kept", got)
		}
		in.ClearAll()
		before = allocated()
		time.Sleep(time.Minute)
		if got := (allocated() - before) / mib; got > 1 || in.hits("heap.churn") != 100 {
			t.Errorf("%d MiB after the end, %d hits before", got, in.hits("heap.churn"))
		}
	})
}

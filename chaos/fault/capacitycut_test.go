package fault_test

import (
	"testing"
	"testing/synctest"

	"brownout/chaos/fault"
)

func TestCapacityComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for share, want := range map[string]int{"0.8": 2, "0.01": 7, "1": 0} {
			b := &teller{workers: 8}
			in := banking(b)
			inject(t, in, fault.Spec{Fault: "capacity.cut", Params: map[string]string{"share": share}})
			if b.workers != want || in.List()[0].Hits != uint64(8-want) {
				t.Errorf("%s: %d workers are left, %d hits, want %d", share, b.workers, in.List()[0].Hits, want)
			}
			in.ClearAll()
			if b.workers != 8 {
				t.Errorf("%s: %d workers afterwards", share, b.workers)
			}
		}
	})
}

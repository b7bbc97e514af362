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

// The first cut may end before the second, which has found fewer workers.
func TestCapacityComesBackFromCutsInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, order := range [][2]int{{0, 1}, {1, 0}} {
			b := &teller{workers: 8}
			in := banking(b)
			half := fault.Spec{Fault: "capacity.cut", Params: map[string]string{"share": "0.5"}}
			ids := [2]string{inject(t, in, half), inject(t, in, half)}
			left := []int{b.workers}
			for _, n := range order {
				if err := in.Clear(ids[n]); err != nil {
					t.Fatal(err)
				}
				left = append(left, b.workers)
			}
			if left[0] != 2 || left[2] != 8 {
				t.Errorf("ended in the order %v: %v workers, want 2 at first and 8 at last", order, left)
			}
		}
	})
}

package room

import (
	"math"
	"testing"
)

// What is filled of a sector is to the sector as a phase's time is to all.
func TestASectorIsFilledByItsShareOfTheArea(t *testing.T) {
	area := func(outer float64) float64 { return outer*outer - hub*hub }
	for _, share := range []float64{0.1, 0.25, 0.5, 1} {
		if got := area(reach(share)) / area(rim); math.Abs(got-share) > 1e-9 {
			t.Errorf("%v of the time fills %v", share, got)
		}
	}
	if reach(1e-6) < hub+1 || reach(1.1) > rim {
		t.Errorf("from %v to %v", reach(1e-6), reach(1.1))
	}
}

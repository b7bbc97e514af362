package wire

import (
	"testing"
	"time"

	"brownout/loadgen"
)

func TestDenseRequestsWaitForEachOther(t *testing.T) {
	const us = time.Microsecond
	for _, tt := range []struct {
		name      string
		rate      float64
		held      bool
		now, want time.Duration // since the request at 0 was due
	}{
		{"sparse", 10_000, false, 10 * us, 100 * us},
		{"sparse, and due", 10_000, false, 110 * us, 100 * us},
		{"sparse, without a connection", 10_000, true, 110 * us, 110*us + patience},
		{"dense", 100_000, false, 2 * us, 2*us + patience},
		{"dense, and due", 100_000, false, 12 * us, 10 * us},
		{"dense, without a connection", 100_000, true, 12 * us, 12*us + patience},
	} {
		e := NewEngine(Config{Target: new(Target), Pacer: loadgen.Constant(tt.rate, time.Second)})
		e.source.fired()
		e.held = tt.held
		if got := e.wake(tt.now); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

package fault_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/fault"
)

func TestBankIsSlowForAsLongAsItIsToBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &teller{}
		in := banking(b)
		inject(t, in, fault.Spec{Fault: "bank.slow", Params: map[string]string{"factor": "3", "extra": "5ms"}, First: 2})
		took := []time.Duration{b.slow(10 * time.Millisecond), b.slow(time.Hour), b.slow(10 * time.Millisecond)}
		if want := []time.Duration{35 * time.Millisecond, time.Minute, 10 * time.Millisecond}; !slices.Equal(took, want) {
			t.Errorf("%v, want %v", took, want)
		}
		if hits := in.List()[0].Hits; hits != 2 {
			t.Errorf("%d hits", hits)
		}
		time.Sleep(time.Minute + 1)
		if b.stopped.Load() != 1 || len(in.List()) != 0 {
			t.Errorf("stopped %d times, active %v", b.stopped.Load(), in.List())
		}
	})
}

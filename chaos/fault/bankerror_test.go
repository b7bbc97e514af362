package fault_test

import (
	"testing"
	"testing/synctest"

	"brownout/chaos/fault"
)

func TestBankRefusesInRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &teller{}
		in := banking(b)
		id := inject(t, in, fault.Spec{Fault: "bank.error", Params: map[string]string{"burst": "5"}, Toxicity: 0.3, Seed: 1})
		refused, changes, last := 0, 0, false
		for range 10_000 {
			now := b.refuse() != nil
			if now {
				refused++
			}
			if now != last {
				changes++
			}
			last = now
		}
		if refused < 2500 || refused > 3500 || changes > 2*refused/5+10 {
			t.Errorf("%d of 10000 refused, with %d changes", refused, changes)
		}
		if err := in.Clear(id); err != nil || b.stopped.Load() != 1 {
			t.Errorf("error %v, stopped %d times", err, b.stopped.Load())
		}
	})
}

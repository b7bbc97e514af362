package fault_test

import (
	"testing"
	"testing/synctest"

	"brownout/chaos/fault"
)

func TestBankLosesReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &teller{}
		in := banking(b)
		inject(t, in, fault.Spec{Fault: "bank.lost-reply", First: 1})
		if !b.lose() || b.lose() {
			t.Error("want the first reply lost, and no other")
		}
		in.ClearAll()
	})
}

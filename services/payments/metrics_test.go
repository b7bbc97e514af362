package payments_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/shop"
	"brownout/services/payments"
)

func TestMismatchesOfTheLedgerAreSeen(t *testing.T) {
	inHouse(t, func(h *house) {
		reg := prometheus.NewRegistry()
		h.rt.Metrics = reg
		h.crash()
		expectMismatches := func(when string, want float64) {
			t.Helper()
			h.sleep(6 * time.Second)
			if got := gaugeOf(t, reg, "brownout_ledger_mismatches"); got != want {
				t.Errorf("%s: %v mismatches, want %v", when, got, want)
			}
		}
		expectMismatches("nothing was entered", 0)
		h.bring("p1", shop.Refunded)
		h.bring("p2", shop.Voided)
		expectMismatches("all is well", 0)
		torn := bookEntry("p3", 100)
		torn.Legs = torn.Legs[:1]
		commit(t, h.task, h.store, payments.Change{Payment: "p3", Record: record("p3", 1, shop.Captured), Entry: torn}, nil)
		expectMismatches("a side is missing", 1)
		h.crash()
		expectMismatches("the service began anew", 1)
	})
}

func gaugeOf(t *testing.T, g prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}

package inventory_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/services/inventory"
	"brownout/services/inventory/memstore"
)

// read returns the value of a counter or gauge, or the sum of a histogram, with its label's value
// or "".
func read(t testing.TB, reg prometheus.Gatherer, name, label string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == name && (label == "" || m.Label[0].GetValue() == label) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetHistogram().GetSampleSum()
			}
		}
	}
	t.Errorf("there is no %s of %q", name, label)
	return 0
}

func TestMetricsShowHowLongWorkWaited(t *testing.T) {
	reg := prometheus.NewRegistry()
	var s *inventory.Inventory
	build := func(rt *service.Runtime) service.Service {
		rt.Metrics = reg
		s = inventory.NewInventory(rt, inventory.Config{Store: memstore.New(service.NewMemory(rt)), Products: goods("a=10"), Workers: 1, ServiceTime: time.Second})
		return s.Service()
	}
	servicetest.Run(t, servicetest.Config{Build: build}, func(c *servicetest.Client) {
		sleep(c, 100*time.Millisecond)
		batch := c.Go("batch", func(c *servicetest.Client) { _ = s.Occupy(c.Task, time.Second) })
		sleep(c, 500*time.Millisecond)
		expect(c, "POST /v1/holds", holdBody("h", `{"product":"a","quantity":1}`), "201")
		batch()
		for importance, want := range map[string]float64{"critical": 0.5, "normal": 0, "batch": 0} {
			if got := read(t, reg, "brownout_inventory_wait_seconds", importance); got < want-0.02 || got > want {
				t.Errorf("%s work waited for %v s, want %v", importance, got, want)
			}
		}
	})
}

func TestMetricsShowTheHolds(t *testing.T) {
	reg := prometheus.NewRegistry()
	build := func(rt *service.Runtime) service.Service {
		rt.Metrics = reg
		return inventory.New(rt, inventory.Config{Store: memstore.New(service.NewMemory(rt)), Products: goods("a=10"), HoldTTL: time.Minute})
	}
	servicetest.Run(t, servicetest.Config{Build: build}, func(c *servicetest.Client) {
		sleep(c, 100*time.Millisecond)
		line := `{"product":"a","quantity":1}`
		for _, id := range []string{"h1", "h2", "h3", "h4"} {
			expect(c, "POST /v1/holds", holdBody(id, line), "201")
		}
		expect(c, "POST /v1/holds/h1/commit", "", "200")
		expect(c, "POST /v1/holds/h2/commit", "", "200")
		expect(c, "POST /v1/holds/h2/return", "", "200")
		expect(c, "POST /v1/holds/h3/release", "", "200")
		check := func(what string, expired float64, holds map[string]float64) {
			t.Helper()
			if got := read(t, reg, "brownout_inventory_expired_holds_total", ""); got != expired {
				t.Errorf("%s: %v expired, want %v", what, got, expired)
			}
			for status, n := range holds {
				if got := read(t, reg, "brownout_inventory_holds", status); got != n {
					t.Errorf("%s: %v holds are %s, want %v", what, got, status, n)
				}
			}
		}
		sleep(c, 6*time.Second)
		check("at first", 0, map[string]float64{"held": 1, "sold": 1, "returned": 1, "released": 1, "expired": 0})
		if err := c.Runtime.Protections.Set(map[resilience.Name]bool{resilience.Sweeper: false}); err != nil {
			t.Fatal(err)
		}
		sleep(c, 90*time.Second)
		if overdue := read(t, reg, "brownout_inventory_overdue_hold_seconds", ""); overdue < 29 || overdue > 37 {
			t.Errorf("a hold is overdue for %v s, want about 33", overdue)
		}
		_ = c.Runtime.Protections.Set(map[resilience.Name]bool{resilience.Sweeper: true})
		sleep(c, 7*time.Second)
		check("at last", 1, map[string]float64{"held": 0, "sold": 1, "returned": 1, "released": 1, "expired": 1})
		if overdue := read(t, reg, "brownout_inventory_overdue_hold_seconds", ""); overdue != 0 {
			t.Errorf("a hold is overdue for %v s, want none", overdue)
		}
	})
}

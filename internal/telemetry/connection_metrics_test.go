package telemetry_test

import (
	"strconv"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/telemetry"
)

func TestConnectionMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	look := func(inUse, waiting int) func() (int, int) { return func() (int, int) { return inUse, waiting } }
	telemetry.NewConnectionMetrics(reg).Watch("default", look(4, 20))
	again := telemetry.NewConnectionMetrics(reg) // as of a second life of the service
	again.Watch("batch", look(1, 0))
	again.Watch("default", look(3, 7))
	expect(t, reg, "brownout_store_connections_in_use{class=default}", 3)
	expect(t, reg, "brownout_store_operations_waiting{class=default}", 7)
	expect(t, reg, "brownout_store_connections_in_use{class=batch}", 1)
	for i := range 100 {
		again.Watch(strconv.Itoa(i), look(0, 0))
	}
	if n := len(gather(t, reg)); n != 2*64 {
		t.Errorf("%d series, want two of each of 64 classes", n)
	}
	telemetry.NewConnectionMetrics(nil).Watch("default", look(0, 0))
}

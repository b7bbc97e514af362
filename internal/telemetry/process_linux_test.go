package telemetry_test

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"brownout/internal/telemetry"
)

// What is told of the process is what client_golang's collector tells, but for the network.
func TestProcessIsThatOfClientGolang(t *testing.T) {
	theirs := prometheus.NewRegistry()
	theirs.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	want, got := gather(t, theirs), gather(t, telemetry.NewRegistry("a"))
	maps.DeleteFunc(want, func(name string, _ float64) bool { return strings.HasPrefix(name, "process_network_") })
	maps.DeleteFunc(got, func(name string, _ float64) bool { return !strings.HasPrefix(name, "process_") })
	if a, b := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(a, b) || len(a) < 7 {
		t.Fatalf("metrics %q, want %q", a, b)
	}
	for name, differs := range map[string]float64{ // by how much it may, for time goes on between the looks
		"process_cpu_seconds_total": 1, "process_start_time_seconds": 1, "process_resident_memory_bytes": 32 << 20, "process_virtual_memory_bytes": 256 << 20,
		"process_virtual_memory_max_bytes": 0, "process_open_fds": 8, "process_max_fds": 0,
	} {
		if math.Abs(got[name]-want[name]) > differs {
			t.Errorf("%s is %v, want %v", name, got[name], want[name])
		}
	}
}

package telemetry

import (
	"errors"
	"regexp"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewRegistry returns the registry of a service's process. In it are the metrics of
// the Go runtime and of the process, and brownout_service_info, which says whose it
// is: the other metrics do not repeat that, for Prometheus labels them with the job.
func NewRegistry(service string) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "brownout_service_info", Help: "1, labelled with the service that the process is.",
		ConstLabels: prometheus.Labels{"service": service},
	})
	info.Set(1)
	reg.MustRegister(newGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), info)
	return reg
}

// newGoCollector collects, beside the usual metrics of the Go runtime, what lives on the heap
// and what the collection of garbage costs: go_gc_heap_live_bytes, and
// go_cpu_classes_*_cpu_seconds_total of the collector, its use of idle processors, idleness and
// all. They change at the end of a collection.
func newGoCollector() prometheus.Collector {
	return collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{
		Matcher: regexp.MustCompile(`^/(gc/heap/live:bytes|cpu/classes/(gc/total|gc/mark/idle|idle|total):cpu-seconds)$`),
	}))
}

// Register is for metrics of a service's own: it registers a collector, and returns it,
// or the equal one that was there before, of an earlier life of the service. With a nil
// registerer it is just returned. It panics if another collector has the name.
func Register[C prometheus.Collector](reg prometheus.Registerer, c C) C { return register(reg, c) }

// register registers a collector, and returns it, or the equal one that was there
// before. With a nil registerer it is just returned. It panics if a collector of that
// name is there that is not equal: a programmer's error.
func register[C prometheus.Collector](reg prometheus.Registerer, c C) C {
	if reg == nil {
		return c
	}
	err := reg.Register(c)
	if was, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		return was.ExistingCollector.(C)
	}
	if err != nil {
		panic("telemetry: " + err.Error())
	}
	return c
}

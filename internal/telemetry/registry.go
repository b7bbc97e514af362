package telemetry

import (
	"errors"
	"regexp"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// A Registry has the metrics of a process. Whoever gathers from it gets all of them, as from any prometheus.Registry;
// who looks at its [Registry.Handler] gets text that is not made by the library, but for summaries and histograms that are
// no [Histograms]. Any goroutine may call its methods.
type Registry struct {
	*prometheus.Registry
	sheet       sheet     // of what does not write its own text
	collections sync.Pool // of *collection

	mu         sync.Mutex
	histograms []*Histograms // what is in these two stays
	plain      []prometheus.Collector
}

// NewRegistry returns the registry of a service's process. In it are the metrics of
// the Go runtime and of the process, and brownout_service_info, which says whose it
// is: the other metrics do not repeat that, for Prometheus labels them with the job.
func NewRegistry(service string) *Registry {
	r := &Registry{Registry: prometheus.NewRegistry(), collections: sync.Pool{New: func() any { return newCollection() }}}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "brownout_service_info", Help: "1, labelled with the service that the process is.",
		ConstLabels: prometheus.Labels{"service": service},
	})
	info.Set(1)
	r.MustRegister(newGoCollector(), newProcessCollector(), info)
	return r
}

// Register implements prometheus.Registerer.
func (r *Registry) Register(c prometheus.Collector) error {
	if err := r.Registry.Register(c); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if h, ok := c.(*Histograms); ok {
		r.histograms = append(r.histograms, h)
	} else {
		r.plain = append(r.plain, c)
	}
	return nil
}

// MustRegister implements prometheus.Registerer.
func (r *Registry) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		if err := r.Register(c); err != nil {
			panic(err)
		}
	}
}

// Unregister implements prometheus.Registerer. It does nothing, and says so: what a process has shown, it goes on to show.
func (r *Registry) Unregister(prometheus.Collector) bool { return false }

// registered returns what there is to show.
func (r *Registry) registered() (histograms []*Histograms, plain []prometheus.Collector) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.histograms, r.plain
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

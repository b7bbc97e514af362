package telemetry

import (
	"errors"

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
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), info)
	return reg
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

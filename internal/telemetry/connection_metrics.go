package telemetry

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// ConnectionMetrics are the metrics of a service's connections to its store, by the class
// of operations that may take them. Any goroutine may call its methods.
type ConnectionMetrics struct {
	inUse, waiting *prometheus.Desc

	mu      sync.Mutex
	classes map[string]func() (inUse, waiting int)
}

// NewConnectionMetrics makes the metrics. All that are made with one registerer are the
// same. With a nil registerer nobody sees them.
func NewConnectionMetrics(reg prometheus.Registerer) *ConnectionMetrics {
	describe := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("brownout_store_"+name, help, []string{"class"}, nil)
	}
	return register(reg, &ConnectionMetrics{
		inUse:   describe("connections_in_use", "Connections to the store that an operation holds."),
		waiting: describe("operations_waiting", "Operations that wait for a connection to the store."),
		classes: map[string]func() (int, int){},
	})
}

// Watch has the connections of a class collected from now on, in place of those that were
// watched under its name before. Of more than 64 classes, the rest is left out.
func (m *ConnectionMetrics) Watch(class string, look func() (inUse, waiting int)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.classes[class]; known || len(m.classes) < maxClasses {
		m.classes[class] = look
	}
}

// Describe implements prometheus.Collector.
func (m *ConnectionMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- m.inUse
	to <- m.waiting
}

// Collect implements prometheus.Collector.
func (m *ConnectionMetrics) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for class, look := range m.classes {
		inUse, waiting := look()
		gauge(to, m.inUse, float64(inUse), class)
		gauge(to, m.waiting, float64(waiting), class)
	}
}

package service

import (
	"log/slog"
	"math/rand/v2"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/telemetry"
)

// A Runtime is what the code of a service runs on: a host's, with a worker pool,
// goroutines and a network, or a simulation's, with nothing but one loop and a
// seed. Service code sees no difference, as long as it takes from here whatever
// touches the world.
type Runtime struct {
	// Name is the service's, as in metrics and traces.
	Name string
	// Loop runs the service.
	Loop *loop.Loop
	// Random is the only source of chance. On the loop only.
	Random *rand.Rand
	// Log takes structured records.
	Log *slog.Logger
	// Metrics is where the service registers its own; nil for none.
	Metrics prometheus.Registerer
	// Protections switches the defences.
	Protections *resilience.Registry
	// Tracing starts the traces of requests; nil for none.
	Tracing *telemetry.Tracing
	// Turns knows what has kept the loop lately; nil if nobody looks.
	Turns *telemetry.LoopMetrics
	// Classes makes a class of the worker pool: its share of the workers and the
	// bound of its queue are set later, by its Configure.
	Classes func(name string) resilience.Class
	// Calls runs network calls; nil means a goroutine for each.
	Calls loop.Executor
}

// Group returns a new group of network calls of which at most limit run at once
// and at most queue wait; see [loop.GroupConfig]. On the loop only.
func (rt *Runtime) Group(limit, queue int) *loop.Group {
	return loop.NewGroup(rt.Loop, loop.GroupConfig{Limit: limit, Queue: queue, Executor: rt.Calls})
}

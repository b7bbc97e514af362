package service

import (
	"time"

	"brownout/internal/pool"
	"brownout/internal/resilience"
)

const (
	// classQueue bounds the jobs of a class that wait, while queue-bound is on, and
	// openClassQueue while it is not.
	classQueue     = 64
	openClassQueue = 100_000
)

// classAge says from when on a job has waited too long: a second, half of what a request
// has. Jobs take a tenth of that, so a few that wait are no sign of anything.
var classAge = resilience.CoDelConfig{Target: 500 * time.Millisecond, Interval: time.Second}

// class makes a class of the pool, under the protections bulkhead, which leaves it half
// of the workers, queue-bound, codel and newest-first.
func (h *host) class(name string) resilience.Class {
	class, protections := h.pool.Class(name, pool.ClassConfig{}), h.runtime.Protections
	resilience.NewShare(protections, name, class,
		pool.ClassConfig{Share: max(1, h.config.Workers/2), Queue: classQueue},
		pool.ClassConfig{Queue: openClassQueue})
	resilience.NewCoDel(protections, name, classAge).Over(class)
	resilience.NewNewestFirst(protections, name, class)
	return watchedClass{tracedClass{class}, h.processors}
}

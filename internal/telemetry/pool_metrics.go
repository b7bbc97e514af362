package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/pool"
)

// PoolMetrics observes a worker pool.
type PoolMetrics struct{}

// NewPoolMetrics makes the metrics of a pool.
func NewPoolMetrics(reg prometheus.Registerer) *PoolMetrics { return &PoolMetrics{} }

// Watch has the pool's state collected.
func (m *PoolMetrics) Watch(p *pool.Pool) {}

// JobDone implements pool.Observer.
func (m *PoolMetrics) JobDone(class string, wait, run time.Duration) {}

// JobDropped implements pool.Observer.
func (m *PoolMetrics) JobDropped(class string, wait time.Duration, reason error) {}

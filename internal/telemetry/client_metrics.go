package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ClientMetrics counts the attempts of calls.
type ClientMetrics struct{}

// NewClientMetrics makes the metrics of calls.
func NewClientMetrics(reg prometheus.Registerer) *ClientMetrics { return &ClientMetrics{} }

// Observe counts an attempt.
func (m *ClientMetrics) Observe(downstream, call string, attempt int, outcome string, d time.Duration) {
}

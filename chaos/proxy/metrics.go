package proxy

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics count what passes links.
type Metrics struct {
	connections *prometheus.GaugeVec
	refused     *prometheus.CounterVec
	bytes       *prometheus.CounterVec
}

// NewMetrics registers the metrics of links; with a nil registerer it only makes them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	with := promauto.With(reg)
	return &Metrics{
		connections: with.NewGaugeVec(prometheus.GaugeOpts{
			Name: "chaos_link_connections", Help: "Connections that pass a link.",
		}, []string{"link"}),
		refused: with.NewCounterVec(prometheus.CounterOpts{
			Name: "chaos_link_refused_total", Help: "Connections that were one too many for a link.",
		}, []string{"link"}),
		bytes: with.NewCounterVec(prometheus.CounterOpts{
			Name: "chaos_link_bytes_total", Help: "Bytes that a link has delivered.",
		}, []string{"link", "direction"}),
	}
}

package telemetry

import "github.com/prometheus/client_golang/prometheus"

// NewRegistry makes the registry of a service.
func NewRegistry(service string) *prometheus.Registry { return prometheus.NewRegistry() }

package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/loop"
)

// LoopMetrics observes a loop.
type LoopMetrics struct{}

// NewLoopMetrics makes the metrics of a loop.
func NewLoopMetrics(reg prometheus.Registerer) *LoopMetrics { return &LoopMetrics{} }

// LoopDelay implements loop.Observer.
func (m *LoopMetrics) LoopDelay(late time.Duration) {}

// TurnEnd implements loop.Observer.
func (m *LoopMetrics) TurnEnd(s *loop.TurnStats) {}

// LongTurn keeps a long turn.
func (m *LoopMetrics) LongTurn(t loop.LongTurn) {}

// Recent returns the last long turns.
func (m *LoopMetrics) Recent() []loop.LongTurn { return nil }

// Delay returns the recent event loop delay.
func (m *LoopMetrics) Delay() (p50, p99, highest time.Duration) { return 0, 0, 0 }

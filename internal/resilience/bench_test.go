package resilience_test

import (
	"testing"

	"brownout/internal/bench/lockstep"
	"brownout/internal/resilience"
)

// BenchmarkDecisions is what each protection costs a request that it lets through.
func BenchmarkDecisions(b *testing.B) {
	r := resilience.NewRegistry(nil)
	breaker := resilience.NewBreaker(r, "bank-a", resilience.BreakerConfig{})
	queue := resilience.NewQueueBound(r, "requests", 10)
	gate := resilience.NewPriority(r, "requests", 10)
	limit := resilience.NewRateLimit(r, resilience.RateConfig{Rate: 1e12, Burst: 1e9})
	deadline := resilience.NewDeadline(r, resilience.DeadlineConfig{})
	for _, c := range []struct {
		name   string
		decide func()
	}{
		{"breaker", func() { call(breaker, nil) }},
		{"queue-bound", func() { queue.Admit(1) }},
		{"priority", func() { gate.Admit(resilience.Normal, 1) }},
		{"ratelimit", func() { limit.Allow("customer") }},
		{"deadline", func() { deadline.Budget("1500", 0) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for turns := lockstep.Start(b); turns.Next(); {
				c.decide()
			}
		})
	}
}

package resilience_test

import (
	"fmt"
	"sync"
	"testing"

	"brownout/internal/resilience"
)

// What any goroutine may call is called by several while the switches are turned; the
// race detector sees what is wrong, and the counters what is lost.
func TestDecisionsOfManyGoroutines(t *testing.T) {
	const goroutines, each = 4, 200
	r := newMeasured()
	breaker := resilience.NewBreaker(r.Registry, "bank-a", resilience.BreakerConfig{Failures: 3})
	limit := resilience.NewRateLimit(r.Registry, resilience.RateConfig{Burst: 5, Keys: 3})
	queue := resilience.NewQueueBound(r.Registry, "requests", 10)
	deadline := resilience.NewDeadline(r.Registry, resilience.DeadlineConfig{})
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for i := range each {
				call(breaker, errWork)
				limit.Allow(fmt.Sprint("customer ", (g+i)%5))
				queue.Admit(i % 20)
				deadline.Budget("100", 0)
			}
		})
	}
	all.Go(func() {
		for i := range each {
			set(t, r.Registry, resilience.Breaker, i%2 == 0)
			set(t, r.Registry, resilience.RateLimit, i%2 == 0)
			r.States()
		}
	})
	all.Wait()
	r.check(t, "admissions_total{queue-bound,requests}", goroutines*each*11/20)
	r.check(t, "rejections_total{queue-bound,full,requests}", goroutines*each*9/20)
	r.check(t, "admissions_total{deadline,requests}", goroutines*each)
}

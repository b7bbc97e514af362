package acquirer_test

import (
	"slices"
	"testing"
	"time"

	"brownout/chaos/acquirer"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
)

func TestOrdersAreSpoiltUntilItStops(t *testing.T) {
	const ms = time.Millisecond
	yes := func() bool { return true }
	for _, tt := range []struct {
		name      string
		slow      func(time.Duration) time.Duration
		refuse    func() error
		lose      func() bool
		word      string
		took      time.Duration
		statement string
		events    []string
	}{
		{"slow", func(d time.Duration) time.Duration { return 20 * d }, nil, nil, "authorised=1", 200 * ms, "bank-1:authorised", []string{"fault brownout.fault=slow"}},
		{"refused", nil, func() error { return &shop.Error{Code: shop.CodeUnavailable, Message: "no"} }, nil, "unavailable=1", 0, "", []string{"fault brownout.fault=refused"}},
		{"lost", nil, nil, yes, "deadline-exceeded=1", 500 * ms, "bank-1:authorised", []string{"fault brownout.fault=lost"}},
		{"nothing", nil, nil, nil, "authorised=1", 10 * ms, "bank-1:authorised", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runMany(t, acquirer.Config{}, func(c *servicetest.Client, b *acquirer.Bank) {
				exporter := servicetest.Trace(t, c.Runtime)
				stop := b.Meddle(tt.name, tt.slow, tt.refuse, tt.lose)
				words, took := flood(c, 1, shop.HeaderDeadline, "500")
				expect(t, "answer", counts(words), tt.word)
				if took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				expect(t, "statement", statement(c), tt.statement)
				stop()
				if got := servicetest.Events(exporter.GetSpans()); !slices.Equal(got, tt.events) {
					t.Errorf("events %q, want %q", got, tt.events)
				}
				if words, took := flood(c, 1); counts(words) != "authorised=1" || took != 10*ms {
					t.Errorf("afterwards: %v in %v", words, took)
				}
			})
		})
	}
}

// The trace of an order tells how long it waited for a worker, and how long one worked on it.
func TestTraceTellsWaitingForAWorkerFromWork(t *testing.T) {
	runMany(t, acquirer.Config{Workers: 1, ServiceTime: time.Second}, func(c *servicetest.Client, _ *acquirer.Bank) {
		exporter := servicetest.Trace(t, c.Runtime)
		flood(c, 2, shop.HeaderDeadline, "5000")
		var waited, worked time.Duration
		for _, s := range exporter.GetSpans() {
			switch took := s.EndTime.Sub(s.StartTime); s.Name {
			case "wait worker":
				waited += took
			case "work worker":
				worked += took
			}
		}
		if waited != time.Second || worked != 2*time.Second {
			t.Errorf("waited for %v and worked for %v, want 1s and 2s", waited, worked)
		}
	})
}

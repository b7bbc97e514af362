package acquirer_test

import (
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
	}{
		{"slow", func(d time.Duration) time.Duration { return 20 * d }, nil, nil, "authorised=1", 200 * ms, "bank-1:authorised"},
		{"refused", nil, func() error { return &shop.Error{Code: shop.CodeUnavailable, Message: "no"} }, nil, "unavailable=1", 0, ""},
		{"lost", nil, nil, yes, "deadline-exceeded=1", 500 * ms, "bank-1:authorised"},
		{"nothing", nil, nil, nil, "authorised=1", 10 * ms, "bank-1:authorised"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runMany(t, acquirer.Config{}, func(c *servicetest.Client, b *acquirer.Bank) {
				stop := b.Meddle(tt.slow, tt.refuse, tt.lose)
				words, took := flood(c, 1, shop.HeaderDeadline, "500")
				expect(t, "answer", counts(words), tt.word)
				if took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				expect(t, "statement", statement(c), tt.statement)
				stop()
				if words, took := flood(c, 1); counts(words) != "authorised=1" || took != 10*ms {
					t.Errorf("afterwards: %v in %v", words, took)
				}
			})
		})
	}
}

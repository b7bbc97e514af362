package acquirer_test

import (
	"fmt"
	"testing"
	"time"

	"brownout/chaos/acquirer"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
)

// flood posts n orders at once and returns what came of each, in a word, and how long
// all took.
func flood(c *servicetest.Client, n int, headers ...string) ([]string, time.Duration) {
	c.T.Helper()
	began, words := time.Now(), make([]string, n)
	var waits []func()
	for i := range n {
		waits = append(waits, c.Go("order", func(c *servicetest.Client) {
			words[i] = word(c.T, c.Do("POST", "/v1/charges", request(fmt.Sprint("ann/", i)), headers...))
		}))
	}
	for _, wait := range waits {
		wait()
	}
	return words, time.Since(began)
}

func TestCapacityIsWorkersByServiceTime(t *testing.T) {
	for _, tt := range []struct {
		orders, workers int
		serviceTime     time.Duration
		want            time.Duration
	}{
		{1, 0, 0, 10 * time.Millisecond},
		{8, 0, 0, 10 * time.Millisecond},
		{9, 0, 0, 20 * time.Millisecond},
		{800, 0, 0, time.Second},
		{160, 8, 50 * time.Millisecond, time.Second},
		{10, 1, 50 * time.Millisecond, 500 * time.Millisecond},
		{10, 100, 50 * time.Millisecond, 50 * time.Millisecond},
	} {
		runMany(t, acquirer.Config{Workers: tt.workers, ServiceTime: tt.serviceTime}, func(c *servicetest.Client, _ *acquirer.Bank) {
			words, took := flood(c, tt.orders)
			if took != tt.want || counts(words) != fmt.Sprint("authorised=", tt.orders) {
				t.Errorf("%d orders with %d workers of %v: %s in %v, want %v", tt.orders, tt.workers, tt.serviceTime, counts(words), took, tt.want)
			}
		})
	}
}

func TestReadingTakesNoWorker(t *testing.T) {
	run(t, acquirer.Config{Workers: 1, ServiceTime: time.Second}, func(c *servicetest.Client, _ *acquirer.Bank) {
		wait := c.Go("order", func(c *servicetest.Client) { c.Do("POST", "/v1/charges", request("ann/1")) })
		began := time.Now()
		c.Do("GET", "/v1/charges?reference=ann/1", "")
		c.Do("GET", "/v1/statement", "")
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v", took)
		}
		wait()
	})
}

func TestOrdersOverTheQueueAreRefusedAtOnce(t *testing.T) {
	for _, tt := range []struct {
		queue, orders int
		want          string
	}{
		{-1, 12, "authorised=8 overloaded=4"},
		{2, 12, "authorised=10 overloaded=2"},
		{4, 12, "authorised=12"},
		{0, 1033, "authorised=1032 overloaded=1"},
	} {
		runMany(t, acquirer.Config{Queue: tt.queue}, func(c *servicetest.Client, _ *acquirer.Bank) {
			words, _ := flood(c, tt.orders)
			expect(t, fmt.Sprint("queue ", tt.queue), counts(words), tt.want)
		})
	}
}

func TestControlsWorkWhileOrdersWait(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name    string
		control func(*acquirer.Bank)
		want    time.Duration // of 160 orders, 8 workers of 10 ms, after 5 ms
	}{
		{"nothing", func(*acquirer.Bank) {}, 200 * ms},
		{"twice the workers", func(b *acquirer.Bank) { b.SetWorkers(16) }, 105 * ms},        // 8 at 0 and at 5, then 16 each 10 ms
		{"half the workers", func(b *acquirer.Bank) { b.SetWorkers(4) }, 390 * ms},          // 8, then 38 times 4
		{"slow", func(b *acquirer.Bank) { b.SetServiceTime(50 * ms) }, 960 * ms},            // 10, then 19 times 50
		{"no time", func(b *acquirer.Bank) { b.SetServiceTime(-1) }, 10 * ms},               // all as soon as a worker is free
		{"more orders than needed", func(b *acquirer.Bank) { b.SetWorkers(1000) }, 15 * ms}, // the rest from 5 on
		{"set, and set back", func(b *acquirer.Bank) { b.SetWorkers(0); b.SetWorkers(8) }, 200 * ms},
	} {
		runMany(t, acquirer.Config{}, func(c *servicetest.Client, b *acquirer.Bank) {
			c.Go("control", func(c *servicetest.Client) {
				_ = c.Task.Sleep(5 * ms)
				tt.control(b)
			})
			if _, took := flood(c, 160); took != tt.want {
				t.Errorf("%s: took %v, want %v", tt.name, took, tt.want)
			}
		})
	}
}

func TestControlsAreRead(t *testing.T) {
	run(t, acquirer.Config{}, func(_ *servicetest.Client, b *acquirer.Bank) {
		expect(t, "defaults", fmt.Sprint(b.Workers(), b.ServiceTime()), "8 10ms")
		b.SetWorkers(-3)
		b.SetServiceTime(time.Second)
		expect(t, "set", fmt.Sprint(b.Workers(), b.ServiceTime()), "0 1s")
	})
}

func TestOrderThatIsGivenUpWhileItWaitsIsNotBegun(t *testing.T) {
	runMany(t, acquirer.Config{Workers: 1, ServiceTime: 100 * time.Millisecond}, func(c *servicetest.Client, _ *acquirer.Bank) {
		words, took := flood(c, 3, shop.HeaderDeadline, "150") // the second begins at 100, the third would at 200
		expect(t, "answers", counts(words), "authorised=2 deadline-exceeded=1")
		if took != 200*time.Millisecond {
			t.Errorf("took %v", took)
		}
		_ = c.Task.Sleep(time.Second)
		expect(t, "statement", statement(c), "bank-1:authorised bank-2:authorised")
		if _, took := flood(c, 1); took != 100*time.Millisecond {
			t.Errorf("afterwards, an order takes %v: the worker is not free", took)
		}
	})
}

func TestOrderThatIsBegunIsCarriedOutWhoeverListens(t *testing.T) {
	runMany(t, acquirer.Config{ServiceTime: time.Second}, func(c *servicetest.Client, _ *acquirer.Bank) {
		flood(c, 1, shop.HeaderDeadline, "10")
		expect(t, "statement", statement(c), "bank-1:authorised")
	})
}

func TestOrdersOnOneChargeGoOneAfterTheOther(t *testing.T) {
	statementDelay := &acquirer.Memory{Delay: 30 * time.Millisecond}
	run(t, acquirer.Config{Keys: true, Statement: statementDelay}, func(c *servicetest.Client, _ *acquirer.Bank) {
		id := authorise(c, "ann/1", "a")
		words := make([]string, 3)
		var waits []func()
		for i, instruction := range []string{"capture", "void", "refund"} {
			waits = append(waits, c.Go(instruction, func(c *servicetest.Client) { words[i] = order(c, id, instruction, instruction) }))
		}
		for _, wait := range waits {
			wait()
		}
		expect(t, "answers", fmt.Sprint(words), "[captured wrong-state refunded]")
		expect(t, "statement", statement(c), "bank-1:authorised bank-1:captured bank-1:refunded")
	})
}

package sim

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"brownout/internal/resilience"
)

// Defaults of Config.
const (
	DefaultCustomers = 6
	DefaultRequests  = 60
	DefaultDuration  = 15 * time.Second
	DefaultSettle    = 30 * time.Second
)

// Bounds of Config.
const (
	MaxCustomers = 1000
	MaxRequests  = 100_000
	MaxCrashes   = 1000
	MaxDuration  = time.Hour
)

// Config says what is simulated. The zero value is a quiet shop, in which nothing goes
// wrong.
type Config struct {
	// Seed decides everything that is left to chance.
	Seed uint64
	// Customers is how many there are, and Requests what they mean to ask for, all
	// together: repetitions of what failed come on top. 0 means the defaults.
	Customers, Requests int
	// Duration is how long the load and the faults last; 0 means DefaultDuration.
	Duration time.Duration
	// Settle is what the shop then has to bring to an end whatever was left half done; 0
	// means DefaultSettle.
	Settle time.Duration
	// Faults are what goes wrong during the load.
	Faults Faults
	// Off names the protections that are off in every service.
	Off []resilience.Name
	// Trace, if not nil, is told of every event, a line each.
	Trace io.Writer
}

// Faults say how much goes wrong. The shares are probabilities, from 0 to 1.
type Faults struct {
	// LostRequests, LostReplies and Repeated are shares of what is sent: that never
	// arrives, whose reply never arrives, and, of what may be repeated, that arrives
	// twice.
	LostRequests, LostReplies, Repeated float64
	// Slow is the share of messages, and of operations of a store, that take up to
	// MaxDelay instead of a few milliseconds.
	Slow float64
	// StoreFailures is the share of operations of a store that fail: half of them were
	// not done, of the others the reply is lost.
	StoreFailures float64
	// Crashes is how many there are, of any part of the shop.
	Crashes int
}

// MaxDelay is how late a message can be. What is on its way for longer is lost.
const MaxDelay = 1500 * time.Millisecond

// Storm returns faults of every kind, more than any shop should see.
func Storm() Faults {
	return Faults{LostRequests: 0.02, LostReplies: 0.02, Repeated: 0.02, Slow: 0.03, StoreFailures: 0.01, Crashes: 6}
}

// Hurricane returns faults in which hardly anything gets through at the first attempt.
func Hurricane() Faults {
	return Faults{LostRequests: 0.06, LostReplies: 0.06, Repeated: 0.08, Slow: 0.1, StoreFailures: 0.03, Crashes: 12}
}

func (c Config) withDefaults() Config {
	c.Customers = cmp.Or(c.Customers, DefaultCustomers)
	c.Requests = cmp.Or(c.Requests, DefaultRequests)
	c.Duration = cmp.Or(c.Duration, DefaultDuration)
	c.Settle = cmp.Or(c.Settle, DefaultSettle)
	return c
}

func (c Config) check() error {
	switch {
	case c.Customers < 1 || c.Customers > MaxCustomers:
		return fmt.Errorf("sim: Customers must be from 1 to %d", MaxCustomers)
	case c.Requests < 1 || c.Requests > MaxRequests:
		return fmt.Errorf("sim: Requests must be from 1 to %d", MaxRequests)
	case c.Duration < time.Second || c.Duration > MaxDuration:
		return fmt.Errorf("sim: Duration must be from 1s to %v", MaxDuration)
	case c.Settle < 0 || c.Settle > MaxDuration:
		return fmt.Errorf("sim: Settle must be from 0 to %v", MaxDuration)
	}
	for _, name := range c.Off {
		if !slices.Contains(resilience.Names(), name) {
			return fmt.Errorf("sim: Off: there is no protection %q", name)
		}
	}
	return c.Faults.check()
}

func (f Faults) check() error {
	for _, share := range []struct {
		name  string
		value float64
	}{
		{"LostRequests", f.LostRequests}, {"LostReplies", f.LostReplies}, {"Repeated", f.Repeated},
		{"Slow", f.Slow}, {"StoreFailures", f.StoreFailures},
	} {
		if !(share.value >= 0 && share.value <= 1) {
			return fmt.Errorf("sim: Faults.%s must be from 0 to 1", share.name)
		}
	}
	if f.Crashes < 0 || f.Crashes > MaxCrashes {
		return fmt.Errorf("sim: Faults.Crashes must be from 0 to %d", MaxCrashes)
	}
	return nil
}

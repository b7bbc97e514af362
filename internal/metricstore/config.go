package metricstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// What a Config gets for zero values.
const (
	DefaultRetention = 6 * time.Hour
	DefaultMaxBytes  = 1 << 30
	DefaultInterval  = 500 * time.Millisecond

	DefaultQuerySamples = 5_000_000
)

// maxExemplars bounds Config.Exemplars.
const maxExemplars = 100_000

// Scrapes may not be closer or further apart.
const (
	minInterval = 250 * time.Millisecond
	maxInterval = time.Second
)

// A Config says where a store is, and what it scrapes.
type Config struct {
	// Dir is the folder of the database; it is made if there is none. One store at a
	// time can have it open.
	Dir string
	// Retention is how long samples are kept at least; 0 means DefaultRetention, less
	// than a minute is refused. It is exceeded by at most four blocks, each an eighth
	// of it, but from a minute to half an hour long.
	Retention time.Duration
	// MaxBytes bounds what the folder holds; 0 means DefaultMaxBytes. It is looked at once a
	// minute: what comes in a minute may be there beside it.
	MaxBytes int64
	// Interval is the time from scrape to scrape of a target, from 250 ms to 1 s; 0
	// means DefaultInterval.
	Interval time.Duration
	// Timeout is the time a scrape may take, less than Interval; 0 means nine tenths
	// of it.
	Timeout time.Duration
	// MaxQuerySamples bounds the samples that a query loads; 0 means DefaultQuerySamples.
	MaxQuerySamples int
	// Exemplars bounds those that are kept, in memory. 0 means none: targets are then asked for Prometheus' text
	// format, which has none.
	Exemplars int
	// Rules are evaluated once a second, or as often as their group says.
	Rules []RuleFile
	// Targets says what is to be scraped. It is called once an interval, on one
	// goroutine, and returns at once. nil means nothing is.
	Targets func() []Target
	// Dial opens connections to targets; nil means a net.Dialer does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Log is told of targets that go down or come up, and of what is refused. nil
	// means nobody is.
	Log *slog.Logger
}

// withDefaults returns the configuration with its defaults, or what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	setDefault(&c.Retention, DefaultRetention)
	setDefault(&c.MaxBytes, DefaultMaxBytes)
	setDefault(&c.Interval, DefaultInterval)
	setDefault(&c.Timeout, c.Interval*9/10)
	setDefault(&c.MaxQuerySamples, DefaultQuerySamples)
	if c.Targets == nil {
		c.Targets = func() []Target { return nil }
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, c.check()
}

func setDefault[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

func (c Config) check() error {
	switch {
	case c.Dir == "":
		return errors.New("metricstore: Dir is empty")
	case c.Retention < time.Minute:
		return fmt.Errorf("metricstore: Retention: %v is less than a minute", c.Retention)
	case c.MaxBytes < 1<<20:
		return fmt.Errorf("metricstore: MaxBytes: %d is less than a mebibyte", c.MaxBytes)
	case c.Interval < minInterval || c.Interval > maxInterval:
		return fmt.Errorf("metricstore: Interval: %v is not from %v to %v", c.Interval, minInterval, maxInterval)
	case c.Timeout < 0 || c.Timeout >= c.Interval:
		return fmt.Errorf("metricstore: Timeout: %v is not less than the interval of %v", c.Timeout, c.Interval)
	case c.MaxQuerySamples < 0:
		return fmt.Errorf("metricstore: MaxQuerySamples: %d is negative", c.MaxQuerySamples)
	case c.Exemplars < 0 || c.Exemplars > maxExemplars:
		return fmt.Errorf("metricstore: Exemplars: %d is not from 0 to %d", c.Exemplars, maxExemplars)
	}
	return nil
}

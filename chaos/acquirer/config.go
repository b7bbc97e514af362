package acquirer

import "time"

// Defaults of Config.
const (
	DefaultWorkers     = 8
	DefaultServiceTime = 10 * time.Millisecond
	DefaultQueue       = 1024
)

// Bounds of a bank.
const (
	// MaxUnsettled bounds the orders that were worked on and are not durable yet.
	MaxUnsettled = 4096
	// MaxRecords bounds what a statement holds: movements and answers by key.
	MaxRecords = 1 << 20
	// MaxText bounds an idempotency key and a reference, in bytes.
	MaxText = 160
)

// Config says how a bank works. The zero value is a bank without keys, named "bank", that
// forgets everything when it ends.
type Config struct {
	// Name is the bank's; the ids of its charges begin with it.
	Name string
	// Keys says that the bank knows idempotency keys, and wants them.
	Keys bool
	// Workers is how many orders it works on at once. 0 or less means DefaultWorkers.
	Workers int
	// ServiceTime is how long each of them takes a worker. 0 or less means
	// DefaultServiceTime.
	ServiceTime time.Duration
	// Queue bounds the orders that wait for a worker. 0 means DefaultQueue; with
	// less than 0, none may wait.
	Queue int
	// Statement is where it keeps its movements. Nil means a Memory of its own.
	Statement Statement
}

func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name = "bank"
	}
	if c.Workers <= 0 {
		c.Workers = DefaultWorkers
	}
	if c.ServiceTime <= 0 {
		c.ServiceTime = DefaultServiceTime
	}
	if c.Queue == 0 {
		c.Queue = DefaultQueue
	}
	if c.Statement == nil {
		c.Statement = NewMemory()
	}
	return c
}

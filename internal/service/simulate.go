package service

import (
	"log/slog"
	"math/rand/v2"
	"time"

	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/resilience"
)

// SimulateConfig says how a simulated runtime behaves. The zero value is one of seed 0,
// without a log, with delays of 1 to 10 ms.
type SimulateConfig struct {
	Name string
	Seed uint64
	Log  *slog.Logger
	// Delay draws how long a call, an operation of a Memory or a job takes; nil means
	// from 1 to 10 ms.
	Delay func(*rand.Rand) time.Duration
}

// Simulate makes a runtime on which nothing happens but on one loop, by a seed: jobs of
// the pool and calls are timers. Under testing/synctest the same seed gives the same
// run. On the loop only.
func Simulate(l *loop.Loop, c SimulateConfig) *Runtime {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	random := rand.New(rand.NewPCG(c.Seed, 0))
	return &Runtime{
		Name:        c.Name,
		Loop:        l,
		Random:      random,
		Log:         c.Log,
		Protections: resilience.NewRegistry(nil),
		Classes: func(name string) resilience.Class {
			config := loop.SimulatedConfig{Workers: pool.DefaultWorkers, Queue: pool.DefaultQueue, Seed: random.Uint64(), Delay: c.Delay}
			return &simulatedClass{loop.NewSimulated(l, config), name}
		},
		Calls: loop.NewSimulated(l, loop.SimulatedConfig{Seed: random.Uint64(), Delay: c.Delay}),
	}
}

// A simulatedClass is a class of a pool that has no workers but its own.
type simulatedClass struct {
	*loop.Simulated
	name string
}

// Name implements resilience.Class.
func (c *simulatedClass) Name() string { return c.name }

// Configure implements resilience.Class.
func (c *simulatedClass) Configure(config pool.ClassConfig) {
	share, queue := config.Share, config.Queue
	if share <= 0 {
		share = pool.DefaultWorkers
	}
	switch queue {
	case 0:
		queue = pool.DefaultQueue
	case pool.Unbounded:
		queue = 0
	}
	c.Simulated.Configure(share, queue)
}

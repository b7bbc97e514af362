package loop

import (
	"cmp"
	"time"
)

// Defaults of [Config].
const (
	DefaultMailbox       = 1024
	DefaultMaxOperations = 65536
	DefaultGrace         = 10 * time.Second
	DefaultUnwind        = 2 * time.Second
)

// Config says how a loop works. The zero value is a server's loop in Node's order.
type Config struct {
	// Name tells loops of one process apart in reports.
	Name string
	// Semantics is the order of ticks and microtasks.
	Semantics Semantics
	// Mailbox bounds the work that waits to be taken from other goroutines;
	// it is rounded up to a power of two. 0 or less means DefaultMailbox.
	Mailbox int
	// MaxOperations bounds the operations in flight: jobs, calls and queued
	// work together. 0 or less means DefaultMaxOperations.
	MaxOperations int
	// MicrotaskBudget bounds the ticks of one turn, and its microtasks likewise; those
	// over it wait for the next. 0 means no bound, as in Node. See SetMicrotaskBudget.
	MicrotaskBudget int
	// ExitWhenIdle ends Run when nothing is left to do, as Node does. Without
	// it, Run ends after Close.
	ExitWhenIdle bool
	// Grace is how long Close lets tasks finish before it cancels them. 0
	// means DefaultGrace, less than 0 cancels at once.
	Grace time.Duration
	// Unwind is how long cancelled tasks may take to return before they are
	// abandoned. 0 means DefaultUnwind.
	Unwind time.Duration
	// DelayResolution, when above 0, is the period of a timer whose
	// lateness is the event loop delay even where nothing else sets timers; less
	// than 1 ms counts as 1 ms. It does not keep the loop alive, and wakes a loop
	// that rests but for every tenth of its samples; the others are taken to be on
	// time. Node's monitorEventLoopDelay takes 10 ms.
	DelayResolution time.Duration
	// Observer, if any, is told of every turn.
	Observer Observer
	// LongTurn, when above 0, starts a watchdog that reports to OnLongTurn
	// every turn that works for longer, while it does; less than 1 ms is 1 ms. OnLongTurn is called on
	// the watchdog's goroutine.
	LongTurn   time.Duration
	OnLongTurn func(LongTurn)
	// OnUnhandledRejection is told, on the loop, of every promise that was
	// rejected and had no reaction when the microtasks had run dry. When nil,
	// they are logged with log/slog.
	OnUnhandledRejection func(name string, err error)
}

func (c Config) withDefaults() Config {
	if c.Mailbox <= 0 {
		c.Mailbox = DefaultMailbox
	}
	if c.MaxOperations <= 0 {
		c.MaxOperations = DefaultMaxOperations
	}
	if c.LongTurn > 0 {
		c.LongTurn = max(c.LongTurn, minDelay)
	}
	c.Grace = cmp.Or(c.Grace, DefaultGrace)
	c.Unwind = cmp.Or(c.Unwind, DefaultUnwind)
	if c.OnUnhandledRejection == nil {
		c.OnUnhandledRejection = logRejection
	}
	return c
}

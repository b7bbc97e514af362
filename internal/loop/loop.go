package loop

import (
	"cmp"
	"context"
	"sync/atomic"
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
	// MicrotaskBudget bounds the ticks and microtasks of one turn; those over
	// it wait for the next. 0 means no bound, as in Node. See SetMicrotaskBudget.
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
	// DelayResolution, when above 0, sets a timer of that period, whose
	// lateness is the event loop delay even where nothing else sets timers. It
	// does not keep the loop alive. Node's monitorEventLoopDelay takes 10 ms.
	DelayResolution time.Duration
	// Observer, if any, is told of every turn.
	Observer Observer
	// LongTurn, when above 0, starts a watchdog that reports to OnLongTurn
	// every turn that works for longer, while it does. OnLongTurn is called on
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
	c.Grace = cmp.Or(c.Grace, DefaultGrace)
	c.Unwind = cmp.Or(c.Unwind, DefaultUnwind)
	if c.OnUnhandledRejection == nil {
		c.OnUnhandledRejection = logRejection
	}
	return c
}

// A Loop is an event loop; see the package's documentation for its model and
// for which goroutine may call what. Make one with [New].
type Loop struct {
	config Config
	epoch  time.Time // the loop's clock counts from here

	// The loop goroutine's own.
	phase      Phase
	turn       uint64
	now        int64  // the last reading of the clock, in nanoseconds
	current    *label // what runs, as published
	labels     labels
	ticks      queue
	microtasks queue
	immediates queue
	timers     timers
	meter      meter
	unhandled  []*promise // rejected, and nothing has reacted so far
	prepare    []*hook
	onClose    []callback
	tasks      list[*Task]
	task       *Task // the task that runs now
	idleCoros  []*coroutine
	idleWork   *work // free structs of QueueWork, linked
	operations int   // in flight
	stage      stage

	// Drains: see drain.go.
	spent     uint64 // ticks and microtasks of this turn
	allowance uint   // how many more until the drain looks up
	putOff    bool   // the budget of this turn is spent

	// Shared with other goroutines.
	mailbox     *mailbox
	completions completions
	sleeping    atomic.Bool
	wakeup      chan struct{}
	alarm       alarm
	started     atomic.Bool
	closing     atomic.Bool
	budget      atomic.Uint64
	state       state
	goroutines  goroutines
	done        chan struct{}
}

// New makes a loop. Until [Loop.Run] is called, the goroutine that made it may
// set it up as if it were on the loop.
func New(config Config) *Loop {
	config = config.withDefaults()
	l := &Loop{
		config:     config,
		epoch:      time.Now(),
		labels:     newLabels(),
		ticks:      newQueue(),
		microtasks: newQueue(),
		immediates: newQueue(),
		timers:     newTimers(),
		mailbox:    newMailbox(config.Mailbox),
		wakeup:     make(chan struct{}, 1),
		done:       make(chan struct{}),
	}
	l.SetMicrotaskBudget(config.MicrotaskBudget)
	l.alarm.loop = l
	l.state.account.Store(^0)
	return l
}

// Run runs main, which may be nil, and then turns until the loop ends, on the
// calling goroutine. A loop runs once. The error is nil unless tasks or
// operations had to be abandoned; see [AbandonedError].
//
// A panic in a callback ends the process: the loop's state is written to standard
// error, and the panic goes on. So does one in a task, where nothing can recover it
// but the task's own code. A callback that calls [runtime.Goexit] ends the calling
// goroutine and the loop, which then refuses new work.
func (l *Loop) Run(main func()) error {
	if l.started.Swap(true) {
		panic("loop: Run was called before")
	}
	stopWatchdog := l.startWatchdog()
	ended := false
	defer func() {
		if !ended {
			l.crash(recover())
		}
	}()
	l.start(main)
	l.runTurns()
	err := l.finish()
	ended = true
	l.alarm.stop()
	stopWatchdog()
	l.state.rest(l.now)
	close(l.done)
	return err
}

// start is what happens before the first turn.
func (l *Loop) start(main func()) {
	l.goroutines.add(goroutineID())
	l.now = l.clock()
	l.meter.turnBegan = l.now
	l.begin(Main)
	l.publish(l.labels.get("main"))
	l.state.work(l.now)
	l.startDelayProbe()
	if main == nil {
		main = func() {}
	}
	l.run(l.labels.get("main"), main)
	l.end()
	l.endTurn()
}

// runTurn is one pass through the phases.
func (l *Loop) runTurn() {
	l.beginTurn()
	l.runTimers()
	l.runPending()
	l.runPrepare()
	l.poll()
	l.runCheck()
	l.endTurn()
}

func (l *Loop) beginTurn() {
	l.turn++
	l.state.turns.set(l.turn)
	l.state.since.Store(l.now)
	l.refillBudget()
	l.advanceShutdown()
}

// run runs a macro-callback: a callback of a phase, then the ticks and
// microtasks that it leaves.
func (l *Loop) run(label *label, fn func()) {
	if label != l.meter.label {
		l.switchLap(label)
	}
	if label != l.current {
		l.publish(label)
	}
	fn()
	l.afterCallback()
}

// afterCallback drains, and counts the callback as done.
func (l *Loop) afterCallback() {
	if l.undrained() {
		l.drain()
	}
	l.lap()
}

func (l *Loop) runTimers() {
	due, ok := l.timers.next()
	if !ok || due > l.now {
		return
	}
	l.begin(Timers)
	for now := l.now; ; {
		t, ok := l.timers.popDue(now)
		if !ok {
			break
		}
		l.observeDelay(l.now - t.due)
		l.run(t.label, t.fn)
	}
	l.end()
}

func (l *Loop) runPending() {
	if l.undrained() {
		l.begin(Pending)
		l.run(l.labels.get("put off"), func() {})
		l.end()
	}
}

func (l *Loop) runPrepare() {
	if len(l.prepare) == 0 {
		return
	}
	l.begin(Prepare)
	for _, h := range l.prepare {
		if !h.cleared {
			l.run(h.label, h.fn)
		}
	}
	l.end()
}

func (l *Loop) runCheck() {
	if l.immediates.empty() {
		return
	}
	l.begin(Check)
	for end := l.immediates.tail; l.immediates.head != end; {
		if label, fn := l.immediates.pop(); fn != nil {
			l.run(label, fn)
		}
	}
	l.end()
}

// clock reads the loop's clock: nanoseconds since New, monotonic.
func (l *Loop) clock() int64 { return int64(time.Since(l.epoch)) }

// Name returns the name that the loop was configured with.
func (l *Loop) Name() string { return l.config.Name }

// Turn returns the number of the turn, 0 while main runs. On the loop only.
func (l *Loop) Turn() uint64 { return l.turn }

// Phase returns the phase of the turn. On the loop only.
func (l *Loop) Phase() Phase { return l.phase }

// Current returns the task that runs now, nil in a plain callback. On the loop only.
func (l *Loop) Current() *Task { return l.task }

// background is the context of work that belongs to no task.
var background = context.Background()

package loop

import (
	"context"
	"sync/atomic"
	"time"
)

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
	probe      probe
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
	tickQuota, microtaskQuota quota

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
	l.probe.start(l)
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
	if l.nextTimer() > l.now {
		return
	}
	l.begin(Timers)
	l.probe.fire(l)
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

// nextTimer is when the earliest timer is due, or the probe.
func (l *Loop) nextTimer() int64 {
	if due, ok := l.timers.next(); ok {
		return min(due, l.probe.due)
	}
	return l.probe.due
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

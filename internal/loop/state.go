package loop

import (
	"sync/atomic"
	"time"
)

// state is what the loop publishes about itself for other goroutines, so that it
// can be seen while it is blocked or starved. The loop stores, and only what has
// changed, for a store costs more than a comparison; others load.
type state struct {
	running atomic.Pointer[site]
	since   atomic.Int64 // loop clock when the work of this turn began

	// account splits the loop's life in one word, so that it is never seen half
	// changed: while at work, the nanoseconds spent blocked so far; while blocked
	// in poll, not begun or ended, ^(the nanoseconds spent at work so far).
	account atomic.Int64

	turns, ticks, microtasks, immediates, timers, tasks, operations, executed gauge
}

// rest says that the loop is not at work since an instant of its clock.
func (s *state) rest(now int64) {
	if idle := s.account.Load(); idle >= 0 {
		s.account.Store(^(now - idle))
	}
}

// work says that the loop is at work since an instant of its clock.
func (s *state) work(now int64) {
	s.since.Store(now)
	s.account.Store(now - ^s.account.Load())
}

// A gauge is a number that one goroutine sets and any may read.
type gauge struct {
	last      uint64
	published atomic.Uint64
}

func (g *gauge) set(v uint64) {
	if v != g.last {
		g.last = v
		g.published.Store(v)
	}
}

// publish makes a name what runs now.
func (l *Loop) publish(label *label) {
	l.current = label
	l.state.running.Store(&label.sites[l.phase])
}

func (s *state) publishDepths(l *Loop) {
	s.ticks.set(uint64(l.ticks.len()))
	s.microtasks.set(uint64(l.microtasks.len()))
	s.immediates.set(uint64(l.immediates.len()))
	s.timers.set(uint64(l.timers.set))
	s.tasks.set(uint64(l.tasks.len))
	s.operations.set(uint64(l.operations))
	s.executed.set(l.executed())
}

// State is what a loop looks like from outside.
type State struct {
	// Turn counts the turns. It stands still while a turn does not end.
	Turn uint64
	// Running and Phase name the callback that runs, or the last that did.
	Running string
	Phase   Phase
	// Busy is the age of the turn's work, 0 while the loop is blocked in poll.
	Busy time.Duration
	// Active and Idle split the loop's life; see Utilisation.
	Active, Idle time.Duration
	// Microtasks counts the ticks and microtasks that the turn has run.
	Microtasks uint64
	// Depths is exact while the loop is idle, and of the last turn or of the
	// last 1,024 microtasks while it works.
	Depths Depths
}

// Depths is what waits in each queue of the loop, and what is under way.
type Depths struct {
	Ticks, Microtasks, Immediates, Timers, Mailbox int
	Tasks                                          int // started and not ended
	Operations                                     int // jobs, calls and queued work in flight
}

// Utilisation is the share of time that the loop was active between an earlier
// state and this one, from 0 to 1, as Node's eventLoopUtilization counts it.
func (s State) Utilisation(since State) float64 {
	active, idle := s.Active-since.Active, s.Idle-since.Idle
	if active+idle <= 0 {
		return 0
	}
	return float64(active) / float64(active+idle)
}

// State reads what the loop publishes. It does not involve the loop, so it
// answers at once whatever that does. Any goroutine may call it.
func (l *Loop) State() State {
	s := &l.state
	out := State{
		Turn:       s.turns.published.Load(),
		Microtasks: s.executed.published.Load(),
		Depths:     s.depths(),
	}
	out.Depths.Mailbox = l.mailbox.waiting()
	if at := s.running.Load(); at != nil {
		out.Running, out.Phase = at.name, at.phase
	}
	out.Active, out.Idle, out.Busy = l.times()
	return out
}

// times reads the clock and the account as of one instant.
func (l *Loop) times() (active, idle, busy time.Duration) {
	s := &l.state
	for {
		account, since := s.account.Load(), s.since.Load()
		now := l.clock()
		if s.account.Load() != account {
			continue
		}
		if account < 0 {
			return time.Duration(^account), time.Duration(now - ^account), 0
		}
		return time.Duration(now - account), time.Duration(account), time.Duration(now - since)
	}
}

func (s *state) depths() Depths {
	return Depths{
		Ticks: s.ticks.int(), Microtasks: s.microtasks.int(), Immediates: s.immediates.int(),
		Timers: s.timers.int(), Tasks: s.tasks.int(), Operations: s.operations.int(),
	}
}

func (g *gauge) int() int { return int(g.published.Load()) }

package loop

import "time"

// A run of callbacks with one name that are this quick shares one reading of
// the clock: reading it costs more than they do. See docs/adr for the figures.
const (
	quick     = int64(500) // nanoseconds
	maxUnread = 15
)

// An Observer is told what the loop does. Its methods are called on the loop
// goroutine and delay the loop for as long as they take; they must not block,
// nor call the loop.
type Observer interface {
	// LoopDelay is told of every timer that fires how late it does: the event
	// loop delay, as Node's perf_hooks.monitorEventLoopDelay samples it.
	LoopDelay(late time.Duration)
	// TurnEnd is told of every turn that ran a callback. The stats are valid
	// during the call only.
	TurnEnd(stats *TurnStats)
}

// TurnStats is what one turn did.
type TurnStats struct {
	Turn   uint64
	Active time.Duration // spent on callbacks and between them
	Idle   time.Duration // spent blocked in the poll phase
	Phases [numPhases]PhaseStats
	// Ticks and microtasks that ran in the turn.
	Microtasks uint64
	Longest    Longest
	Depths     Depths // at the end of the turn
}

// PhaseStats is what one phase of a turn did. A phase with nothing to run
// takes no time.
type PhaseStats struct {
	Callbacks int
	Duration  time.Duration
}

// Longest is the longest macro-callback of a turn, its ticks and microtasks
// included. Where the callbacks of a row are so short that they share one
// reading of the clock, Duration is that of the row and Callbacks its length;
// otherwise Callbacks is 1.
type Longest struct {
	Name      string
	Phase     Phase
	Duration  time.Duration
	Callbacks int
}

// A meter measures the turn that runs. The clock is read once per
// macro-callback, or once per row of quick ones.
type meter struct {
	label     *label // of the callbacks since the last reading
	unread    int    // how many callbacks that are
	shared    int    // how many may share a reading
	callbacks int    // in this phase
	began     int64  // when this phase did
	idle      int64  // nanoseconds blocked in this turn
	turnBegan int64
	ran       bool // whether this turn ran a callback
	stats     TurnStats
}

// begin enters a phase. l.now is the reading at the end of the phase before.
func (l *Loop) begin(p Phase) {
	if l.phase != p {
		l.phase, l.current = p, nil
	}
	l.meter.shared = 0
	l.meter.began, l.meter.callbacks = l.now, 0
}

func (l *Loop) end() {
	m := &l.meter
	if m.unread > 0 {
		l.readLap()
	}
	if m.callbacks == 0 {
		return
	}
	m.ran = true
	p := &m.stats.Phases[l.phase]
	p.Callbacks += m.callbacks
	p.Duration += time.Duration(l.now - m.began)
}

// switchLap closes the row of callbacks of one name before another begins.
func (l *Loop) switchLap(label *label) {
	if l.meter.unread > 0 {
		l.readLap()
	}
	l.meter.label, l.meter.shared = label, 0
}

// lap counts the macro-callback that has just ended.
func (l *Loop) lap() {
	m := &l.meter
	m.unread++
	if m.unread > m.shared {
		l.readLap()
	}
}

// readLap reads the clock and accounts for the callbacks since the last reading.
func (l *Loop) readLap() {
	m := &l.meter
	now := l.clock()
	took := now - l.now
	l.now = now
	if took > int64(m.stats.Longest.Duration) {
		m.stats.Longest = Longest{m.label.name, l.phase, time.Duration(took), m.unread}
	}
	if took > quick*int64(m.unread) || l.phase == Timers {
		m.shared = 0 // how late a timer is must not be told by an old reading
	} else {
		m.shared = min(2*m.shared+1, maxUnread)
	}
	m.callbacks += m.unread
	m.unread = 0
}

func (l *Loop) observeDelay(late int64) {
	if l.config.Observer != nil {
		l.config.Observer.LoopDelay(time.Duration(late))
	}
}

// endTurn hands the turn's figures to the observer and to other goroutines.
func (l *Loop) endTurn() {
	m := &l.meter
	l.state.publishDepths(l)
	if !m.ran {
		return // its time goes to the next turn that runs something
	}
	if l.config.Observer != nil {
		l.observeTurn()
	}
	m.stats = TurnStats{}
	m.ran, m.idle, m.turnBegan = false, 0, l.now
}

func (l *Loop) observeTurn() {
	m := &l.meter
	m.stats.Turn = l.turn
	m.stats.Idle = time.Duration(m.idle)
	m.stats.Active = time.Duration(l.now-m.turnBegan) - m.stats.Idle
	m.stats.Microtasks = l.executed()
	m.stats.Depths = l.depths()
	l.config.Observer.TurnEnd(&m.stats)
}

func (l *Loop) depths() Depths {
	return Depths{
		Ticks: l.ticks.len(), Microtasks: l.microtasks.len(),
		Immediates: l.immediates.len(), Timers: l.timers.set,
		Mailbox: int(l.mailbox.end() - l.mailbox.head), Tasks: l.tasks.len, Operations: l.operations,
	}
}

package telemetry

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/loop"
)

// maxLongTurns is how many long turns are remembered.
const maxLongTurns = 16

const phases = len(loop.TurnStats{}.Phases)

// LoopMetrics are the metrics of a loop: it is a loop.Observer, LongTurn serves as
// loop.Config.OnLongTurn, and Watch shows it the loop itself, which is made with it.
// LoopDelay and TurnEnd are for the loop, of which there is one; any goroutine may
// call the rest.
type LoopMetrics struct {
	delay   *Histogram
	last    atomic.Int64 // delay, in ns
	windows windows
	watched atomic.Pointer[loop.Loop]

	turns, microtasks atomic.Uint64
	active, idle      atomic.Int64 // ns
	phases            [phases]phaseMetrics
	depths            [depths]atomic.Int64

	unended  atomic.Bool // a long turn was not told as ended
	mu       sync.Mutex  // of the long turns; the loop takes it at their ends, and for those who waited
	ended    turnEnd
	recent   []SeenTurn
	culprits map[Culprit]uint64 // long turns by what ran
}

// A Culprit is what ran when a turn was found to be long: a callback, in a phase.
type Culprit struct {
	Name  string
	Phase loop.Phase
}

// A SeenTurn is a long turn, and when it was seen.
type SeenTurn struct {
	loop.LongTurn
	At time.Time
	// Ended is when the turn did; zero while it has not.
	Ended time.Time
}

// A turnEnd is when a turn ended: the last one that may yet be told of as long.
type turnEnd struct {
	turn uint64
	at   time.Time
}

// leastLong is how long a turn works at least that a loop tells of; see loop.Config.LongTurn.
const leastLong = time.Millisecond

// Began is when the turn began to work.
func (t SeenTurn) Began() time.Time { return t.At.Add(-t.Age) }

// maxCulprits bounds the culprits that are told apart; the rest, of each phase, is other.
const maxCulprits = 64

type phaseMetrics struct {
	callbacks atomic.Uint64
	duration  atomic.Int64 // ns
}

// depths is how many queues a loop has; see storeDepths and queueNames.
const depths = 7

var _ loop.Observer = (*LoopMetrics)(nil)

// NewLoopMetrics makes the metrics of a loop. A registerer shows those that were made with it last: earlier ones
// are of a life of the service that is over. With a nil registerer they count, but nobody sees it.
func NewLoopMetrics(reg prometheus.Registerer) *LoopMetrics {
	m := &LoopMetrics{delay: NewHistograms(reg, "eventloop_delay_seconds", "How late timers fired.", nil).Of()}
	register(reg, newLoopCollector()).metrics.Store(m)
	register(reg, newNodeCollector()).metrics.Store(m)
	return m
}

// Watch has the age of the turn that runs collected too, which is all that a blocked
// loop can tell.
func (m *LoopMetrics) Watch(l *loop.Loop) { m.watched.Store(l) }

// LoopDelay implements loop.Observer.
func (m *LoopMetrics) LoopDelay(late time.Duration) {
	m.delay.Observe(late)
	m.last.Store(int64(late))
	m.windows.late(late)
}

// TurnEnd implements loop.Observer.
func (m *LoopMetrics) TurnEnd(s *loop.TurnStats) {
	m.turns.Add(1)
	m.microtasks.Add(s.Microtasks)
	m.active.Add(int64(s.Active))
	m.idle.Add(int64(s.Idle))
	m.windows.pass(s.Active, s.Idle)
	raise(&m.windows.current().longest, int64(s.Longest.Duration))
	for i := range s.Phases {
		if p := &s.Phases[i]; p.Callbacks > 0 {
			m.phases[i].callbacks.Add(uint64(p.Callbacks))
			m.phases[i].duration.Add(int64(p.Duration))
		}
	}
	m.storeDepths(&s.Depths)
	if s.Active >= leastLong || m.unended.Load() {
		m.endTurn(turnEnd{s.Turn, time.Now()})
	}
}

// endTurn notes that a turn has ended. It may be told of as long only then, for the watchdog has a goroutine of
// its own, and the end of the next turn may come after a long rest.
func (m *LoopMetrics) endTurn(end turnEnd) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = end
	m.endLongTurns()
}

// endLongTurns notes that long turns have ended, once a turn that is no earlier one has.
func (m *LoopMetrics) endLongTurns() {
	unended := false
	for i := range m.recent {
		switch t := &m.recent[i]; {
		case !t.Ended.IsZero():
		case t.Turn <= m.ended.turn:
			t.Ended = m.ended.at
		default:
			unended = true
		}
	}
	m.unended.Store(unended)
}

func (m *LoopMetrics) storeDepths(d *loop.Depths) {
	for i, n := range [depths]int{d.Ticks, d.Microtasks, d.Immediates, d.Timers, d.Mailbox, d.Tasks, d.Operations} {
		if q := &m.depths[i]; q.Load() != int64(n) { // a look is cheaper than a store
			q.Store(int64(n))
		}
	}
}

// queueNames returns the names of the queues in the order of storeDepths.
func queueNames() [depths]string {
	return [depths]string{"ticks", "microtasks", "immediates", "timers", "mailbox", "tasks", "operations"}
}

// LongTurn remembers a turn that works for long.
func (m *LoopMetrics) LongTurn(t loop.LongTurn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blame(Culprit{t.Name, t.Phase})
	if len(m.recent) == maxLongTurns {
		m.recent = slices.Delete(m.recent, 0, 1)
	}
	m.recent = append(m.recent, SeenTurn{LongTurn: t, At: time.Now()})
	m.unended.Store(true)
	if !m.ended.at.IsZero() {
		m.endLongTurns()
	}
}

func (m *LoopMetrics) blame(c Culprit) {
	if m.culprits == nil {
		m.culprits = map[Culprit]uint64{}
	}
	if _, known := m.culprits[c]; !known && len(m.culprits) >= maxCulprits {
		c.Name = other
	}
	m.culprits[c]++
}

// Culprits returns how many long turns there were, by what ran.
func (m *LoopMetrics) Culprits() map[Culprit]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.culprits)
}

// Recent returns the last 16 long turns, the latest last.
func (m *LoopMetrics) Recent() []SeenTurn {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.recent)
}

// Kept returns the latest long turn that worked at some time between two moments: what has kept
// those who waited for the loop then. A nil LoopMetrics knows of none.
func (m *LoopMetrics) Kept(from, to time.Time) (turn SeenTurn, any bool) {
	if m == nil {
		return SeenTurn{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range slices.Backward(m.recent) {
		if t.Began().Before(to) && (t.Ended.IsZero() || t.Ended.After(from)) {
			return t, true
		}
	}
	return SeenTurn{}, false
}

// Delay returns the median, the 99th percentile and the highest of the event loop
// delays in the last 10 to 20 s that the loop has accounted for; 0 if there are none.
// The percentiles are at most a sixteenth, or 1 µs, too high.
func (m *LoopMetrics) Delay() (p50, p99, highest time.Duration) {
	s := m.windows.spread()
	return s.p50, s.p99, s.highest
}

// lag is how late a callback would be now: as the last timer was, or as long as the turn that runs
// has been working, which is all that a blocked loop can tell.
func (m *LoopMetrics) lag() time.Duration {
	lag := time.Duration(m.last.Load())
	if l := m.watched.Load(); l != nil {
		lag = max(lag, l.State().Busy)
	}
	return lag
}

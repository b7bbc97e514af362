package fault

import (
	"time"

	"brownout/internal/loop"
)

// timerBatch is how many timers are set in a turn, so that setting them is no block.
const timerBatch = 10_000

// loopTimerStorm is what a timer for every one of too many things is: each phase of
// timers is long, and the next is due when it ends.
func loopTimerStorm(h Host) Kind {
	return Kind{
		Name:    "loop.timer-storm",
		Summary: "Floods the event loop with timers that are set again and again: all else waits for them in every turn.",
		Missing: missing(h.Loop != nil, "loop"),
		Params: []Param{
			{Name: "timers", Help: "how many there are", Type: Int, Default: "100000", Min: "1", Max: "1000000"},
			{Name: "every", Help: "when each is due again", Type: Duration, Default: "1ms", Min: "1ms", Max: "10s"},
		},
		Start: func(i *Injection) error {
			s := &timerStorm{injection: i, loop: h.Loop, missing: i.Int("timers"), every: i.Duration("every")}
			s.next = s.fire
			return post(s.loop, i.spec.Fault, i.done, s.grow)
		},
	}
}

// A timerStorm belongs to its loop.
type timerStorm struct {
	injection *Injection
	loop      *loop.Loop
	missing   int // timers yet to be set
	every     time.Duration
	next      func() // fire, bound once
}

// grow sets some of the timers, and has the rest set in turns to come.
func (s *timerStorm) grow() {
	if s.injection.spent() {
		return
	}
	n := min(s.missing, timerBatch)
	s.missing -= n
	for range n {
		s.set()
	}
	if s.missing > 0 {
		s.loop.SetImmediate(s.injection.spec.Fault, s.grow)
	}
}

func (s *timerStorm) set() { s.loop.SetTimeout(s.injection.spec.Fault, s.every, s.next) }

// fire is what a timer does, hit or not: be set again.
func (s *timerStorm) fire() {
	if i := s.injection; i.Hits() || !i.spent() {
		s.set()
	}
}

package drill

import (
	"time"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// A seconds tells, once a second, how the load goes, for people who watch: how many requests came
// due, which the schedule says also of those that nobody answers, and how many good answers came.
type seconds struct {
	tell     func(Event)
	patience evidence.Patience
	began    time.Time
	due      loadgen.Pacer
	next     int64 // the first request that was not told as due
	good     int   // answers since the last tick
}

func newSeconds(tell func(Event), p evidence.Patience, began time.Time, due loadgen.Pacer) *seconds {
	return &seconds{tell: tell, patience: p, began: began, due: due}
}

// add counts a sample.
func (s *seconds) add(sample *evidence.Sample) {
	if sample.Outcome == evidence.Acknowledged && sample.Latency <= s.patience.Of(sample.Route) {
		s.good++
	}
}

// tick tells what was since the last one. Behind the end of the schedule, it tells only of answers.
func (s *seconds) tick(now time.Time) {
	first := s.next
	for {
		if offset, ok := s.due.At(s.next); !ok || offset > now.Sub(s.began) {
			break
		}
		s.next++
	}
	if due := s.next - first; due > 0 || s.good > 0 {
		s.tell(Event{Kind: Second, Due: due, Good: s.good})
	}
	s.good = 0
}

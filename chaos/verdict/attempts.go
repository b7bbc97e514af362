package verdict

import (
	"errors"
	"math"

	"brownout/chaos/evidence"
)

// asked is how many requests were scheduled over a span, and how many attempts came of them.
type asked struct {
	requests, attempts float64
	seconds            float64
	mixed              bool // the attempts are those of some of the requests, by chance
}

// attempts counts those of a check over a span.
func attempts(a *evidence.Arm, c *Check, span evidence.Span) (asked, error) {
	rise, err := query(a, &Check{Query: c.Query, Reduce: Rise}, span)
	if err != nil {
		return asked{}, err
	}
	n := total(a, c.Routes, span).scheduled
	if n == 0 {
		return asked{}, errors.New("no request was scheduled")
	}
	return asked{float64(n), rise, (span.To - span.From).Seconds(), len(c.Routes) == 0}, nil
}

// each is the attempts for each request.
func (s asked) each() float64 { return s.attempts / s.requests }

// deviations is beyond how many standard deviations of a normal distribution Chance lies.
const deviations = 3.09

// mostDoubt is which share of a baseline's attempts for each request chance may explain. Beyond it
// nearly any amplification would be called kept.
const mostDoubt = 0.5

// doubtful says whether chance decides how many attempts those of a baseline are.
func (s asked) doubtful() bool { return deviations*s.deviation() > mostDoubt*s.each() }

// tooMany says whether more attempts came for each request, in multiples of a baseline's, than are
// allowed, and more than chance makes of so many.
func (s asked) tooMany(baseline asked, allowed float64) bool {
	excess := s.each() - allowed*baseline.each()
	return excess > deviations*math.Hypot(s.deviation(), allowed*baseline.deviation())
}

// deviation is the standard deviation of each. A counter is up to lag old, so the attempts of as
// long are on the wrong side of either end; how many that are is left to chance, and so is how
// many of mixed requests lead to attempts. Those of one request come together.
func (s asked) deviation() float64 {
	share := 2 * lag.Seconds() / s.seconds
	if s.mixed {
		share++
	}
	return math.Sqrt(share*s.attempts*max(s.each(), 1)) / s.requests
}

package bench

import "fmt"

// A Shortfall is what a macro has no figures of, since shops did not keep up with their load: a request that is refused costs and takes
// something else than one that is acknowledged.
type Shortfall struct {
	Macro string // its name in results
	// Old, New and Both are in how many sessions the old build's shop fell behind, the new one's, or both. One that was compared
	// with none is new.
	Old, New, Both int
	// GivenUp says that these were so many that there are not enough others.
	GivenUp bool
	last    *lag
}

// add adds a session, of which there may be so many until all are given up.
func (s *Shortfall) add(l *lag, most int) {
	newest := len(l.behind) - 1
	switch {
	case l.behind[newest] == nil:
		s.Old++
	case newest > 0 && l.behind[0] != nil:
		s.Both++
	default:
		s.New++
	}
	s.last = l
	s.GivenUp = s.Old+s.New+s.Both > most
}

// Regression says whether the macro was given up for the new build alone: of builds that are alike, that is so once in 32 times that one
// is given up, or less often, since what holds one shop up holds up both.
func (s *Shortfall) Regression() bool { return s.GivenUp && s.Old+s.Both == 0 }

// String tells it.
func (s *Shortfall) String() string {
	what := "begun again"
	if s.GivenUp {
		what = "without figures, so it was given up"
	}
	return fmt.Sprintf("%s: %d sessions %s, as shops did not keep up: the old build's alone in %d, the new one's alone in %d, both in %d. The last: %v", s.Macro, s.Old+s.New+s.Both, what, s.Old, s.New, s.Both, s.last)
}

// fewestLags is how many sessions of a macro may be without figures, whatever time it has: one more, and it is not by chance that it was
// always the same build's shop.
const fewestLags = 4

// mostLags is how many sessions may be without figures. Were there more, those that have figures would be a choice of them.
func (m macro) mostLags() int { return max(fewestLags, m.sessions()/4) }

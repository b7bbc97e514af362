package bench

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// A Shortfall is what a macro has no figures of, since shops fell behind their load: a request that is refused costs and takes
// something else than one that is acknowledged.
type Shortfall struct {
	Macro string // its name in results
	// Old, New and Both are in how many sessions the old build's shop fell behind, the new one's, or both. One that was compared
	// with none is new.
	Old, New, Both int
	// Most is how many of them there may be. If there are more, the macro was given up.
	Most int
	// Why says how a shop fell behind, the last one.
	Why string
}

// GivenUp says whether there were so many that the others would be a choice.
func (s *Shortfall) GivenUp() bool { return s.Old+s.New+s.Both > s.Most }

// Regression says whether the macro was given up for the new build alone: of builds that are alike, that is so once in 32 times that one
// is given up, or less often, since what holds one shop up holds up both.
func (s *Shortfall) Regression() bool { return s.GivenUp() && s.Old+s.Both == 0 }

// String tells it.
func (s *Shortfall) String() string {
	var who []string
	for _, side := range []struct {
		name string
		n    int
	}{{"old build's", s.Old}, {"new build's", s.New}, {"shops of both builds", s.Both}} {
		if side.n > 0 {
			who = append(who, fmt.Sprintf("the %s in %d", side.name, side.n))
		}
	}
	what := "which were begun again"
	if s.GivenUp() {
		what = "so it was given up"
	}
	return fmt.Sprintf("%s: no figures of %d sessions, %s; a shop fell behind: %s; the last: %s", title(macroPackage, s.Macro), s.Old+s.New+s.Both, what, strings.Join(who, ", "), s.Why)
}

// fewestLags is how many sessions of a macro may be without figures, whatever time it has: one more, and it is not by chance that it was
// always the same build's shop.
const fewestLags = 4

// mostLags is how many sessions may be without figures. Were there more, those that have figures would be a choice of them.
func (m macro) mostLags() int { return max(fewestLags, m.sessions()/4) }

// behind follows the name of a macro in results of sessions without figures.
const behind = "/behind"

// A lag says that shops fell behind, so that there are no figures of a session.
type lag struct{ shops []error } // by build; nil for one that did not

// Error implements error.
func (l *lag) Error() string { return errors.Join(l.shops...).Error() }

// figures are what results have of a lag.
func (l *lag) figures(m macro) []figure {
	all := make([]figure, len(l.shops))
	for i, err := range l.shops {
		f := figure{pkg: macroPackage, name: m.fullName(len(l.shops)) + behind, threshold: m.threshold, iterations: 1}
		fell := 0.0
		if err != nil {
			fell, f.why = 1, err.Error()
		}
		f.values = []benchfmt.Value{{Value: fell, Unit: unitBehind}, {Value: float64(m.mostLags()), Unit: unitMost}}
		all[i] = f
	}
	return all
}

// shortfalls are those of the two sides of a run; was is nil if it has one.
func shortfalls(was, is *Results) []Shortfall {
	var all []Shortfall
	for _, s := range is.all {
		newer := s.values[unitBehind]
		if !s.lags() || len(newer) == 0 {
			continue
		}
		short := Shortfall{Macro: strings.TrimSuffix(s.name, behind), Why: s.why}
		older := make([]float64, len(newer))
		if was != nil {
			if before := was.find(s.pkg, s.name); before != nil {
				copy(older, before.values[unitBehind])
				short.Why = cmp.Or(short.Why, before.why)
			}
		}
		for i := range newer {
			short.add(older[i] > 0, newer[i] > 0)
		}
		if most := s.values[unitMost]; len(most) > 0 {
			short.Most = int(most[0])
		}
		all = append(all, short)
	}
	return all
}

// lags says whether a series is of sessions without figures.
func (s *series) lags() bool { return s.pkg == macroPackage && strings.HasSuffix(s.name, behind) }

// add adds a session in which shops fell behind.
func (s *Shortfall) add(older, newer bool) {
	switch {
	case older && newer:
		s.Both++
	case older:
		s.Old++
	case newer:
		s.New++
	}
}

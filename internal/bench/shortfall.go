package bench

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// A Shortfall is what a macro has no figures of, since shops fell behind their load: a request that is refused costs and takes
// something else than one that is acknowledged.
type Shortfall struct {
	Macro string // its name in results
	// Sessions are those without figures. Of two builds that were measured side by side, Old, New and Both are in how many the old
	// build's shop fell behind, the new one's, or both.
	Sessions, Old, New, Both int
	// Most is how many of them there may be. If there are more, the macro was given up.
	Most int
	// Unfinished says that there are no others.
	Unfinished bool
	// Why says how a shop fell behind, the last one.
	Why string
}

// GivenUp says whether there were so many that the others would be a choice.
func (s *Shortfall) GivenUp() bool { return s.Sessions > s.Most }

// Regression says whether the macro was given up for the new build: whether its shop fell behind alone so much more often than the old one's
// that it would be so once in 32 times by chance, or less.
func (s *Shortfall) Regression() bool { return s.GivenUp() && tail(s.New, s.Old) <= 1./32 }

// tail is the probability of n heads or more, of n + others tosses of a coin.
func tail(n, others int) float64 {
	all := n + others
	ways, sum := 1., 0. // to have k heads
	for k := range all + 1 {
		if k >= n {
			sum += ways
		}
		ways *= float64(all-k) / float64(k+1)
	}
	for range all {
		sum /= 2
	}
	return sum
}

// String tells it.
func (s *Shortfall) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: no figures of %d", title(macroPackage, s.Macro), s.Sessions)
	b.WriteString(map[bool]string{true: " session", false: " sessions"}[s.Sessions == 1])
	switch {
	case s.Regression():
		b.WriteString(", for the new build's shop fell behind")
	case s.GivenUp():
		b.WriteString(", so it was given up, for a shop fell behind")
	default:
		b.WriteString(", which had to be begun again, for a shop fell behind")
	}
	if s.Old+s.New+s.Both > 0 {
		fmt.Fprintf(&b, " (the old build's alone in %d, the new one's alone in %d, both in %d)", s.Old, s.New, s.Both)
	}
	if s.Why != "" {
		b.WriteString("; the last: " + s.Why)
	}
	return b.String()
}

// fewestLags is how many sessions of a macro may be without figures, whatever time it has: one more, and it is not by chance that it was
// always the same build's shop.
const fewestLags = 4

// mostLags is how many sessions may be without figures. Were there more, those that have figures would be a choice of them.
func (m macro) mostLags() int { return max(fewestLags, m.sessions()/4) }

// behind follows the name of a macro in results of sessions without figures.
const behind = "/behind"

// lags says whether a series is of sessions without figures.
func (s *series) lags() bool { return s.pkg == macroPackage && strings.HasSuffix(s.name, behind) }

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

// Shortfalls are those that a file tells of.
func (r *Results) Shortfalls() []Shortfall {
	var all []Shortfall
	for _, s := range r.all {
		if fell := s.values[unitBehind]; s.lags() && len(fell) > 0 {
			name := strings.TrimSuffix(s.name, behind)
			short := Shortfall{Macro: name, Sessions: len(fell), Unfinished: r.find(s.pkg, name) == nil, Why: s.why}
			if most := s.values[unitMost]; len(most) > 0 {
				short.Most = int(most[0])
			}
			all = append(all, short)
		}
	}
	return all
}

// shortfalls are those of the two sides of a run.
func shortfalls(was, is *Results) []Shortfall {
	all := is.Shortfalls()
	for i := range all {
		name := all[i].Macro + behind
		newer := is.find(macroPackage, name).values[unitBehind]
		before := was.find(macroPackage, name)
		if before == nil {
			continue // it is another file that was named like that
		}
		for j, older := range before.values[unitBehind] {
			if j < len(newer) {
				all[i].add(older > 0, newer[j] > 0)
			}
		}
		if newer[len(newer)-1] == 0 {
			all[i].Why = before.why
		}
	}
	return all
}

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

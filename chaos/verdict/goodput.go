package verdict

import (
	"slices"
	"time"

	"brownout/chaos/evidence"
)

// A stretch is one or more windows that follow each other, folded.
type stretch struct {
	evidence.Span
	scheduled, good int64
}

func (s stretch) share() float64 {
	if s.scheduled == 0 {
		return 1 // nobody was let down
	}
	return float64(s.good) / float64(s.scheduled)
}

// second folds one window's routes; none means all.
func second(w *evidence.Window, routes []string) stretch {
	s := stretch{Span: evidence.Span{From: w.Start, To: w.Start + evidence.WindowLength}}
	for name, t := range w.Routes {
		if len(routes) == 0 || slices.Contains(routes, name) {
			s.scheduled += t.Scheduled
			s.good += t.Good
		}
	}
	return s
}

// total folds the windows that begin within a span.
func total(a *evidence.Arm, routes []string, span evidence.Span) (sum stretch) {
	sum.Span = span
	for i := range a.Windows {
		if w := &a.Windows[i]; span.Holds(w.Start) {
			s := second(w, routes)
			sum.scheduled += s.scheduled
			sum.good += s.good
		}
	}
	return sum
}

// stretches folds the windows of a span into stretches of at least minWindow requests. What is
// left over at the end belongs to the last one.
func stretches(a *evidence.Arm, routes []string, span evidence.Span) (all []stretch) {
	var open stretch
	for i := range a.Windows {
		w := &a.Windows[i]
		if !span.Holds(w.Start) {
			continue
		}
		s := second(w, routes)
		if open.scheduled == 0 {
			open.From = s.From
		}
		open.To, open.scheduled, open.good = s.To, open.scheduled+s.scheduled, open.good+s.good
		if open.scheduled >= minWindow {
			all = append(all, open)
			open = stretch{}
		}
	}
	if open.scheduled == 0 {
		return all
	}
	if len(all) == 0 {
		return []stretch{open}
	}
	last := &all[len(all)-1]
	last.To, last.scheduled, last.good = open.To, last.scheduled+open.scheduled, last.good+open.good
	return all
}

// holdsFor is how long goodput must hold for the shop to have recovered, and recovered is
// the share of the baseline's that it must hold.
const (
	holdsFor  = 3 * time.Second
	recovered = 0.95
)

// recovery returns how long after a time goodput held again, and whether it did before the
// load ended: for holdsFor, or as much longer as it takes to see minWindow requests.
func recovery(a *evidence.Arm, routes []string, since time.Duration, baseline float64) (time.Duration, bool) {
	for i := range a.Windows {
		from := a.Windows[i].Start
		if from < since {
			continue
		}
		span, ok := enough(a, routes, from)
		if !ok {
			return 0, false
		}
		if holds(a, routes, span, recovered*baseline) {
			return from - since, true
		}
	}
	return 0, false
}

// enough returns the shortest span from a time on that is long enough to be judged, and whether
// the load is as long.
func enough(a *evidence.Arm, routes []string, from time.Duration) (evidence.Span, bool) {
	for to := from + holdsFor; to <= a.Length.To; to += evidence.WindowLength {
		span := evidence.Span{From: from, To: to}
		if total(a, routes, span).scheduled >= minWindow {
			return span, true
		}
	}
	return evidence.Span{}, false
}

// holds says whether each second of a span is as good as promised, and all of them together.
func holds(a *evidence.Arm, routes []string, span evidence.Span, p float64) bool {
	for i := range a.Windows {
		if w := &a.Windows[i]; span.Holds(w.Start) {
			if s := second(w, routes); tooFew(s.good, s.scheduled, p) {
				return false
			}
		}
	}
	sum := total(a, routes, span)
	return !tooFew(sum.good, sum.scheduled, p)
}

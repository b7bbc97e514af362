package report

import (
	"maps"
	"math"
	"slices"
	"time"

	"brownout/chaos/evidence"
)

// A measure makes a figure of what came of requests within a time; it has none if nothing came.
type measure func(t *evidence.Tally, over time.Duration) (value float64, ok bool)

func rate(of func(*evidence.Tally) int64) measure {
	return func(t *evidence.Tally, over time.Duration) (float64, bool) {
		return float64(of(t)) / over.Seconds(), over > 0
	}
}

func quantile(q float64) measure {
	return func(t *evidence.Tally, _ time.Duration) (float64, bool) {
		return t.Latency.Quantile(q).Seconds(), t.Latency.Count() > 0
	}
}

func perRequest(of func(*evidence.Tally) int64) measure {
	return func(t *evidence.Tally, _ time.Duration) (float64, bool) {
		return float64(of(t)) / float64(max(t.Scheduled, 1)), t.Scheduled > 0
	}
}

func good(t *evidence.Tally) int64      { return t.Good }
func scheduled(t *evidence.Tally) int64 { return t.Scheduled }
func refused(t *evidence.Tally) int64   { return t.Refused }
func attempts(t *evidence.Tally) int64  { return t.Attempts }

// journalCharts are those over what clients saw.
func (r *Report) journalCharts() []chart {
	byRoute := []struct {
		chart
		measure
	}{
		{chart{Title: "Goodput by route", Unit: "share"}, perRequest(good)},
		{chart{Title: "Latency by route, median", Unit: "seconds", Log: true}, quantile(0.5)},
		{chart{Title: "Latency by route, p99", Unit: "seconds", Log: true}, quantile(0.99)},
	}
	all := []chart{r.ratesChart()}
	for _, b := range byRoute {
		c := b.chart
		for _, a := range r.arms() {
			j := newJournal(a)
			for _, route := range j.routes() {
				c.add(a.Name, clean(route, maxName), j.track(b.measure, route))
			}
		}
		c.trim()
		all = append(all, c)
	}
	return append(all, r.attemptsChart())
}

// ratesChart holds what came against what of it was served.
func (r *Report) ratesChart() chart {
	c := chart{Title: "Requests: offered, good, refused", Unit: "a second"}
	for _, a := range r.arms() {
		j := newJournal(a)
		c.add(a.Name, "offered", j.track(rate(scheduled)))
		c.add(a.Name, "good", j.track(rate(good)))
		c.add(a.Name, "refused attempts", j.track(rate(refused)))
	}
	return c
}

// attemptsChart shows amplification: what clients sent for each request, and what came of it
// where the drill counts.
func (r *Report) attemptsChart() chart {
	c := chart{Title: "Attempts for each request"}
	for _, a := range r.arms() {
		j := newJournal(a)
		c.add(a.Name, "sent by clients", j.track(perRequest(attempts)))
		if query := r.counted(); query != "" {
			c.add(a.Name, "where they are counted", j.amplified(a.Queries[query]))
		}
	}
	return c
}

// A journal is the windows of an arm in groups: so few that a line of them can be drawn.
type journal struct {
	arm    *evidence.Arm
	groups []group
}

// A group is one or more windows that follow each other.
type group struct {
	evidence.Span
	windows []evidence.Window
}

func newJournal(a *evidence.Arm) *journal {
	j := &journal{arm: a}
	for part := range slices.Chunk(a.Windows, max((len(a.Windows)+maxPoints-1)/maxPoints, 1)) {
		span := evidence.Span{From: part[0].Start, To: min(part[len(part)-1].Start+evidence.WindowLength, a.Length.To)}
		if span.To-span.From >= evidence.WindowLength/2 { // less says little, and looks like much
			j.groups = append(j.groups, group{span, part})
		}
	}
	return j
}

// routes are those of all windows.
func (j *journal) routes() []string {
	seen := map[string]bool{}
	for i := range j.arm.Windows {
		for name := range j.arm.Windows[i].Routes {
			seen[name] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// sum folds the routes of windows that begin within a span; no routes means all.
func sum(windows []evidence.Window, span evidence.Span, routes []string) *evidence.Tally {
	var t evidence.Tally
	for i := range windows {
		if !span.Holds(windows[i].Start) {
			continue
		}
		for name, of := range windows[i].Routes {
			if len(routes) == 0 || slices.Contains(routes, name) {
				t.Merge(of)
			}
		}
	}
	return &t
}

// track follows a measure over the arm.
func (j *journal) track(m measure, routes ...string) track {
	return j.follow(func(windows []evidence.Window, span evidence.Span) (float64, bool) {
		return m(sum(windows, span, routes), span.To-span.From)
	})
}

// amplified follows how much a counter rises for each request.
func (j *journal) amplified(counters []evidence.Graph) track {
	if len(counters) == 0 {
		return track{}
	}
	steps := rises(counters)
	return j.follow(func(windows []evidence.Window, span evidence.Span) (float64, bool) {
		n := sum(windows, span, nil).Scheduled
		return risen(steps, span) / float64(max(n, 1)), n > 0
	})
}

// follow makes a track of what can be told of windows within a span.
func (j *journal) follow(tell func([]evidence.Window, evidence.Span) (float64, bool)) track {
	var t track
	for _, g := range j.groups {
		if v, ok := tell(g.windows, g.Span); ok {
			t.Points = append(t.Points, evidence.Point{At: (g.From + g.To) / 2, Value: v})
		}
	}
	for i, span := range spans(j.arm) {
		t.Spans[i] = math.NaN()
		if v, ok := tell(j.arm.Windows, span); ok {
			t.Spans[i] = v
		}
	}
	return t
}

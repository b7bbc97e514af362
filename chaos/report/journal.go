package report

import (
	"maps"
	"math"
	"slices"
	"time"

	"brownout/chaos/evidence"
	"brownout/internal/chart"
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

// journalGraphs are those over what clients saw.
func (r *Report) journalGraphs() []graph {
	var all []*journal
	for _, a := range r.arms() {
		all = append(all, newJournal(a))
	}
	return []graph{
		ratesGraph(all),
		routesGraph(graph{Title: "Goodput by route", Unit: chart.Share}, all, perRequest(good)),
		routesGraph(graph{Title: "Latency by route, median", Unit: chart.Seconds, Log: true}, all, quantile(0.5)),
		routesGraph(graph{Title: "Latency by route, p99", Unit: chart.Seconds, Log: true}, all, quantile(0.99)),
		r.attemptsGraph(all),
	}
}

// ratesGraph holds what came against what of it was served.
func ratesGraph(journals []*journal) graph {
	g := graph{Title: "Requests: offered, good, refused", Unit: chart.PerSecond}
	for _, j := range journals {
		g.add(j.arm.Name, "offered", j.track(rate(scheduled)))
		g.add(j.arm.Name, "good", j.track(rate(good)))
		g.add(j.arm.Name, "refused attempts", j.track(rate(refused)))
	}
	return g
}

// routesGraph has a line for each route.
func routesGraph(g graph, journals []*journal, m measure) graph {
	for _, j := range journals {
		for _, route := range j.routes() {
			g.add(j.arm.Name, clean(route, maxName), j.track(m, route))
		}
	}
	return g
}

// attemptsGraph shows amplification: what clients sent for each request, and what came of it
// where the drill counts.
func (r *Report) attemptsGraph(journals []*journal) graph {
	g := graph{Title: "Attempts for each request"}
	for _, j := range journals {
		g.add(j.arm.Name, "sent by clients", j.track(perRequest(attempts)))
		if query := r.counted(); query != "" {
			g.add(j.arm.Name, "where they are counted", j.amplified(j.arm.Queries[query]))
		}
	}
	return g
}

// A journal is the windows of an arm, folded into so few groups that a line of them can be drawn.
type journal struct {
	arm    *evidence.Arm
	groups []group
	spans  [3]group // those of track.Spans
}

// A group is one or more windows that follow each other.
type group struct {
	evidence.Span
	routes map[string]*evidence.Tally
}

func newJournal(a *evidence.Arm) *journal {
	j := &journal{arm: a}
	for part := range slices.Chunk(a.Windows, max((len(a.Windows)+chart.MaxPoints-1)/chart.MaxPoints, 1)) {
		span := evidence.Span{From: part[0].Start, To: min(part[len(part)-1].Start+evidence.WindowLength, a.Length.To)}
		if span.To-span.From >= evidence.WindowLength/2 { // less says little, and looks like much
			j.groups = append(j.groups, fold(part, span))
		}
	}
	for i, span := range spans(a) {
		j.spans[i] = fold(a.Windows, span)
	}
	return j
}

// fold makes one group of the windows that begin within a span.
func fold(windows []evidence.Window, span evidence.Span) group {
	g := group{span, map[string]*evidence.Tally{}}
	for i := range windows {
		if !span.Holds(windows[i].Start) {
			continue
		}
		for name, of := range windows[i].Routes {
			if g.routes[name] == nil {
				g.routes[name] = &evidence.Tally{}
			}
			g.routes[name].Merge(of)
		}
	}
	return g
}

// sum adds up some routes; none means all.
func (g *group) sum(routes []string) *evidence.Tally {
	var t evidence.Tally
	if len(routes) == 0 {
		routes = slices.Collect(maps.Keys(g.routes))
	}
	for _, name := range routes {
		if of := g.routes[name]; of != nil {
			t.Merge(of)
		}
	}
	return &t
}

// routes are those of all groups.
func (j *journal) routes() []string {
	seen := map[string]bool{}
	for i := range j.groups {
		for name := range j.groups[i].routes {
			seen[name] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// track follows a measure over the arm.
func (j *journal) track(m measure, routes ...string) track {
	return j.follow(func(g *group) (float64, bool) { return m(g.sum(routes), g.To-g.From) })
}

// amplified follows how much a counter rises for each request.
func (j *journal) amplified(counters []evidence.Graph) track {
	if len(counters) == 0 {
		return track{}
	}
	steps := rises(counters)
	return j.follow(func(g *group) (float64, bool) {
		n := g.sum(nil).Scheduled
		return risen(steps, g.Span) / float64(max(n, 1)), n > 0
	})
}

// follow makes a track of what can be told of each group.
func (j *journal) follow(tell func(*group) (float64, bool)) track {
	var t track
	for i := range j.groups {
		g := &j.groups[i]
		if v, ok := tell(g); ok {
			t.Points = append(t.Points, chart.Point{At: (g.From + g.To) / 2, Value: v})
		}
	}
	for i := range j.spans {
		t.Spans[i] = math.NaN()
		if v, ok := tell(&j.spans[i]); ok {
			t.Spans[i] = v
		}
	}
	return t
}

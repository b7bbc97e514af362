package report

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
	"brownout/internal/chart"
)

// maxSeries bounds the series of an expression that are looked at.
const maxSeries = 256

// panelGraphs are those of the panels.
func (r *Report) panelGraphs() []graph {
	var all []graph
	for _, p := range r.Panels[:min(len(r.Panels), maxGraphs)] {
		all = append(all, r.metricGraph(p))
	}
	return all
}

// checkGraphs are those of what the checks ask of metrics, as far as no panel shows it.
func (r *Report) checkGraphs() []graph {
	var all []graph
	asked := map[string]bool{}
	for _, p := range r.Panels {
		asked[p.Query] = true
	}
	for _, c := range slices.Concat(r.Checks.Signature, r.Checks.Promises) {
		if c.Measure != verdict.Query || asked[c.Query] || len(all) == maxGraphs {
			continue
		}
		asked[c.Query] = true
		all = append(all, r.metricGraph(Panel{Title: "Check: " + clean(c.Name, maxName), Query: c.Query}))
	}
	return all
}

// counted is the expression that counts attempts; "" if none is asked.
func (r *Report) counted() string {
	for _, c := range r.Checks.Promises {
		if c.Measure == verdict.Attempts {
			return c.Query
		}
	}
	return ""
}

func (r *Report) metricGraph(p Panel) graph {
	g := graph{Title: clean(p.Title, maxName), Unit: chart.Unit(clean(p.Unit, maxName))}
	for _, a := range r.arms() {
		series := a.Queries[p.Query]
		series = series[:min(len(series), maxSeries)]
		names := lineNames(series, p.By)
		for i, s := range series {
			g.add(a.Name, names[i], seriesTrack(a, s))
		}
	}
	slices.SortFunc(g.Lines, func(x, y line) int { return strings.Compare(x.Name, y.Name) })
	return g
}

// lineNames names each series by a label, or by all that it has where that is not enough.
func lineNames(series []evidence.Graph, by string) []string {
	names := make([]string, len(series))
	count := map[string]int{}
	for i, g := range series {
		names[i] = g.Labels[by]
		count[names[i]]++
	}
	for i, g := range series {
		if names[i] == "" || count[names[i]] > 1 {
			names[i] = cmp.Or(labels(g.Labels), names[i], "all")
		}
		names[i] = clean(names[i], maxName)
	}
	return names
}

func labels(all map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if name != "__name__" && name != "instance" {
			parts = append(parts, name+"="+all[name])
		}
	}
	return strings.Join(parts, " ")
}

// seriesTrack takes over the points within the arm that have a value.
func seriesTrack(a *evidence.Arm, g evidence.Graph) track {
	var t track
	for _, p := range g.Points {
		if finite(p.Value) && p.At >= 0 && p.At <= a.Length.To {
			t.Points = append(t.Points, chart.Point(p))
		}
	}
	slices.SortStableFunc(t.Points, func(x, y chart.Point) int { return cmp.Compare(x.At, y.At) })
	for i, span := range spans(a) {
		t.Spans[i] = mean(t.Points, span)
	}
	return t
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// mean is that of the points within a span, NaN if there is none.
func mean(points []chart.Point, span evidence.Span) float64 {
	sum, n := 0.0, 0
	for _, p := range points {
		if span.Holds(p.At) {
			sum, n = sum+p.Value, n+1
		}
	}
	return sum / float64(n)
}

// rises are the steps upwards of counters, at the times when they were seen. A fall is a counter
// that began anew.
func rises(counters []evidence.Graph) []evidence.Point {
	var steps []evidence.Point
	for _, g := range counters {
		for i := 1; i < len(g.Points); i++ {
			step := g.Points[i].Value - g.Points[i-1].Value
			if step < 0 {
				step = g.Points[i].Value
			}
			if finite(step) {
				steps = append(steps, evidence.Point{At: g.Points[i].At, Value: step})
			}
		}
	}
	slices.SortStableFunc(steps, func(x, y evidence.Point) int { return cmp.Compare(x.At, y.At) })
	return steps
}

// risen adds up the steps that were seen within a span, its end included.
func risen(steps []evidence.Point, span evidence.Span) float64 {
	first, _ := slices.BinarySearchFunc(steps, span.From+1, func(p evidence.Point, at time.Duration) int { return cmp.Compare(p.At, at) })
	total := 0.0
	for _, p := range steps[first:] {
		if p.At > span.To {
			break
		}
		total += p.Value
	}
	return total
}

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
)

// maxGraphs bounds the series of an expression that are looked at.
const maxGraphs = 256

// panelCharts are those of the panels.
func (r *Report) panelCharts() []chart {
	var all []chart
	for _, p := range r.Panels[:min(len(r.Panels), maxCharts)] {
		all = append(all, r.metricChart(p))
	}
	return all
}

// checkCharts are those of what the checks ask of metrics, as far as no panel shows it.
func (r *Report) checkCharts() []chart {
	var all []chart
	asked := map[string]bool{}
	for _, p := range r.Panels {
		asked[p.Query] = true
	}
	for _, c := range slices.Concat(r.Checks.Signature, r.Checks.Promises) {
		if c.Measure != verdict.Query || asked[c.Query] || len(all) == maxCharts {
			continue
		}
		asked[c.Query] = true
		all = append(all, r.metricChart(Panel{Title: "Check: " + clean(c.Name, maxName), Query: c.Query}))
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

func (r *Report) metricChart(p Panel) chart {
	c := chart{Title: clean(p.Title, maxName), Unit: clean(p.Unit, maxName)}
	for _, a := range r.arms() {
		graphs := a.Queries[p.Query]
		graphs = graphs[:min(len(graphs), maxGraphs)]
		names := lineNames(graphs, p.By)
		for i, g := range graphs {
			c.add(a.Name, names[i], graphTrack(a, g))
		}
	}
	slices.SortFunc(c.Lines, func(x, y line) int { return strings.Compare(x.Name, y.Name) })
	c.trim()
	return c
}

// lineNames names each graph by a label, or by all that it has where that is not enough.
func lineNames(graphs []evidence.Graph, by string) []string {
	names := make([]string, len(graphs))
	count := map[string]int{}
	for i, g := range graphs {
		names[i] = g.Labels[by]
		count[names[i]]++
	}
	for i, g := range graphs {
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

// graphTrack takes over the points within the arm that have a value.
func graphTrack(a *evidence.Arm, g evidence.Graph) track {
	var t track
	for _, p := range g.Points {
		if finite(p.Value) && p.At >= 0 && p.At <= a.Length.To {
			t.Points = append(t.Points, p)
		}
	}
	slices.SortStableFunc(t.Points, func(x, y evidence.Point) int { return cmp.Compare(x.At, y.At) })
	for i, span := range spans(a) {
		t.Spans[i] = mean(t.Points, span)
	}
	return t
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// mean is that of the points within a span, NaN if there is none.
func mean(points []evidence.Point, span evidence.Span) float64 {
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

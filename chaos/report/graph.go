package report

import (
	"fmt"
	"slices"
	"time"

	"brownout/chaos/evidence"
	"brownout/internal/chart"
)

// A graph is one measure over time, in both arms.
type graph struct {
	Title string
	Unit  chart.Unit
	Log   bool // a logarithmic scale is asked for, where values are far apart
	Lines []line
}

// A line is one of a graph's, in each arm that has it.
type line struct {
	Name string
	Arms map[string]track
}

// A track is what a line does in an arm.
type track struct {
	Points []chart.Point // by time
	// Spans has the value over the baseline, while faults were active, and afterwards; NaN
	// where there is none.
	Spans [3]float64
}

// spanNames are those of track.Spans.
var spanNames = [3]string{"baseline", "trigger", "after"}

// What a report has at most.
const (
	maxGraphs = 32
	maxShades = 32 // faults of an arm that are shaded
)

// spans are the stretches of an arm for which tables have figures.
func spans(a *evidence.Arm) [3]evidence.Span {
	end, any := a.LastFault()
	if !any {
		return [3]evidence.Span{a.Baseline}
	}
	begin := end
	for _, f := range a.Faults {
		begin = min(begin, f.Active.From)
	}
	return [3]evidence.Span{a.Baseline, {From: begin, To: end}, {From: end, To: a.Length.To}}
}

// graphs are all of a report: of the journal, then of metrics. Those that have no point are left
// out, and their titles returned as empty.
func (r *Report) graphs() (shown []graph, empty []string) {
	all := slices.Concat(r.journalGraphs(), r.panelGraphs(), r.checkGraphs())
	for _, g := range all {
		switch {
		case !g.any():
			empty = append(empty, g.Title)
		case len(shown) < maxGraphs:
			shown = append(shown, g)
		}
	}
	return shown, empty
}

func (g *graph) any() bool {
	return slices.ContainsFunc(g.Lines, func(l line) bool {
		for _, t := range l.Arms {
			if len(t.Points) > 0 {
				return true
			}
		}
		return false
	})
}

// add puts a track into the line of a name.
func (g *graph) add(arm, name string, t track) {
	i := slices.IndexFunc(g.Lines, func(l line) bool { return l.Name == name })
	if i < 0 {
		i = len(g.Lines)
		g.Lines = append(g.Lines, line{Name: name, Arms: map[string]track{}})
	}
	g.Lines[i].Arms[arm] = t
}

// figure is the graph as a page shows it: the arms above each other, from the beginning of the load
// to the end of the longest.
func (r *Report) figure(g *graph, id string, alarms []alarm) chart.Figure {
	f := chart.Figure{ID: id, Title: g.Title}
	for _, a := range r.arms() {
		f.Charts = append(f.Charts, r.chart(g, a, marks(alarms, a.Name)))
	}
	return f
}

func (r *Report) chart(g *graph, a *evidence.Arm, marks []chart.Mark) chart.Chart {
	c := chart.Chart{
		Title: fmt.Sprintf("%s, %s arm", g.Title, a.Name), Name: a.Name, Unit: g.Unit, Log: g.Log,
		To: r.longest(), Shades: shades(a), Marks: marks,
	}
	for _, span := range spanNames {
		c.Columns = append(c.Columns, a.Name+", "+span)
	}
	for _, l := range g.Lines {
		t := l.Arms[a.Name]
		c.Lines = append(c.Lines, chart.Line{Name: l.Name, Points: t.Points, Figures: t.Spans[:]})
	}
	return c
}

// shades are the baseline, and the times when faults were active.
func shades(a *evidence.Arm) []chart.Shade {
	all := []chart.Shade{{From: a.Baseline.From, To: a.Baseline.To, Label: "baseline", Strip: true}}
	for _, f := range a.Faults[:min(len(a.Faults), maxShades)] {
		all = append(all, chart.Shade{From: f.Active.From, To: f.Active.To, Label: clean(f.Kind+" on "+f.On, maxName)})
	}
	return all
}

// longest is how long the longest arm is: what all charts have from left to right.
func (r *Report) longest() time.Duration {
	var most time.Duration
	for _, a := range r.arms() {
		most = max(most, a.Length.To)
	}
	return most
}

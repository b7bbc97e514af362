package report

import (
	"cmp"
	"math"
	"slices"
	"time"

	"brownout/chaos/evidence"
)

// A chart is one measure over time, in both arms.
type chart struct {
	Title string
	Unit  string // as that of a Panel
	Log   bool   // a logarithmic scale is asked for, where values are far apart
	Lines []line
	More  int // lines that are left out
}

// A line is one of a chart's, in each arm that has it.
type line struct {
	Name string
	Arms map[string]track
}

// A track is what a line does in an arm.
type track struct {
	Points []evidence.Point // by time
	// Spans has the value over the baseline, while faults were active, and afterwards; NaN
	// where there is none.
	Spans [3]float64
}

// spanNames are those of track.Spans.
var spanNames = [3]string{"baseline", "trigger", "after"}

// What a chart has at most.
const (
	maxLines  = 8
	maxPoints = 240 // of a line
	maxCharts = 32
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

// charts are all of a report: of the journal, then of metrics. Those that have no point are left
// out, and their titles returned as empty.
func (r *Report) charts() (shown []chart, empty []string) {
	all := slices.Concat(r.journalCharts(), r.panelCharts(), r.checkCharts())
	for _, c := range all {
		switch {
		case !c.any():
			empty = append(empty, c.Title)
		case len(shown) < maxCharts:
			shown = append(shown, c)
		}
	}
	return shown, empty
}

func (c *chart) any() bool {
	return slices.ContainsFunc(c.Lines, func(l line) bool {
		for _, t := range l.Arms {
			if len(t.Points) > 0 {
				return true
			}
		}
		return false
	})
}

// add puts a track into the line of a name.
func (c *chart) add(arm, name string, t track) {
	i := slices.IndexFunc(c.Lines, func(l line) bool { return l.Name == name })
	if i < 0 {
		i = len(c.Lines)
		c.Lines = append(c.Lines, line{Name: name, Arms: map[string]track{}})
	}
	c.Lines[i].Arms[arm] = t
}

// trim keeps the lines that reach furthest, and of each as many points as one can see.
func (c *chart) trim() {
	if c.More += max(len(c.Lines)-maxLines, 0); len(c.Lines) > maxLines {
		order := slices.Clone(c.Lines)
		slices.SortStableFunc(order, func(a, b line) int { return cmp.Compare(b.reach(), a.reach()) })
		least := order[maxLines-1].reach()
		c.Lines = slices.DeleteFunc(c.Lines, func(l line) bool { return l.reach() < least })
		c.Lines = c.Lines[:maxLines]
	}
	for _, l := range c.Lines {
		for arm, t := range l.Arms {
			t.Points = thin(t.Points, maxPoints)
			l.Arms[arm] = t
		}
	}
}

// reach is the largest value of a line.
func (l *line) reach() float64 {
	most := 0.0
	for _, t := range l.Arms {
		for _, p := range t.Points {
			most = max(most, math.Abs(p.Value))
		}
	}
	return most
}

// thin leaves at most n points, of each stretch of time the lowest and the highest, so that a
// peak stays a peak.
func thin(points []evidence.Point, n int) []evidence.Point {
	if len(points) <= n {
		return points
	}
	buckets := n / 2
	var kept []evidence.Point
	for b := range buckets {
		part := points[b*len(points)/buckets : (b+1)*len(points)/buckets]
		low, high := part[0], part[0]
		for _, p := range part {
			if p.Value < low.Value {
				low = p
			}
			if p.Value > high.Value {
				high = p
			}
		}
		if high.At < low.At {
			low, high = high, low
		}
		kept = append(kept, low)
		if high != low {
			kept = append(kept, high)
		}
	}
	return kept
}

// longest is how long the longest arm is: what all charts have from left to right.
func (r *Report) longest() time.Duration {
	var most time.Duration
	for _, a := range r.arms() {
		most = max(most, a.Length.To)
	}
	return most
}

package chart

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Plots are drawn by hand because no library at hand shades a span of time, has a logarithmic
// axis, leaves colours to a style sheet (which a page for day and night needs), and keeps its text
// readable on a phone: all these draw pictures of a fixed size with fixed colours. See
// docs/adr/0016-charts.md.
//
// A plot is an SVG as wide as the page gives it. What stretches with it, the lines, is in units of
// drawn × drawn within an inner SVG; text and shades are placed in percent of its size.

// drawn is the width and the height of what lines are drawn in.
const drawn = 1000

// The part of a plot's height above the highest value and below the lowest, in percent: room for
// the labels of values, and of times.
const (
	above = 15
	below = 16
)

// A drawing is a figure as a page shows it.
type drawing struct {
	ID     string
	Title  string
	Note   string // unit, and kind of scale
	Legend []legend
	More   int // lines that are not drawn
	Plots  []plot
	Table  Table
	Spans  []string // those that are shaded, in words
	// Unshaded is how many more there are.
	Unshaded int
}

// A legend names a line; Class has its colour and its dashes.
type legend struct{ Name, Class string }

// A plot is one chart of a figure.
type plot struct {
	Name   string
	Label  string // for who cannot see it
	Size   int    // of the inner drawing
	Shades []band
	Values []mark // grid lines
	Times  []mark
	Limits []limit
	Signs  []sign
	Areas  []curve // each covers a part of the one before it
	Curves []curve
}

// A band is a shade, in percent of the width.
type band struct{ X, Width, Class, Text string }

// A mark is a place on an axis, in percent, with its text.
type mark struct{ At, Text string }

// A limit is a threshold, in percent of the height.
type limit struct{ At, Class, Text string }

// A sign is a mark, in percent of the width.
type sign struct{ At, Sign, Text string }

// A curve is a path.
type curve struct{ Name, Class, Path string }

func percent(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// height is where a share of the scale is, in percent from the top.
func height(f float64) float64 { return above + (1-f)*(100-above-below) }

// draw draws a figure that has been checked.
func (f *Figure) draw() drawing {
	charts, more := fit(f.Charts)
	s, one := scaleOf(charts), &charts[0]
	d := drawing{ID: f.ID, Title: f.Title, Note: note(one.Unit, s.log), More: more, Table: tableOf(charts)}
	if d.Title == "" {
		d.Title = one.Title
	}
	for i, l := range one.Lines {
		d.Legend = append(d.Legend, legend{l.Name, lineClass(i)})
	}
	for i := range charts {
		d.Plots = append(d.Plots, charts[i].plot(s))
		d.Spans = append(d.Spans, charts[i].spans()...)
		d.Unshaded += charts[i].unshaded
	}
	return d
}

// spans are a chart's shades in words, with its name if it has one.
func (c *Chart) spans() []string {
	var all []string
	for _, shade := range c.Shades {
		text := shade.text(c.Origin)
		if c.Name != "" {
			text = c.Name + ": " + text
		}
		all = append(all, text)
	}
	return all
}

func lineClass(i int) string { return fmt.Sprintf("c%d", i%MaxLines) }

func (c *Chart) plot(s scale) plot {
	w := window{c.From, c.To}
	p := plot{Name: c.Name, Size: drawn, Label: c.Title + ". Its figures are in the table below."}
	if len(c.Shades) > 0 {
		p.Label = c.Title + ". Its figures, and the times that are shaded, are below."
	}
	for _, shade := range c.Shades {
		p.Shades = append(p.Shades, shade.band(w, c.Origin))
	}
	for _, v := range s.ticks {
		p.Values = append(p.Values, mark{percent(height(s.at(v))), c.Unit.axis(v)})
	}
	for _, at := range w.ticks(c.Origin) {
		p.Times = append(p.Times, mark{percent(w.percent(at)), timeText(at, w, c.Origin)})
	}
	for _, t := range c.Thresholds {
		if s.holds(t.Value) {
			p.Limits = append(p.Limits, limit{percent(height(s.at(t.Value))), string(t.Level), t.Label})
		}
	}
	p.Signs = c.signs(w)
	p.Curves = c.curves(s, w, pathOf)
	if c.Stacked {
		p.Areas = c.curves(s, w, areaOf)
		slices.Reverse(p.Areas) // the upper ones first
	}
	return p
}

// crowded is how near to each other marks are whose signs would be hard to tell apart, in percent of the width.
const crowded = 2.5

// signs places the marks; of those that are crowded, the first has the signs of all.
func (c *Chart) signs(w window) (all []sign) {
	first, before := 0, math.Inf(-1)
	for _, m := range c.Marks {
		if m.At < w.from || m.At > w.to {
			continue
		}
		at := w.percent(m.At)
		s := sign{At: percent(at), Text: m.Label}
		if at-before < crowded {
			all[first].Sign += m.Sign
		} else {
			first, s.Sign = len(all), m.Sign
		}
		all, before = append(all, s), at
	}
	return all
}

// curves are the lines that have points, as paths.
func (c *Chart) curves(s scale, w window, path func([]Point, scale, window) string) (all []curve) {
	for i, l := range c.Lines {
		if len(l.Points) > 0 {
			all = append(all, curve{l.Name, lineClass(i), path(l.Points, s, w)})
		}
	}
	return all
}

// band places a shade; what is short is wide enough to be seen.
func (s Shade) band(w window, origin time.Time) band {
	from := min(max(s.From, w.from), w.to)
	to := min(max(s.To, from), w.to)
	b := band{X: percent(w.percent(from)), Width: percent(max(w.percent(to)-w.percent(from), 0.3)), Class: "fault", Text: s.text(origin)}
	if s.Strip {
		b.Class = "base"
	}
	return b
}

// text is what a shade is, and from when to when.
func (s Shade) text(origin time.Time) string {
	return s.Label + ", " + momentText(s.From, origin) + " to " + momentText(s.To, origin)
}

// gap is how far apart points may be for a line to join them, as a share of the whole; where there
// are few points it is a few times their usual distance.
const gap = 0.04

// pathOf is the line through points, broken where points are missing.
func pathOf(points []Point, s scale, w window) string {
	var b strings.Builder
	for _, run := range unbroken(points, w) {
		b.WriteString(pathStep("M", run[0].At, run[0].Value, s, w))
		b.WriteString("h0") // so that a point alone is seen
		for _, p := range run[1:] {
			b.WriteString(pathStep("L", p.At, p.Value, s, w))
		}
	}
	return b.String()
}

// areaOf is what is between that line and nought.
func areaOf(points []Point, s scale, w window) string {
	var b strings.Builder
	for _, run := range unbroken(points, w) {
		b.WriteString(pathStep("M", run[0].At, 0, s, w))
		for _, p := range run {
			b.WriteString(pathStep("L", p.At, p.Value, s, w))
		}
		b.WriteString(pathStep("L", run[len(run)-1].At, 0, s, w))
		b.WriteString("Z")
	}
	return b.String()
}

// pathStep is a step of a path to a value at a time.
func pathStep(command string, at time.Duration, v float64, s scale, w window) string {
	return fmt.Sprintf("%s%.0f %.0f", command, w.percent(at)/100*drawn, height(s.at(v))/100*drawn)
}

// unbroken cuts points into runs between which points are missing.
func unbroken(points []Point, w window) (runs [][]Point) {
	broken := max(time.Duration(float64(w.to-w.from)*gap), 3*usual(points))
	for first, i := 0, 1; i <= len(points); i++ {
		if i == len(points) || points[i].At-points[i-1].At > broken {
			runs = append(runs, points[first:i])
			first = i
		}
	}
	return runs
}

// usual is how far apart points are on average.
func usual(points []Point) time.Duration {
	if len(points) < 2 {
		return 0
	}
	return (points[len(points)-1].At - points[0].At) / time.Duration(len(points)-1)
}

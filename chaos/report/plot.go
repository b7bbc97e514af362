package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"brownout/chaos/evidence"
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

// A drawing is a chart as a page shows it.
type drawing struct {
	ID     string
	Title  string
	Note   string // unit, and kind of scale
	Legend []legend
	More   int
	Plots  []plot
	Table  chartTable
}

// A legend names a line; Class has its colour and its dashes.
type legend struct{ Name, Class string }

// A plot is one arm of a chart.
type plot struct {
	Arm    string
	Label  string // for who cannot see it
	Size   int    // of the inner drawing
	Shades []shade
	Values []mark // grid lines
	Times  []mark
	Curves []curve
}

// A shade is a span of time, in percent of the width.
type shade struct{ X, Width, Class, Text string }

// A mark is a place on an axis, in percent, with its text.
type mark struct{ At, Text, Anchor string }

// A curve is a path.
type curve struct{ Name, Class, Path string }

func percent(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// height is where a share of the scale is, in percent from the top.
func height(f float64) float64 { return above + (1-f)*(100-above-below) }

// draw draws a chart.
func (r *Report) draw(c *chart, id string) drawing {
	s := scaleOf(c)
	f := drawing{ID: id, Title: c.Title, Note: note(c.Unit, s.log), More: c.More, Table: r.tableOf(c)}
	for i, l := range c.Lines {
		f.Legend = append(f.Legend, legend{l.Name, lineClass(i)})
	}
	for _, a := range r.arms() {
		f.Plots = append(f.Plots, r.plotOf(c, s, a))
	}
	return f
}

func note(unit string, log bool) string {
	if unit == "share" || unit == "bytes" || unit == "seconds" {
		unit = "" // each label has it
	}
	if log {
		unit = strings.TrimPrefix(unit+", logarithmic", ", ")
	}
	return unit
}

func lineClass(i int) string { return fmt.Sprintf("c%d", i%maxLines) }

func (r *Report) plotOf(c *chart, s scale, a *evidence.Arm) plot {
	end := max(r.longest(), time.Millisecond)
	p := plot{Arm: a.Name, Size: drawn, Label: fmt.Sprintf("%s, %s arm. Its figures are in the table below.", c.Title, a.Name), Shades: shades(a, end)}
	for _, v := range s.ticks {
		p.Values = append(p.Values, mark{At: percent(height(s.at(v))), Text: axis(v, c.Unit)})
	}
	for _, at := range timeTicks(end) {
		p.Times = append(p.Times, mark{At: percent(100 * at.Seconds() / end.Seconds()), Text: length(at)})
	}
	for i, l := range c.Lines {
		if path := pathOf(l.Arms[a.Name].Points, s, end); path != "" {
			p.Curves = append(p.Curves, curve{l.Name, lineClass(i), path})
		}
	}
	return p
}

// maxShades bounds the spans that are shaded in a plot.
const maxShades = 32

// shades are the baseline, and the times when faults were active.
func shades(a *evidence.Arm, end time.Duration) []shade {
	all := []shade{shadeOf(a.Baseline, end, "base", "baseline")}
	for _, f := range a.Faults[:min(len(a.Faults), maxShades)] {
		all = append(all, shadeOf(f.Active, end, "fault", clean(f.Kind+" on "+f.On, maxName)))
	}
	return all
}

func shadeOf(s evidence.Span, end time.Duration, class, text string) shade {
	from := min(max(s.From, 0), end)
	to := min(max(s.To, from), end)
	part := 100 / end.Seconds()
	return shade{percent(from.Seconds() * part), percent(max((to-from).Seconds()*part, 0.3)), class, text + ", " + spanText(s)}
}

// gap is how far apart points may be for a line to join them, as a share of the whole; where there
// are few points it is a few times their usual distance.
const gap = 0.04

// pathOf is the line through points, broken where points are missing.
func pathOf(points []evidence.Point, s scale, end time.Duration) string {
	var b strings.Builder
	broken := max(time.Duration(float64(end)*gap), 3*usual(points))
	for i, p := range points {
		x := p.At.Seconds() / end.Seconds() * drawn
		y := height(s.at(p.Value)) / 100 * drawn
		command := "L"
		if i == 0 || p.At-points[i-1].At > broken {
			command = "M"
		}
		fmt.Fprintf(&b, "%s%.0f %.0f", command, x, y)
		if command == "M" {
			b.WriteString("h0") // so that a point alone is seen
		}
	}
	return b.String()
}

// usual is how far apart points are on average.
func usual(points []evidence.Point) time.Duration {
	if len(points) < 2 {
		return 0
	}
	return (points[len(points)-1].At - points[0].At) / time.Duration(len(points)-1)
}

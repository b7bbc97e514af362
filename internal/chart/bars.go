package chart

import (
	"fmt"
	"html/template"
	"math"
)

// MaxBars is how many bars a histogram has at most.
const MaxBars = 200

// A Histogram is how often values came: bars over a logarithmic axis of values. The scale of how often
// is logarithmic, too, where that is far apart, so that what came once in a million is seen.
type Histogram struct {
	ID    string // of its caption, unique on its page
	Title string
	Unit  Unit // of the values
	Bars  []Bar
	Marks []ValueMark // by value; signs that are near each other stand in one place
}

// A Bar says how many values came between two, which are above nought. Bars follow each other.
type Bar struct {
	From, To float64
	Count    int64
}

// A ValueMark is a value that is told apart.
type ValueMark struct {
	Value float64
	Sign  string // a few letters, which stand beside it
	Label string
}

// check finds what cannot be drawn.
func (h *Histogram) check() error {
	if n := len(h.Bars); n == 0 || n > MaxBars {
		return fmt.Errorf("chart: %q has %d bars: want 1 to %d", h.Title, n, MaxBars)
	}
	before := 0.0
	for i, b := range h.Bars {
		if !(b.From >= before && b.From > 0 && b.To > b.From && finite(b.To)) || b.Count < 0 {
			return fmt.Errorf("chart: bar %d of %q is from %v to %v, with %d: want them above nought, and to follow each other", i, h.Title, b.From, b.To, b.Count)
		}
		before = b.To
	}
	return nil
}

// HTML returns what stands within the <figure> that a page has for it; the element can be named by ID.
func (h Histogram) HTML() (template.HTML, error) {
	if err := h.check(); err != nil {
		return "", err
	}
	return render("histogram", h.draw())
}

// A barDrawing is a histogram as a page shows it.
type barDrawing struct {
	ID, Title, Note, Label string
	Bars                   []barPlace
	Values                 []mark // grid lines
	Across                 []mark // on the axis below
	Signs                  []valueSign
	Table                  Table
}

// A barPlace is a bar, in percent.
type barPlace struct{ X, Width, Y, Height, Text string }

// A valueSign is a mark, in percent of the width; Anchor says on which side of it the sign stands.
type valueSign struct{ At, Sign, Text, Anchor string }

// leastBar is how high a bar is at least that is not empty, in percent.
const leastBar = 0.7

func (h *Histogram) draw() barDrawing {
	counts, across := h.counts(), h.axis()
	d := barDrawing{ID: h.ID, Title: h.Title, Note: "logarithmic", Label: h.Title + ". Its figures are in the table below.", Table: h.table()}
	if counts.log {
		d.Note = "both scales logarithmic"
	}
	for _, v := range counts.ticks {
		d.Values = append(d.Values, mark{percent(height(counts.at(v))), Count.axis(v)})
	}
	for _, v := range across.ticks {
		d.Across = append(d.Across, mark{percent(100 * across.at(v)), h.Unit.axis(v)})
	}
	for _, b := range h.Bars {
		if b.Count > 0 {
			d.Bars = append(d.Bars, h.place(b, counts, across))
		}
	}
	d.Signs = h.signs(across)
	return d
}

const (
	// crowdedSigns is how near to each other marks of values are whose signs, which are longer than those of
	// moments, would be over each other, in percent of the width.
	crowdedSigns = 12
	// turnedFrom is from where on signs stand to the left of their marks, as there is no room to the right.
	turnedFrom = 80
)

// signs places the marks; of those that are crowded, the first has the signs of all.
func (h *Histogram) signs(across scale) (all []valueSign) {
	before := math.Inf(-1)
	for _, m := range h.Marks {
		if !across.holds(m.Value) {
			continue
		}
		at := 100 * across.at(m.Value)
		if at-before < crowdedSigns {
			last := &all[len(all)-1]
			last.Sign += " " + m.Sign
			last.Text += ", " + m.Label
			continue
		}
		s := valueSign{percent(at), m.Sign, m.Label, "start"}
		if at > turnedFrom {
			s.Anchor = "end"
		}
		all, before = append(all, s), at
	}
	return all
}

func (h *Histogram) place(b Bar, counts, across scale) barPlace {
	left, right := 100*across.at(b.From), 100*across.at(b.To)
	top := min(height(counts.at(float64(b.Count))), 100-below-leastBar)
	return barPlace{
		X: percent(left), Width: percent(right - left), Y: percent(top), Height: percent(100 - below - top),
		Text: fmt.Sprintf("%s to %s: %d", h.Unit.Format(b.From), h.Unit.Format(b.To), b.Count),
	}
}

// counts is the scale of how often.
func (h *Histogram) counts() scale {
	var l Line
	for _, b := range h.Bars {
		l.Points = append(l.Points, Point{Value: float64(b.Count)})
	}
	return scaleOf([]Chart{{Log: true, Lines: []Line{l}}})
}

// axis is the scale of values. It is at least as wide as from a value to its double.
func (h *Histogram) axis() scale {
	low, high := h.Bars[0].From, h.Bars[len(h.Bars)-1].To
	if high < 2*low {
		middle := math.Sqrt(low) * math.Sqrt(high)
		low, high = middle/math.Sqrt2, middle*math.Sqrt2
	}
	return scale{low: low, high: high, log: true, ticks: roundValues(low, high)}
}

// roundValues are round values on a logarithmic axis: powers of ten, or more where these are few.
func roundValues(low, high float64) (all []float64) {
	for _, digits := range [][]float64{{1}, {1, 3}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 6, 8}} {
		all = all[:0]
		for e := math.Floor(math.Log10(low)); e <= math.Log10(high); e++ {
			for _, digit := range digits {
				if v := digit * math.Pow(10, e); v >= low && v <= high {
					all = append(all, v)
				}
			}
		}
		if len(all) >= 4 {
			return all
		}
	}
	return all
}

// table has a row for each bar that is not empty.
func (h *Histogram) table() Table {
	t := Table{Columns: []string{"how many", "share", "share up to here"}}
	total, sum := int64(0), int64(0)
	for _, b := range h.Bars {
		total += b.Count
	}
	share := func(n int64) string { return fmt.Sprintf("%.4g %%", 100*float64(n)/float64(max(total, 1))) }
	for _, b := range h.Bars {
		if sum += b.Count; b.Count > 0 {
			t.Rows = append(t.Rows, Row{h.Unit.Format(b.From) + " to " + h.Unit.Format(b.To), []string{fmt.Sprint(b.Count), share(b.Count), share(sum)}})
		}
	}
	return t
}

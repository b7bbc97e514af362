package chart

import (
	"fmt"
	"time"
)

// What a figure draws at most.
const (
	MaxLines      = 8
	MaxPoints     = 240 // of a line
	maxShades     = 64  // of a chart
	maxThresholds = 8   // of a chart
	maxMarks      = 64  // of a chart
)

// A Chart is a measure over a span of time.
type Chart struct {
	Title string // for who cannot see it; a figure without a title has the one of its first chart
	Name  string // is written into its corner, to tell it from the others of its figure
	Unit  Unit
	// Log asks for a logarithmic scale. It has one if values are far apart and none is below nought.
	Log bool
	// Stacked has lines stand on each other, the first at the bottom, as areas: for parts of a whole. The
	// scale is not logarithmic then. Times are those of all lines; who has no value at one adds nothing.
	Stacked bool
	// From and To are its left and its right edge. They, and all other times, count from an
	// origin of the caller's.
	From, To time.Duration
	// Origin is when that was. If it is told, the axis has times of a clock at its place, else
	// it has what From and To count.
	Origin     time.Time
	Lines      []Line
	Shades     []Shade // those that matter most first, if there may be too many
	Thresholds []Threshold
	Marks      []Mark // by time
	// Columns are the headings of the lines' Figures; if there are none, the table has the
	// latest value of each line, its mean, its lowest and its highest.
	Columns []string

	unshaded int // shades that were left out
}

// A Line is one of a chart's.
type Line struct {
	Name   string
	Points []Point // by time
	// Figures stand in the table, one for each of the chart's Columns; NaN where there is none.
	Figures []float64
}

// A Point is a value at a time.
type Point struct {
	At    time.Duration
	Value float64
}

// A Shade is a span of time that is told apart; when that was is written beside its label.
type Shade struct {
	From, To time.Duration
	Label    string
	Strip    bool // along the lower edge, not over all of the height
}

// A Threshold is a value that means something.
type Threshold struct {
	Value float64
	Label string
	Level Level
}

// A Mark is a moment that is told apart.
type Mark struct {
	At    time.Duration
	Sign  string // a letter or two, which stand beside it
	Label string
}

// A Level says how something stands.
type Level string

// How things stand.
const (
	Plain Level = "" // nobody has said
	Good  Level = "good"
	Warn  Level = "warn"
	Bad   Level = "bad"
)

// A Figure is charts above each other, with one scale, one legend and one table. Unit, Log, Stacked
// and the lines' names are those of the first: the others have the same lines, in the same order, and where
// one of them has no points it is not drawn.
type Figure struct {
	ID     string // of its caption, unique on its page
	Title  string
	Charts []Chart
}

// check finds what would make a figure tell untruths.
func (f *Figure) check() error {
	if len(f.Charts) == 0 {
		return fmt.Errorf("chart: figure %q has no chart", f.ID)
	}
	first := &f.Charts[0]
	for i := range f.Charts {
		c := &f.Charts[i]
		if c.To < c.From {
			return fmt.Errorf("chart: %q ends before it begins", c.Title)
		}
		if len(c.Lines) != len(first.Lines) {
			return fmt.Errorf("chart: %q has %d lines, and %q %d", first.Title, len(first.Lines), c.Title, len(c.Lines))
		}
		for j := range c.Lines {
			if c.Lines[j].Name != first.Lines[j].Name {
				return fmt.Errorf("chart: line %d of %q is %q, and that of %q %q", j, first.Title, first.Lines[j].Name, c.Title, c.Lines[j].Name)
			}
		}
	}
	return nil
}

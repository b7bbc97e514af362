package chart

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// fit returns a figure's charts with what of them is drawn, and how many lines that leaves out. The
// charts it was given stay as they are.
func fit(charts []Chart) (fitted []Chart, more int) {
	stacked := charts[0].Stacked
	if stacked {
		charts = fold(charts)
	}
	keep := furthest(charts, MaxLines)
	for _, c := range charts {
		c.Stacked = stacked
		fitted = append(fitted, c.fit(keep))
	}
	return fitted, len(charts[0].Lines) - len(keep)
}

// fit returns the chart with some of its lines, each with its figures, and within all bounds.
func (c Chart) fit(keep []int) Chart {
	c.To = max(c.To, c.From+time.Millisecond)
	lines := make([]Line, len(keep))
	for i, line := range keep {
		l := c.Lines[line]
		l.Points = within(l.Points, c.From, c.To)
		if len(c.Columns) == 0 {
			l.Figures = summary(l.Points)
		}
		lines[i] = l
	}
	if c.Stacked {
		stack(lines)
	}
	for i := range lines {
		lines[i].Points = thin(lines[i].Points, MaxPoints)
	}
	c.Lines = lines
	if len(c.Columns) == 0 {
		c.Columns = summaryColumns(c.Name)
	}
	shades := c.Shades[:min(len(c.Shades), maxShades)]
	c.Shades, c.unshaded = shades, len(c.Shades)-len(shades)
	c.Marks = c.Marks[:min(len(c.Marks), maxMarks)]
	c.Thresholds = c.Thresholds[:min(len(c.Thresholds), maxThresholds)]
	return c
}

// fold makes one line of those that charts have too many of, so that a stack is as high as all of them.
func fold(charts []Chart) (folded []Chart) {
	if len(charts[0].Lines) <= MaxLines {
		return charts
	}
	keep := furthest(charts, MaxLines-1)
	for _, c := range charts {
		var kept, others []Line
		for i, l := range c.Lines {
			if slices.Contains(keep, i) {
				kept = append(kept, l)
			} else {
				others = append(others, l)
			}
		}
		sums := map[time.Duration]float64{}
		for _, l := range others {
			add(sums, l)
		}
		c.Lines = append(kept, Line{Name: fmt.Sprintf("%d others", len(others)), Points: pointsOf(sums)})
		folded = append(folded, c)
	}
	return folded
}

// stack puts each line that has points on those before it, at all times at which any has a value.
func stack(lines []Line) {
	sums := map[time.Duration]float64{}
	for _, l := range lines {
		for _, p := range l.Points {
			sums[p.At] = 0
		}
	}
	for i, l := range lines {
		if len(l.Points) > 0 {
			add(sums, l)
			lines[i].Points = pointsOf(sums)
		}
	}
}

// add adds a line's values to sums, but for those that are no numbers.
func add(sums map[time.Duration]float64, l Line) {
	for _, p := range l.Points {
		if finite(p.Value) {
			sums[p.At] += p.Value
		}
	}
}

// pointsOf are sums in the order of time.
func pointsOf(sums map[time.Duration]float64) []Point {
	points := make([]Point, 0, len(sums))
	for _, at := range slices.Sorted(maps.Keys(sums)) {
		points = append(points, Point{at, sums[at]})
	}
	return points
}

// furthest are the indices of the n lines that reach furthest in any chart, in their order.
func furthest(charts []Chart, n int) []int {
	lines := make([]int, len(charts[0].Lines))
	reaches := make([]float64, len(lines))
	for i := range lines {
		lines[i] = i
		for j := range charts {
			reaches[i] = max(reaches[i], reach(&charts[j].Lines[i]))
		}
	}
	slices.SortStableFunc(lines, func(a, b int) int { return cmp.Compare(reaches[b], reaches[a]) })
	return slices.Sorted(slices.Values(lines[:min(len(lines), n)]))
}

// reach is the largest value of a line, whatever its sign.
func reach(l *Line) float64 {
	most := 0.0
	for _, p := range l.Points {
		if finite(p.Value) {
			most = max(most, math.Abs(p.Value))
		}
	}
	return most
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// within are the points that can be drawn.
func within(points []Point, from, to time.Duration) []Point {
	var kept []Point
	for _, p := range points {
		if finite(p.Value) && p.At >= from && p.At <= to {
			kept = append(kept, p)
		}
	}
	return kept
}

// thin leaves at most n points, of each stretch of time the lowest and the highest.
func thin(points []Point, n int) []Point {
	if len(points) <= n {
		return points
	}
	var kept []Point
	buckets := n / 2
	for b := range buckets {
		low, high := ends(points[b*len(points)/buckets : (b+1)*len(points)/buckets])
		if kept = append(kept, low); high != low {
			kept = append(kept, high)
		}
	}
	return kept
}

// ends are the lowest and the highest of some points, the earlier one first.
func ends(points []Point) (first, second Point) {
	low, high := points[0], points[0]
	for _, p := range points {
		if p.Value < low.Value {
			low = p
		}
		if p.Value > high.Value {
			high = p
		}
	}
	if high.At < low.At {
		return high, low
	}
	return low, high
}

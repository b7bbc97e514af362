package report

import (
	"math"
	"strings"
)

// A chartTable has the figures of a chart: a row for each line, and a column for each span of each
// arm.
type chartTable struct {
	Columns []string
	Rows    []chartRow
}

// A chartRow is one line's.
type chartRow struct {
	Name   string
	Values []string
}

// tableOf returns the figures of a chart.
func (r *Report) tableOf(c *chart) chartTable {
	var t chartTable
	for _, a := range r.arms() {
		for _, span := range spanNames {
			t.Columns = append(t.Columns, a.Name+", "+span)
		}
	}
	for _, l := range c.Lines {
		row := chartRow{Name: l.Name}
		for _, a := range r.arms() {
			track, there := l.Arms[a.Name]
			for _, v := range track.Spans {
				if !there || math.IsNaN(v) || len(track.Points) == 0 {
					row.Values = append(row.Values, nothing)
				} else {
					row.Values = append(row.Values, strings.TrimSpace(figure(v, c.Unit)))
				}
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

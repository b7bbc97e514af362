package chart

import "math"

// A Table has the figures of a figure's charts: a row for each line, and the columns of each chart.
type Table struct {
	Columns []string
	Rows    []Row
}

// A Row is one line's.
type Row struct {
	Name   string
	Values []string
}

// Table returns the figures that stand below the charts; none of a figure that HTML refuses.
func (f Figure) Table() Table {
	if f.check() != nil {
		return Table{}
	}
	charts, _ := fit(f.Charts)
	return tableOf(charts)
}

// tableOf returns the figures of charts that fit.
func tableOf(charts []Chart) Table {
	var t Table
	for i := range charts {
		t.Columns = append(t.Columns, charts[i].Columns...)
	}
	for i, l := range charts[0].Lines {
		r := Row{Name: l.Name}
		for j := range charts {
			r.Values = append(r.Values, charts[j].values(&charts[j].Lines[i])...)
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// values are a line's figures, as many as there are columns.
func (c *Chart) values(l *Line) []string {
	texts := make([]string, len(c.Columns))
	for i := range texts {
		texts[i] = Nothing
		if i < len(l.Figures) && len(l.Points) > 0 {
			texts[i] = c.Unit.Format(l.Figures[i])
		}
	}
	return texts
}

// summaryColumns are the headings of summaries, of a chart with a name if there are several.
func summaryColumns(name string) []string {
	if name != "" {
		name += ", "
	}
	return []string{name + "latest", name + "mean", name + "lowest", name + "highest"}
}

// summary is the latest value of a line, its mean, its lowest and its highest.
func summary(points []Point) []float64 {
	if len(points) == 0 {
		return nil
	}
	sum, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for _, p := range points {
		sum, low, high = sum+p.Value, min(low, p.Value), max(high, p.Value)
	}
	return []float64{points[len(points)-1].Value, sum / float64(len(points)), low, high}
}

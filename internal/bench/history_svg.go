package bench

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
)

// The measures of a history's drawing, in pixels.
const (
	svgWidth  = 900
	svgPanel  = 110 // of a trend
	svgMargin = 20
	svgCurve  = 56 // of a trend's curve, below its title
)

const svgStyle = `text{font:13px sans-serif;fill:#222}.quiet{fill:#666;font-size:11px}.curve{fill:none;stroke:#1f5fa8;stroke-width:1.8}.run{fill:#1f5fa8}` +
	`.change{stroke:#222;stroke-dasharray:4 3}@media(prefers-color-scheme:dark){text{fill:#ddd}.quiet{fill:#999}.change{stroke:#ddd}}`

// WriteSVG draws the trends, one above the other, from the oldest run at the left to the newest, with a line at each change.
func (h *History) WriteSVG(w io.Writer) error {
	var b strings.Builder
	height := svgPanel*len(h.trends) + svgMargin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="Benchmarks over time">`+"\n", svgWidth, height, svgWidth, height)
	fmt.Fprintf(&b, "<style>%s</style>\n", svgStyle)
	for i := range h.trends {
		h.trends[i].draw(&b, svgMargin+i*svgPanel)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// draw draws a trend whose upper edge is at top.
func (t *trend) draw(b *strings.Builder, top int) {
	values := t.values()
	low, high := slices.Min(values), slices.Max(values)
	fmt.Fprintf(b, `<text x="%d" y="%d">%s <tspan class="quiet">%s … %s</tspan></text>`+"\n", svgMargin, top+4, html.EscapeString(t.title()),
		quantity(low, t.measure.unit), quantity(high, t.measure.unit))
	x := func(i int) float64 {
		return svgMargin + float64(i)*(svgWidth-2*svgMargin)/float64(max(len(values)-1, 1))
	}
	y := func(v float64) float64 {
		share := 0.5
		if high > low {
			share = (high - v) / (high - low)
		}
		return float64(top+14) + share*svgCurve
	}
	var points []string
	for i, v := range values {
		points = append(points, fmt.Sprintf("%.1f,%.1f", x(i), y(v)))
	}
	fmt.Fprintf(b, `<polyline class="curve" points="%s"/>`+"\n", strings.Join(points, " "))
	for i, v := range values {
		fmt.Fprintf(b, `<circle class="run" cx="%.1f" cy="%.1f" r="2.5"><title>%s: %s</title></circle>`+"\n", x(i), y(v), html.EscapeString(t.runs[i].name()), quantity(v, t.measure.unit))
	}
	for i, s := range t.steps() {
		at := x(t.changes[i])
		fmt.Fprintf(b, `<line class="change" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/><text class="quiet" x="%.1f" y="%d">%s %s</text>`+"\n", at, at, top+10, top+18+svgCurve,
			at+3, top+28+svgCurve, percent(s.change), html.EscapeString(s.run.name()))
	}
}

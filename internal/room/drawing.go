package room

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"brownout/internal/chart"
)

// The map is drawn twice, for a page that is wide and for one that is narrow, and the style sheet shows
// one of them: letters that shrink with a picture cannot be read on a phone.

// A layout says where parts are. What it has no place for stands in the table below the map alone.
type layout struct {
	name          string // a class
	width, height float64
	box           [2]float64 // width and height of a part's
	line          float64    // height of a line of text
	letter        float64    // width of one beside an edge, about: the style sheet knows
	at            map[string][2]float64
	// label is where along an edge its figures stand, as a share; half way, unless it says otherwise.
	label map[string]float64
}

// wide is the map from left to right.
func wide() *layout {
	return &layout{
		name: "wide", width: 1150, height: 530, box: [2]float64{172, 100}, line: 20, letter: 7,
		at: map[string][2]float64{
			"customers": {96, 265}, "gateway": {400, 265}, "payments": {730, 142}, "inventory": {730, 472},
			"bank-a": {1054, 60}, "bank-b": {1054, 224}, "redis": {1054, 388},
		},
		label: map[string]float64{"gateway-redis": 0.42},
	}
}

// tall is the map from above to below.
func tall() *layout {
	return &layout{
		name: "tall", width: 376, height: 844, box: [2]float64{112, 92}, line: 17, letter: 6.3,
		at: map[string][2]float64{
			"customers": {188, 54}, "gateway": {188, 224}, "payments": {64, 418}, "inventory": {316, 418},
			"redis": {242, 600}, "bank-a": {64, 790}, "bank-b": {210, 790},
		},
		label: map[string]float64{"gateway-redis": 0.44, "payments-redis": 0.53, "payments-bank-b": 0.81},
	}
}

// A drawing is a map as a page shows it.
type drawing struct {
	Name          string
	Width, Height string
	Nodes         []nodeDrawing
	Edges         []edgeDrawing
}

// A nodeDrawing is a part: a box with lines of text.
type nodeDrawing struct {
	*node
	X, Y, Width, Height string
	Middle, Title       string // where its name stands
	Lines               []textLine
	Label               string // for who does not see it
}

// An edgeDrawing is a line with an arrow, and figures beside it.
type edgeDrawing struct {
	*edge
	Points string // of the line
	X      string // of the figures
	Heavy  string // how thick the line is
	Broken textLine
	Lines  []textLine
	Plate  plate // behind the figures
}

// A plate is what figures stand on, so that nobody reads the line that goes through them as a part of them.
type plate struct{ X, Y, Width, Height string }

// A textLine is text at a height.
type textLine struct{ Text, Y string }

// draw places all that there is a place for.
func (l *layout) draw(nodes []*node, edges []*edge) drawing {
	d := drawing{Name: l.name, Width: px(l.width), Height: px(l.height)}
	drawn := map[string][2]float64{}
	for _, n := range nodes {
		if at, known := l.at[n.Name]; known {
			drawn[n.Name] = at
			d.Nodes = append(d.Nodes, l.node(n, at))
		}
	}
	for _, e := range edges {
		from, known := drawn[e.From]
		to, also := drawn[e.To]
		if known && also {
			d.Edges = append(d.Edges, l.edge(e, from, to))
		}
	}
	return d
}

func (l *layout) node(n *node, at [2]float64) nodeDrawing {
	top := at[1] - l.box[1]/2
	return nodeDrawing{
		node: n, X: px(at[0] - l.box[0]/2), Y: px(top), Width: px(l.box[0]), Height: px(l.box[1]),
		Middle: px(at[0]), Title: px(top + 1.2*l.line), Lines: l.below(n.lines(), top+2.4*l.line),
		Label: n.Name + ": " + strings.Join(append([]string{n.Word()}, n.lines()...), ", "),
	}
}

// below places lines of text below each other, the first at a height.
func (l *layout) below(texts []string, top float64) []textLine {
	var lines []textLine
	for i, text := range texts {
		lines = append(lines, textLine{text, px(top + float64(i)*l.line)})
	}
	return lines
}

// lines are what is written into a part's box.
func (n *node) lines() []string {
	first := rate(n.Rate)
	if n.Failed > 0 {
		first += " · " + failedText(n.Failed)
	}
	lines := []string{first, "p99 " + chart.Seconds.Format(n.P99)}
	if !math.IsNaN(n.Delay) {
		lines = append(lines, "loop "+chart.Seconds.Format(n.Delay))
	}
	return lines
}

func failedText(share float64) string { return chart.Share.Format(share) + " fail" }

// edge draws an edge, with its figures.
func (l *layout) edge(e *edge, from, to [2]float64) edgeDrawing {
	begin, end, texts := l.border(from, to), l.border(to, from), e.lines()
	share := cmp.Or(l.label[e.From+"-"+e.To], 0.5)
	x, y := begin[0]+(end[0]-begin[0])*share, begin[1]+(end[1]-begin[1])*share
	top := y - l.line*(float64(len(texts))/2-0.75)
	return edgeDrawing{
		edge: e, Points: point(begin) + " " + point(end), X: px(x), Heavy: px(heavy(e.Rate)),
		Broken: textLine{strings.Join(e.Faults, ", "), px(top - l.line)}, Lines: l.below(texts, top), Plate: l.plate(texts, x, top),
	}
}

// plate is what stands behind lines of text with a middle, the first of them at a height.
func (l *layout) plate(texts []string, middle, top float64) plate {
	longest := 0
	for _, text := range texts {
		longest = max(longest, utf8.RuneCountInString(text))
	}
	width := float64(longest) * l.letter
	return plate{px(middle - width/2), px(top - 0.75*l.line), px(width), px(float64(len(texts)) * l.line)}
}

// point writes a place as SVG has it.
func point(at [2]float64) string { return px(at[0]) + "," + px(at[1]) }

// border is where the line from the middle of a box towards another leaves it, and a little more, so that
// arrows do not touch.
func (l *layout) border(from, to [2]float64) [2]float64 {
	const space = 5
	dx, dy := to[0]-from[0], to[1]-from[1]
	reach := min((l.box[0]/2+space)/max(math.Abs(dx), 1e-9), (l.box[1]/2+space)/max(math.Abs(dy), 1e-9))
	return [2]float64{from[0] + dx*reach, from[1] + dy*reach}
}

// heavy is how thick a line is: ten times as much that passes is one step more.
func heavy(rate float64) float64 {
	if !(rate > 0) {
		return 1.5
	}
	return 1.5 + 1.2*math.Log10(1+rate)
}

// lines are what is written beside an edge.
func (e *edge) lines() []string {
	if math.IsNaN(e.Rate) {
		return nil // it was never asked for
	}
	lines := []string{rate(e.Rate)}
	if e.Failed > 0 { // on a line of its own, for there is no more room between boxes
		lines = append(lines, failedText(e.Failed))
	}
	if len(e.Open) > 0 { // their names, which are long, stand in the table
		lines = append(lines, counted(len(e.Open), "breaker open", "breakers open"))
	} else if e.Rate > 0 {
		lines = append(lines, chart.Seconds.Format(e.P99))
	}
	if e.Retries > 0 {
		lines = append(lines, fmt.Sprintf("%s retries", rate(e.Retries)))
	}
	return lines
}

// px writes a place in a drawing.
func px(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

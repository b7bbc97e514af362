package chart

import (
	"html/template"
	"time"
)

// A Tile is one value, large, and the line of how it came about.
type Tile struct {
	Title string
	Value float64 // NaN if there is none
	Unit  Unit
	Text  string // stands where the value would, as the name of a state does
	Level Level  // how it stands; is said in words too
	Line  []Point
	// From and To are the edges of the line.
	From, To time.Duration
}

// A stat is a tile as a page shows it.
type stat struct {
	Title, Text, Note, Level, Sign string
	Size                           int
	Path                           string
}

// HTML returns the tile, an element of its own.
func (t Tile) HTML() (template.HTML, error) {
	text, note := t.Text, ""
	if text == "" {
		text, note = t.Unit.Format(t.Value), t.Unit.Note()
	}
	return render("tile", stat{t.Title, text, note, string(t.Level), t.Level.sign(), drawn, sparkline(t.Line, t.From, t.To)})
}

// sign says how something stands to who does not see colours.
func (l Level) sign() string {
	return map[Level]string{Good: "✓ as it should be", Warn: "! look at it", Bad: "✗ bad"}[l]
}

// sparkline is the path of a line on a scale of its own.
func sparkline(points []Point, from, to time.Duration) string {
	charts, _ := fit([]Chart{{From: from, To: to, Lines: []Line{{Points: points}}}})
	c := &charts[0]
	return pathOf(c.Lines[0].Points, scaleOf(charts), window{c.From, c.To})
}

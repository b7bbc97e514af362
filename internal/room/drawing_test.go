package room

import (
	"fmt"
	"strconv"
	"testing"

	"brownout/internal/shopfile"
)

// However much there is to say of an edge, its figures lie over no box, no other figures and no other line: one could
// not read them in an incident.
func TestTheFiguresOfTheMapHaveRoom(t *testing.T) {
	s := &shopfile.Shop{Admin: map[string]string{}}
	for _, name := range []string{"gateway", "payments", "inventory", "bank-a", "bank-b"} {
		s.Admin[name] = "http://127.0.0.1:1"
	}
	for _, l := range []*layout{wide(), tall()} {
		d := l.draw(shopNodes(s), worst(s))
		if len(d.Edges) != 8 {
			t.Fatalf("%d edges, want 8", len(d.Edges))
		}
		for _, e := range d.Edges {
			figures := areaOf(t, e.Plate)
			name := fmt.Sprintf("%s: figures from %s to %s", l.name, e.From, e.To)
			if figures.left < 0 || figures.right > l.width {
				t.Errorf("%s are cut", name)
			}
			for _, n := range d.Nodes {
				if figures.meets(l.boxOf(n.Name)) {
					t.Errorf("%s lie over %s", name, n.Name)
				}
			}
			for _, other := range d.Edges {
				if other.edge == e.edge {
					continue
				}
				if figures.meets(areaOf(t, other.Plate)) {
					t.Errorf("%s lie over those from %s to %s", name, other.From, other.To)
				}
				if figures.crossed(t, other.Points) {
					t.Errorf("%s lie over the line from %s to %s", name, other.From, other.To)
				}
			}
		}
	}
}

// worst are all edges, each with as much to say as it can have in an incident: services fail and are asked again, who
// asks Redis does not ask again.
func worst(s *shopfile.Shop) []*edge {
	edges := shopEdges(s)
	for _, e := range edges {
		e.Rate, e.Failed, e.P99 = 1234, 1, 0.123
		if e.From != "customers" && e.To != "redis" {
			e.Retries = 1234
		}
	}
	return edges
}

// An area is a part of a drawing.
type area struct{ left, top, right, bottom float64 }

func (a area) meets(b area) bool {
	return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

// crossed says whether a line goes through an area.
func (a area) crossed(t *testing.T, line string) bool {
	t.Helper()
	const steps = 1000
	var x1, y1, x2, y2 float64
	if _, err := fmt.Sscanf(line, "%f,%f %f,%f", &x1, &y1, &x2, &y2); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	for step := range steps + 1 {
		part := float64(step) / steps
		at := area{x1 + (x2-x1)*part, y1 + (y2-y1)*part, x1 + (x2-x1)*part, y1 + (y2-y1)*part}
		if a.meets(at) {
			return true
		}
	}
	return false
}

// boxOf is where a part's box is.
func (l *layout) boxOf(part string) area {
	at := l.at[part]
	return area{at[0] - l.box[0]/2, at[1] - l.box[1]/2, at[0] + l.box[0]/2, at[1] + l.box[1]/2}
}

// areaOf is where a plate is.
func areaOf(t *testing.T, p plate) area {
	t.Helper()
	left, top := parsed(t, p.X), parsed(t, p.Y)
	return area{left, top, left + parsed(t, p.Width), top + parsed(t, p.Height)}
}

func parsed(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

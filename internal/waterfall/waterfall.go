package waterfall

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"brownout/internal/chart"
)

// maxEvents bounds the events of a step that are told.
const maxEvents = 8

// A Span is a stretch of a request. What is waited for has a name that begins with "wait ", what is worked
// on with "work ".
type Span struct {
	ID, Parent    string
	Service, Name string
	At, Length    time.Duration // since an origin of the caller's
	Events        []string
	Error         string
}

// A Fall is the spans of a request. The first four are the caller's to fill in, or to leave empty.
type Fall struct {
	Title string // its caption
	Note  string // beside it
	Label string // for who cannot see it
	ID    string // of the request

	// From is when it began, Took how long it went on, and Working and Waiting for how much of that
	// something was worked on, or waited in a queue.
	From, Took, Working, Waiting time.Duration

	Steps []Step
	More  int // steps that are left out
}

// A Step is a span as it is shown.
type Step struct {
	Service, Name string
	Depth         int    // how many called it
	Kind          string // "wait", "work" or "call"
	At, Length    string // since the request began
	Notes         string // events, and the error
	Failed        bool

	Row, TextRow   string // in heights of letters
	X, Width       string // in percent
	TextAt, Anchor string
}

// Of orders the spans of a request so that each follows the one that called it, and draws the first so
// many of them. There must be one.
func Of(spans []Span, most int) Fall {
	from, to := extent(spans)
	f := Fall{
		From: from, Took: max(to-from, time.Nanosecond), Working: covered(spans, "work"), Waiting: covered(spans, "wait"),
		More: max(len(spans)-most, 0),
	}
	for i, n := range nested(spans) {
		if i == most {
			break
		}
		f.Steps = append(f.Steps, f.step(n, i))
	}
	return f
}

// rowHeight is that of a step in a drawing, in heights of its letters.
const rowHeight = 1.7

// Height is that of the drawing, in heights of its letters.
func (f Fall) Height() string { return percent(float64(len(f.Steps)) * rowHeight) }

func (f *Fall) step(n node, row int) Step {
	s := n.span
	part := 100 / f.Took.Seconds()
	x := (s.At - f.From).Seconds() * part
	width := max(s.Length.Seconds()*part, 0.25) // or it is not seen
	v := Step{
		Service: s.Service, Name: s.Name, Depth: n.depth, Kind: kindOf(s.Name),
		At: length(s.At - f.From), Length: length(s.Length), Notes: notes(s), Failed: s.Error != "",
		Row: percent(float64(row)*rowHeight + 0.1), TextRow: percent(float64(row)*rowHeight + 1.15),
		X: percent(x), Width: percent(width),
	}
	at, anchor := textPlace(x, width)
	v.TextAt, v.Anchor = percent(at), anchor
	return v
}

// textPlace is where the text of a bar stands, and which end of it: within the bar, after it or before it, wherever
// there is most room.
func textPlace(x, width float64) (at float64, anchor string) {
	before, after := x, 100-x-width
	switch {
	case width >= max(before, after):
		return x, "start"
	case after >= before:
		return x + width, "start"
	}
	return x, "end"
}

func percent(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

func length(d time.Duration) string { return chart.Seconds.Format(d.Seconds()) }

// kindOf says what a step is, by its name.
func kindOf(name string) string {
	for _, kind := range []string{"wait", "work"} {
		if strings.HasPrefix(name, kind+" ") {
			return kind
		}
	}
	return "call"
}

func notes(s *Span) string {
	told := slices.Clone(s.Events[:min(len(s.Events), maxEvents)])
	if more := len(s.Events) - len(told); more > 0 {
		told = append(told, fmt.Sprintf("and %d events more", more))
	}
	if s.Error != "" {
		told = append(told, "error: "+s.Error)
	}
	return strings.Join(told, "; ")
}

// extent is from the beginning of the first span to the end of the last.
func extent(spans []Span) (from, to time.Duration) {
	from, to = spans[0].At, spans[0].At+spans[0].Length
	for i := range spans {
		from = min(from, spans[i].At)
		to = max(to, spans[i].At+spans[i].Length)
	}
	return from, to
}

// covered is the time during which any span of a kind went on.
func covered(spans []Span, kind string) time.Duration {
	var of []*Span
	for i := range spans {
		if kindOf(spans[i].Name) == kind {
			of = append(of, &spans[i])
		}
	}
	slices.SortFunc(of, earlier)
	var total, until time.Duration
	for i, s := range of {
		if i == 0 || s.At > until {
			until = s.At
		}
		if end := s.At + s.Length; end > until {
			total, until = total+end-until, end
		}
	}
	return total
}

func earlier(a, b *Span) int { return cmp.Compare(a.At, b.At) }

// A node is a span, and how many called it.
type node struct {
	span  *Span
	depth int
}

// nested orders spans so that each follows the one that called it, by time among equals. Spans whose
// caller is not there, or which call each other in a circle, come at the end.
func nested(spans []Span) []node {
	known, calls := map[string]bool{}, map[string][]*Span{}
	for i := range spans {
		known[spans[i].ID] = true
	}
	for i := range spans {
		s := &spans[i]
		parent := s.Parent
		if !known[parent] {
			parent = ""
		}
		calls[parent] = append(calls[parent], s)
	}
	var all []node
	seen := map[*Span]bool{}
	var walk func(of []*Span, depth int)
	walk = func(of []*Span, depth int) {
		slices.SortStableFunc(of, earlier)
		for _, s := range of {
			if seen[s] {
				continue
			}
			seen[s] = true
			all = append(all, node{s, depth})
			if s.ID != "" {
				walk(calls[s.ID], depth+1)
			}
		}
	}
	walk(calls[""], 0)
	for i := range spans {
		walk([]*Span{&spans[i]}, 0)
	}
	return all
}

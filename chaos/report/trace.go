package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"brownout/chaos/evidence"
)

// What is shown of traces at most.
const (
	maxTraces = 3 // of an arm
	maxSteps  = 60
	maxEvents = 8 // of a step
)

// A waterfall is a trace, its steps below each other, each where it was in time.
type waterfall struct {
	Arm   string
	ID    string
	Label string
	Head  string // when it began, how long it took, and how much of that was waiting and working
	Steps []step
	More  int
	Rows  int // its height, in rows
}

// A step is a span of a trace. X and Width are in percent.
type step struct {
	Service, Name string
	Depth         int
	Kind          string // "wait", "work" or "call"
	At, Length    string // since the trace began
	Notes         string // events, and the error
	Failed        bool

	Row, TextRow   string // in rows of the drawing
	X, Width       string
	TextAt, Anchor string
}

// waterfalls are the slowest traces of both arms.
func (r *Report) waterfalls() []waterfall {
	var all []waterfall
	for _, a := range r.arms() {
		n := 0
		for i := range a.Traces {
			if len(a.Traces[i].Spans) == 0 || n == maxTraces {
				continue
			}
			n++
			all = append(all, waterfallOf(a, &a.Traces[i]))
		}
	}
	return all
}

func waterfallOf(a *evidence.Arm, t *evidence.Trace) waterfall {
	whole := extent(t.Spans)
	took := max(whole.To-whole.From, time.Nanosecond)
	w := waterfall{Arm: a.Name, ID: clean(t.ID, maxName), More: max(len(t.Spans)-maxSteps, 0)}
	w.Head = fmt.Sprintf("%s, %s into the load: %s, of which %s working, %s waiting in queues, and the rest waiting for answers",
		clean(t.Spans[0].Name, maxName), length(whole.From), length(took), length(covered(t.Spans, "work")), length(covered(t.Spans, "wait")))
	w.Label = fmt.Sprintf("Waterfall of a request in the %s arm: %s. Its steps are in the table below.", a.Name, w.Head)
	for i, n := range nested(t.Spans) {
		if i == maxSteps {
			break
		}
		w.Steps = append(w.Steps, stepOf(n, i, whole))
	}
	w.Rows = len(w.Steps)
	return w
}

func percent(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// rowHeight is that of a step in a drawing, in heights of its letters.
const rowHeight = 1.7

func stepOf(n node, row int, whole evidence.Span) step {
	s := n.step
	part := 100 / max(whole.To-whole.From, time.Nanosecond).Seconds()
	x := (s.At - whole.From).Seconds() * part
	width := max(s.Length.Seconds()*part, 0)
	v := step{
		Service: clean(s.Service, maxName), Name: clean(s.Name, maxName), Depth: n.depth, Kind: kindOf(s.Name),
		At: length(s.At - whole.From), Length: length(s.Length), Notes: notes(s), Failed: s.Error != "",
		Row: percent(float64(row)*rowHeight + 0.1), TextRow: percent(float64(row)*rowHeight + 1.15),
		X: percent(x), Width: percent(max(width, 0.25)),
		TextAt: percent(x), Anchor: "start",
	}
	if x > 50 {
		v.TextAt, v.Anchor = percent(min(x+width, 100)), "end"
	}
	return v
}

// kindOf says what a step is, by its name.
func kindOf(name string) string {
	for _, kind := range []string{"wait", "work"} {
		if strings.HasPrefix(name, kind+" ") {
			return kind
		}
	}
	return "call"
}

func notes(s *evidence.Step) string {
	told, more := cleanAll(s.Events, maxEvents)
	if more > 0 {
		told = append(told, fmt.Sprintf("and %d events more", more))
	}
	if s.Error != "" {
		told = append(told, "error: "+clean(s.Error, maxText))
	}
	return strings.Join(told, "; ")
}

// extent is from the beginning of the first step to the end of the last.
func extent(steps []evidence.Step) evidence.Span {
	whole := evidence.Span{From: steps[0].At, To: steps[0].At + steps[0].Length}
	for i := range steps {
		whole.From = min(whole.From, steps[i].At)
		whole.To = max(whole.To, steps[i].At+steps[i].Length)
	}
	return whole
}

// covered is the time during which any step of a kind went on.
func covered(steps []evidence.Step, kind string) time.Duration {
	var of []evidence.Span
	for i := range steps {
		if kindOf(steps[i].Name) == kind {
			of = append(of, evidence.Span{From: steps[i].At, To: steps[i].At + steps[i].Length})
		}
	}
	slices.SortFunc(of, func(a, b evidence.Span) int { return cmp.Compare(a.From, b.From) })
	var total, until time.Duration
	for i, s := range of {
		if i == 0 || s.From > until {
			until = s.From
		}
		if s.To > until {
			total, until = total+s.To-until, s.To
		}
	}
	return total
}

// A node is a step, and how many called it.
type node struct {
	step  *evidence.Step
	depth int
}

// nested orders steps so that each follows the one that called it, by time among equals. Steps
// whose caller is not there, or which call each other in a circle, come at the end.
func nested(steps []evidence.Step) []node {
	known, calls := map[string]bool{}, map[string][]*evidence.Step{}
	for i := range steps {
		known[steps[i].ID] = true
	}
	for i := range steps {
		s := &steps[i]
		parent := s.Parent
		if !known[parent] {
			parent = ""
		}
		calls[parent] = append(calls[parent], s)
	}
	var all []node
	seen := map[*evidence.Step]bool{}
	var walk func(of []*evidence.Step, depth int)
	walk = func(of []*evidence.Step, depth int) {
		slices.SortStableFunc(of, func(a, b *evidence.Step) int { return cmp.Compare(a.At, b.At) })
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
	for i := range steps {
		walk([]*evidence.Step{&steps[i]}, 0)
	}
	return all
}

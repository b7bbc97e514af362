package evidence

import "time"

// The arms of a drill.
const (
	Off = "off" // without the protections that the drill is about
	On  = "on"  // with them
)

// A Run is what one run of a drill left behind.
type Run struct {
	Drill    string            `json:"drill"`
	Pace     string            `json:"pace"` // quick or demo
	Seed     uint64            `json:"seed"`
	Started  time.Time         `json:"started"`
	Versions map[string]string `json:"versions,omitempty"` // of the program, of Go, of Redis, of the machine

	Wanted      []string        `json:"wanted,omitempty"` // the arms that were to be run; none means both
	Calibration Calibration     `json:"calibration"`
	Arms        map[string]*Arm `json:"arms"`
	// Constants are numbers of the drill's file that its formulas use, by name.
	Constants map[string]float64 `json:"constants,omitempty"`
}

// A Calibration is the capacity of what the drill will overload, measured in the same run.
type Calibration struct {
	Of       string  `json:"of,omitempty"`       // what was measured; "" if nothing was
	Capacity float64 `json:"capacity,omitempty"` // requests a second
	Expected float64 `json:"expected,omitempty"` // workers ÷ service time; 0 if it is not known
}

// A Span is a stretch of an arm. Times count from when its load began.
type Span struct {
	From time.Duration `json:"from_ns"`
	To   time.Duration `json:"to_ns"`
}

// Holds says whether a time is within the span.
func (s Span) Holds(at time.Duration) bool { return s.From <= at && at < s.To }

// An Arm is one of the two.
type Arm struct {
	Name     string    `json:"name"`
	Disabled []string  `json:"disabled"` // protections that were off
	Started  time.Time `json:"started"`  // when its load began
	Length   Span      `json:"length"`   // of its load
	Baseline Span      `json:"baseline"` // before anything is done to it
	Patience Patience  `json:"patience"`

	Windows []Window           `json:"windows"`
	Faults  []Fault            `json:"faults"`
	Queries map[string][]Graph `json:"queries,omitempty"` // by the expression that was asked
	Books   []Invariant        `json:"books"`             // what the audit said
	Turns   []LongTurn         `json:"long_turns,omitempty"`
	Traces  []Trace            `json:"traces,omitempty"` // the slowest
	// Machine is nil if it is not known what is the lab's own of what the machine did.
	Machine *Machine `json:"machine,omitempty"`

	// Before and After say what was wrong with the shop then; "" is nothing.
	Before string `json:"unhealthy_before,omitempty"`
	After  string `json:"unhealthy_after,omitempty"`
	// Failed says why the arm could not be run to its end; "" if it could.
	Failed string `json:"failed,omitempty"`
}

// LastFault returns when the last fault ended, and whether there was any.
func (a *Arm) LastFault() (end time.Duration, any bool) {
	for _, f := range a.Faults {
		end, any = max(end, f.Active.To), true
	}
	return end, any
}

// A Fault is one that was injected, and what it did.
type Fault struct {
	ID     string            `json:"id"`
	Kind   string            `json:"kind"` // "bank.slow"
	On     string            `json:"on"`   // the process, or the link
	Params map[string]string `json:"params,omitempty"`
	Active Span              `json:"active"`
	Hits   int64             `json:"hits"`
	Ended  bool              `json:"ended"`           // it was seen to be inactive afterwards
	Err    string            `json:"error,omitempty"` // why it could not be injected
	// NoHits says that the kind has nothing to count, such as a kill: to have been injected
	// is its hit.
	NoHits bool `json:"no_hits,omitempty"`
}

// GraphStep is how far apart the points of a Graph are. Where there is none, it had no value.
const GraphStep = 500 * time.Millisecond

// A Graph is a metric over time.
type Graph struct {
	Labels map[string]string `json:"labels,omitempty"`
	Points []Point           `json:"points"`
}

// A Point is a value at a time.
type Point struct {
	At    time.Duration `json:"at_ns"` // since the load began
	Value float64       `json:"value"`
}

// An Invariant is one of the audit's.
type Invariant struct {
	Name       string   `json:"name"`
	Text       string   `json:"text"`
	Holds      bool     `json:"holds"`
	NotChecked string   `json:"not_checked,omitempty"` // why; it then counts as held
	Violations []string `json:"violations,omitempty"`
}

// A LongTurn is a turn of a loop that did not end in time, with its culprit.
type LongTurn struct {
	Service string        `json:"service"`
	At      time.Duration `json:"at_ns"`
	Name    string        `json:"name"` // of the callback or task
	Phase   string        `json:"phase"`
	Age     time.Duration `json:"age_ns"`
	Stack   string        `json:"stack,omitempty"`
}

// A Trace is one request's way through the services.
type Trace struct {
	ID    string `json:"id"`
	Spans []Step `json:"spans"` // the root first
}

// A Step is a span of a trace. Names that begin with "wait " are waiting, with "work " are
// working.
type Step struct {
	ID      string        `json:"id"`
	Parent  string        `json:"parent,omitempty"`
	Service string        `json:"service"`
	Name    string        `json:"name"`
	At      time.Duration `json:"at_ns"` // since the load began
	Length  time.Duration `json:"length_ns"`
	Events  []string      `json:"events,omitempty"`
	Error   string        `json:"error,omitempty"`
}

package dashboards

import "math"

// A Dashboard is what is looked at together.
type Dashboard struct {
	Name        string // of its file, without the extension; Grafana knows it as "brownout-" + Name
	Title       string
	Description string
	Variables   []Variable
	Rows        []Row
}

// A Variable narrows a dashboard down. In expressions it is a regular expression: $job.
type Variable struct {
	Name  string // without the dollar
	Label string // for people
	Query string // what Grafana asks for the values there are
}

// A Row is panels that answer one question, which is its title.
type Row struct {
	Title  string
	Panels []Panel
}

// A Kind says what a panel looks like, in Grafana's words.
type Kind string

// The kinds that there are here. A file that is read may have others.
const (
	Graph  Kind = "timeseries"
	Stat   Kind = "stat"           // the latest value
	States Kind = "state-timeline" // a band for each line, its colour the value's
	Text   Kind = "text"           // Markdown
)

// Units of values, in Grafana's words.
const (
	Count          = "short"
	Seconds        = "s"
	Share          = "percentunit" // from 0 to 1
	Bytes          = "bytes"
	BytesPerSecond = "binBps"
	PerSecond      = "ops"
)

// A Panel is one thing to look at.
type Panel struct {
	ID          int // unique in its dashboard
	Kind        Kind
	Title       string
	Description string // what to look for
	Unit        string
	Log         bool // a logarithmic scale
	Stacked     bool // lines stand on each other
	Targets     []Target
	Thresholds  []Threshold // ascending
	Mappings    []Mapping   // ascending
	Runbooks    []string    // names
	Content     string      // of a text, in Markdown
	Grid        Grid

	// Quiet says when the panel has no data; nil means never. It is not in the file, but its
	// reason is in the description there.
	Quiet *Quiet
}

// A Target is a question to Prometheus.
type Target struct {
	Expr   string // with Grafana's variables in it; see Expand
	Legend string // of its lines, with labels in it: "{{job}}"; see Name
}

// A Threshold is where values begin to have a level; that of the lowest begins at -∞.
type Threshold struct {
	At    float64
	Level Level
}

// A Mapping gives a value a name.
type Mapping struct {
	Value float64
	Text  string
	Level Level
}

// A Level says how something stands.
type Level string

// The levels.
const (
	Plain Level = ""
	Good  Level = "good"
	Warn  Level = "warn"
	Bad   Level = "bad"
)

// A Grid is a place on a page that is 24 wide.
type Grid struct{ X, Y, W, H int }

// Columns is how wide a page is.
const Columns = 24

// A Quiet says when a panel has no data, and what gives it some.
type Quiet struct {
	Reason string // completes "No data ..."
	// Fault is injected into the part On, with Params; or the protection Off of that part is
	// switched off. Then there must be data.
	Fault  string
	Params map[string]string
	Off    string
	On     string
}

// Level returns the level of a value; Plain if nothing is said about it.
func (p *Panel) Level(v float64) Level {
	level := Plain
	for _, t := range p.Thresholds {
		if v >= t.At {
			level = t.Level
		}
	}
	return level
}

// Text returns the name of a value and its level; "" if it has none.
func (p *Panel) Text(v float64) (string, Level) {
	for _, m := range p.Mappings {
		if m.Value == v {
			return m.Text, m.Level
		}
	}
	return "", Plain
}

// Panels are those of all rows.
func (d *Dashboard) Panels() []Panel {
	var all []Panel
	for _, r := range d.Rows {
		all = append(all, r.Panels...)
	}
	return all
}

// lowest is where the first threshold begins.
func lowest() float64 { return math.Inf(-1) }

package evidence

import (
	"slices"
	"time"
)

// WindowLength is how long a Window is.
const WindowLength = time.Second

// A Tally is what came of the requests of one route that were due in a window. Of a request
// whose client tried again all attempts are told, but it is scheduled once and good at most
// once.
type Tally struct {
	Scheduled    int64 `json:"scheduled"`
	Good         int64 `json:"good"` // acknowledged within the client's patience
	Acknowledged int64 `json:"acknowledged"`
	Refused      int64 `json:"refused"`
	Unknown      int64 `json:"unknown"`
	Unsent       int64 `json:"unsent"`
	Attempts     int64 `json:"attempts"` // sent, the first included

	Latency Histogram `json:"latency"` // from when it was due, of what was sent and not refused
	Refusal Histogram `json:"refusal"` // from when it was sent, of what was refused
}

// Merge adds another tally.
func (t *Tally) Merge(other *Tally) {
	t.Scheduled += other.Scheduled
	t.Good += other.Good
	t.Acknowledged += other.Acknowledged
	t.Refused += other.Refused
	t.Unknown += other.Unknown
	t.Unsent += other.Unsent
	t.Attempts += other.Attempts
	t.Latency.Merge(other.Latency)
	t.Refusal.Merge(other.Refusal)
}

// A Window is what came of the requests that were due in one second, by route; those of a tenant
// that is told apart have routes of their own, as in checkout@t-1.
type Window struct {
	Start  time.Duration     `json:"start_ns"` // since the load began
	Routes map[string]*Tally `json:"routes"`
}

// A Patience is how long the client of each route waits for an answer that is of use to it;
// Default is that of routes which are not named.
type Patience struct {
	Default time.Duration            `json:"default_ns"`
	Routes  map[string]time.Duration `json:"routes_ns,omitempty"`
}

// Of returns a route's.
func (p Patience) Of(route string) time.Duration {
	if d, ok := p.Routes[route]; ok {
		return d
	}
	return p.Default
}

// A Digest folds samples into windows. Make one with NewDigest.
type Digest struct {
	began    time.Time
	patience Patience
	apart    []string
	windows  []Window
}

// MaxWindows bounds a digest; later samples count in its last window.
const MaxWindows = 24 * 60 * 60

// NewDigest returns the digest of a load that began at a time. It tells the requests of some
// tenants apart from those of all others.
func NewDigest(began time.Time, p Patience, apart ...string) *Digest {
	return &Digest{began: began, patience: p, apart: apart}
}

// Add counts a sample.
func (d *Digest) Add(s *Sample) {
	t := d.tally(s)
	if s.Attempt <= 1 {
		t.Scheduled++
	}
	if s.Outcome == Unsent {
		t.Unsent++
		return
	}
	t.Attempts++
	switch s.Outcome {
	case Refused:
		t.Refused++
		t.Refusal.Add(s.Latency - s.Sent.Sub(s.Intended))
		return
	case Acknowledged:
		t.Acknowledged++
		if s.Latency <= d.patience.Of(s.Route) {
			t.Good++
		}
	default:
		t.Unknown++
	}
	t.Latency.Add(s.Latency)
}

// tally returns where a sample counts.
func (d *Digest) tally(s *Sample) *Tally {
	at := min(max(int(s.Intended.Sub(d.began)/WindowLength), 0), MaxWindows-1)
	for len(d.windows) <= at {
		d.windows = append(d.windows, Window{Start: time.Duration(len(d.windows)) * WindowLength, Routes: map[string]*Tally{}})
	}
	routes, name := d.windows[at].Routes, d.name(s)
	if routes[name] == nil {
		routes[name] = &Tally{}
	}
	return routes[name]
}

// name is the route that a sample counts as.
func (d *Digest) name(s *Sample) string {
	if slices.Contains(d.apart, s.Tenant) {
		return s.Route + "@" + s.Tenant
	}
	return s.Route
}

// Windows returns what the samples add up to, second by second.
func (d *Digest) Windows() []Window { return d.windows }

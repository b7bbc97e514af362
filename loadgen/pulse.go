package loadgen

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"brownout/chaos/evidence"
)

// A Pulse is what ended in a process within a second or so, for another one that shows what comes of
// several.
type Pulse struct {
	Routes map[string]RoutePulse `json:"routes,omitempty"` // those of which something ended
	// LateStarts are how many began more than 10 ms after they were due.
	LateStarts int64 `json:"late_starts,omitempty"`
}

// A RoutePulse is that of one route. What was refused is counted by its histogram alone.
type RoutePulse struct {
	Scheduled int64 `json:"scheduled"` // of all that follow, first attempts
	Good      int64 `json:"good"`      // acknowledged within the client's patience
	Late      int64 `json:"late,omitempty"`
	Unknown   int64 `json:"unknown,omitempty"`
	Unsent    int64 `json:"unsent,omitempty"`
	// Served has the latencies of what was acknowledged or unknown, and Refused those of what was
	// refused, encoded as in Row.
	Served  string `json:"served,omitempty"`
	Refused string `json:"refused,omitempty"`
}

// Pulses is a Watcher that tells a Pulse each second.
type Pulses struct {
	patience   evidence.Patience
	tell       func(func() Pulse) bool
	routes     map[string]*routeBeat
	lateStarts int64
}

// NewPulses returns what tells pulses of clients that have some patience. What tell refuses is in the next pulse. To encode one takes
// longer than a load may wait: tell only takes what does that, once, in any goroutine.
func NewPulses(p evidence.Patience, tell func(encoded func() Pulse) bool) *Pulses {
	return &Pulses{patience: p, tell: tell, routes: map[string]*routeBeat{}}
}

// Add counts a sample into the next pulse.
func (p *Pulses) Add(sample *evidence.Sample) {
	if sample.Outcome != evidence.Unsent && sample.Attempt <= 1 && sample.Sent.Sub(sample.Intended) > lateStart {
		p.lateStarts++
	}
	p.route(sample.Route).add(sample, p.patience)
}

func (p *Pulses) route(name string) *routeBeat {
	if b := p.routes[name]; b != nil {
		return b
	}
	if len(p.routes) >= maxRoutes && name != others {
		return p.route(others)
	}
	p.routes[name] = &routeBeat{}
	return p.routes[name]
}

// Tick tells a pulse.
func (p *Pulses) Tick(time.Time) {
	beats, lateStarts := p.routes, p.lateStarts
	if !p.tell(func() Pulse { return pulseOf(beats, lateStarts) }) {
		return
	}
	p.routes, p.lateStarts = map[string]*routeBeat{}, 0
	for name := range beats {
		p.routes[name] = &routeBeat{} // so that the same routes have names of their own
	}
}

func pulseOf(beats map[string]*routeBeat, lateStarts int64) Pulse {
	pulse := Pulse{Routes: map[string]RoutePulse{}, LateStarts: lateStarts}
	for name, b := range beats {
		if told := b.told(); told != (RoutePulse{}) {
			pulse.Routes[name] = told
		}
	}
	return pulse
}

// End does nothing: whoever is told knows of the interrupt.
func (p *Pulses) End() {}

// Close does nothing: Rest has what no pulse has told.
func (p *Pulses) Close() {}

// Rest returns what no pulse has told, once nothing more is added.
func (p *Pulses) Rest() Pulse { return pulseOf(p.routes, p.lateStarts) }

// A routeBeat is what ended lately of a route.
type routeBeat struct {
	counts          RoutePulse              // but for its histograms
	served, refused *hdrhistogram.Histogram // nil if nothing is in them
}

func (b *routeBeat) add(sample *evidence.Sample, p evidence.Patience) {
	c, latency := &b.counts, &b.served
	if sample.Attempt <= 1 {
		c.Scheduled++
	}
	switch {
	case sample.Outcome == evidence.Unsent:
		c.Unsent++
		return
	case sample.Outcome == evidence.Refused:
		latency = &b.refused
	case sample.Outcome != evidence.Acknowledged:
		c.Unknown++
	case sample.Latency > p.Of(sample.Route):
		c.Late++
	default:
		c.Good++
	}
	if *latency == nil {
		*latency = newLatencies()
	}
	_ = (*latency).RecordValue(clamp(sample.Latency)) // fails outside the bounds only
}

func (b *routeBeat) told() RoutePulse {
	told := b.counts
	told.Served, told.Refused = encode(b.served), encode(b.refused)
	return told
}

// A readPulse is that of a route, with its histograms; nil where there is none.
type readPulse struct {
	RoutePulse
	served, refused *hdrhistogram.Histogram
}

// read reads the routes of a pulse. An error says what is wrong with it.
func (p Pulse) read() (map[string]readPulse, error) {
	if p.LateStarts < 0 || len(p.Routes) > maxRoutes+1 {
		return nil, fmt.Errorf("a pulse of %d routes and %d late starts", len(p.Routes), p.LateStarts)
	}
	all := map[string]readPulse{}
	for name, r := range p.Routes {
		read, err := r.read()
		if err != nil {
			return nil, fmt.Errorf("a pulse: route %.64q has %w", name, err)
		}
		all[name] = read
	}
	return all, nil
}

func (r RoutePulse) read() (read readPulse, err error) {
	read.RoutePulse = r
	if read.served, err = decode(r.Served); err != nil {
		return read, err
	}
	if read.refused, err = decode(r.Refused); err != nil {
		return read, err
	}
	if min(r.Scheduled, r.Good, r.Late, r.Unknown, r.Unsent) < 0 || r.Good+r.Late+r.Unknown != total(read.served) {
		return read, errCounts
	}
	return read, nil
}

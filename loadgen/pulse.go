package loadgen

import (
	"errors"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"brownout/chaos/evidence"
)

// A Pulse is what ended in a process within a second, for another one that shows the progress of
// several.
type Pulse struct {
	Ended  int64 `json:"ended"`
	Done   int64 `json:"done"` // of these, acknowledged
	Unsent int64 `json:"unsent"`
	// Histogram has the latencies of all that was sent, encoded as in Row.
	Histogram string `json:"histogram,omitempty"`
}

// Pulses is a Watcher that tells a Pulse each second.
type Pulses struct {
	tell func(Pulse)
	beat beat
}

// NewPulses returns what tells pulses.
func NewPulses(tell func(Pulse)) *Pulses { return &Pulses{tell: tell, beat: newBeat()} }

// Add counts a sample into the next pulse.
func (p *Pulses) Add(sample *evidence.Sample) { p.beat.add(sample) }

// Tick tells a pulse.
func (p *Pulses) Tick(time.Time) {
	p.tell(p.beat.pulse())
	p.beat.reset()
}

// End does nothing: whoever is told knows of the interrupt.
func (p *Pulses) End() {}

// Close does nothing: the report has what no pulse has told.
func (p *Pulses) Close() {}

// A beat is what ended lately.
type beat struct {
	ended, done, unsent int64
	latency             *hdrhistogram.Histogram
}

func newBeat() beat { return beat{latency: hdrhistogram.New(shortest, longest, precision)} }

func (b *beat) add(sample *evidence.Sample) {
	b.ended++
	switch sample.Outcome {
	case evidence.Unsent:
		b.unsent++
		return
	case evidence.Acknowledged:
		b.done++
	}
	_ = b.latency.RecordValue(clamp(sample.Latency)) // fails outside the bounds only
}

func (b *beat) pulse() Pulse {
	return Pulse{Ended: b.ended, Done: b.done, Unsent: b.unsent, Histogram: encode(b.latency)}
}

func (b *beat) merge(p Pulse) error {
	latency, err := decode(p.Histogram)
	switch {
	case err != nil:
		return err
	case min(p.Ended, p.Done, p.Unsent) < 0:
		return errors.New("a pulse whose counts are below nought")
	}
	b.ended, b.done, b.unsent = b.ended+p.Ended, b.done+p.Done, b.unsent+p.Unsent
	if latency != nil {
		b.latency.Merge(latency) // both have the same bounds, so nothing is dropped
	}
	return nil
}

func (b *beat) reset() {
	b.ended, b.done, b.unsent = 0, 0, 0
	b.latency.Reset()
}

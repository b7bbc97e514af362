package loadgen

import (
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"brownout/chaos/evidence"
)

// A Progress tells, once a second, how a run goes: on a terminal in a line that it writes
// over, elsewhere in a new line each time. One goroutine may use it at a time. What it
// cannot write is lost.
type Progress struct {
	out     io.Writer
	live    bool
	start   time.Time
	length  time.Duration
	width   int // of the line that is to be written over
	samples int64
	done    int64
	unsent  int64
	latency *hdrhistogram.Histogram
}

// NewProgress returns the progress of a run of a length that starts now.
func NewProgress(out io.Writer, live bool, length time.Duration) *Progress {
	latency := hdrhistogram.New(shortest, longest, precision)
	return &Progress{out: out, live: live, start: time.Now(), length: length, latency: latency}
}

// Add counts a sample into the next line.
func (p *Progress) Add(sample *evidence.Sample) {
	p.samples++
	switch sample.Outcome {
	case evidence.Unsent:
		p.unsent++
		return
	case evidence.Acknowledged:
		p.done++
	}
	_ = p.latency.RecordValue(clamp(sample.Latency)) // fails outside the bounds only
}

// Tick writes a line about what was added since the last one.
func (p *Progress) Tick(now time.Time) {
	elapsed := now.Sub(p.start).Round(time.Second)
	line := fmt.Sprintf("%v of %v: nothing ended", elapsed, p.length)
	if p.samples > 0 {
		quantile := func(percentile float64) string { return short(time.Duration(p.latency.ValueAtPercentile(percentile))) }
		line = fmt.Sprintf("%v of %v: %d ended, %d acknowledged, %d unsent, p50 %s, p99 %s",
			elapsed, p.length, p.samples, p.done, p.unsent, quantile(50), quantile(99))
	}
	p.write(line)
	p.samples, p.done, p.unsent = 0, 0, 0
	p.latency.Reset()
}

func (p *Progress) write(line string) {
	if !p.live {
		fmt.Fprintln(p.out, line)
		return
	}
	fmt.Fprintf(p.out, "\r%-*s", p.width, line)
	p.width = len(line)
}

// Close removes a line that would be written over, so that other output can follow.
func (p *Progress) Close() {
	if p.live && p.width > 0 {
		fmt.Fprintf(p.out, "\r%*s\r", p.width, "")
	}
}

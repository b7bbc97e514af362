package loadgen

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"brownout/chaos/evidence"
)

// A Progress tells, once a second, how a run goes: on a terminal in a line that it writes
// over, elsewhere in a new line each time. One goroutine may use it at a time. What it
// cannot write is lost.
type Progress struct {
	out    io.Writer
	width  func() int // nil if it is no terminal
	drawn  bool       // a line is there that is to be written over
	start  time.Time
	length time.Duration
	ending bool
	beat   beat
}

// NewProgress returns the progress of a run of a length that starts now. Width returns the
// columns of the terminal that out is, 0 if they are not known; nil says that it is none.
func NewProgress(out io.Writer, width func() int, length time.Duration) *Progress {
	return &Progress{out: out, width: width, start: time.Now(), length: length, beat: beat{latency: newLatencies()}}
}

// Add counts a sample into the next line.
func (p *Progress) Add(sample *evidence.Sample) { p.beat.add(sample) }

// Merge counts into the next line what another process tells. An error says what is wrong with that.
func (p *Progress) Merge(pulse Pulse) error { return p.beat.merge(pulse) }

// Tick writes a line about what was added since the last one.
func (p *Progress) Tick(now time.Time) {
	if p.ending && p.width != nil {
		return
	}
	p.write(p.figures(now.Sub(p.start).Round(time.Second)))
	p.beat.reset()
}

// figures are what a line tells, the most important first.
func (p *Progress) figures(elapsed time.Duration) []string {
	b := &p.beat
	if b.ended == 0 {
		return []string{fmt.Sprintf("%v of %v: nothing ended", elapsed, p.length)}
	}
	quantile := func(percentile float64) string { return short(time.Duration(b.latency.ValueAtPercentile(percentile))) }
	return []string{
		fmt.Sprintf("%v of %v: %d ended", elapsed, p.length, b.ended),
		fmt.Sprintf("%d acknowledged", b.done),
		fmt.Sprintf("%d unsent", b.unsent),
		"p50 " + quantile(50),
		"p99 " + quantile(99),
	}
}

const (
	usualWidth = 80 // columns of a terminal that does not say how many it has
	// echoWidth is what a terminal shows of Ctrl-C, ^C, and the last column, behind which
	// some begin a new line.
	echoWidth = 3
	clearLine = "\r\x1b[K" // the line, from its beginning
)

func (p *Progress) write(figures []string) {
	if p.width == nil {
		fmt.Fprintln(p.out, strings.Join(figures, ", "))
		return
	}
	columns := p.width()
	if columns <= 0 {
		columns = usualWidth
	}
	fmt.Fprint(p.out, clearLine, fit(figures, columns-echoWidth))
	p.drawn = true
}

// fit joins as many figures as there is room for, or cuts the first one off.
func fit(figures []string, columns int) string {
	for n := len(figures); n > 0; n-- {
		if line := strings.Join(figures[:n], ", "); len(line) <= columns { // ASCII, but for a µ
			return line
		}
	}
	return figures[0][:min(max(columns, 0), len(figures[0]))]
}

// Interrupted is what is said of a first interrupt.
const Interrupted = "interrupted: waiting for answers; once more, and it ends at once"

// End says that nothing more is sent, and what the run waits for. A terminal shows no
// figures from then on, so that whatever ends the process leaves it clean.
func (p *Progress) End() {
	p.Close()
	p.ending = true
	fmt.Fprintln(p.out, Interrupted)
}

// Close removes a line that would be written over, so that other output can follow.
func (p *Progress) Close() {
	if p.drawn {
		fmt.Fprint(p.out, clearLine)
		p.drawn = false
	}
}

// A beat is what ended lately.
type beat struct {
	ended, done, unsent int64
	latency             *hdrhistogram.Histogram
}

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

func (b *beat) merge(p Pulse) error {
	routes, err := p.read()
	for _, r := range routes {
		done := r.Good + r.Late
		b.ended += done + r.Unknown + r.Unsent + total(r.refused)
		b.done += done
		b.unsent += r.Unsent
		mergeInto(b.latency, r.served)
		mergeInto(b.latency, r.refused)
	}
	return err
}

func (b *beat) reset() {
	b.ended, b.done, b.unsent = 0, 0, 0
	b.latency.Reset()
}

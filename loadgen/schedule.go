package loadgen

import (
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"brownout/chaos/evidence"
)

// A Schedule says how well a generator followed its schedule: how long after they were due its requests left, or
// began to wait for a connection. It is the generator's own doing, and part of all latencies.
type Schedule struct {
	Sent   float64 `json:"sent"`        // the share of what came due that was sent, from 0 to 1
	Prompt float64 `json:"within_1_ms"` // the share of what was sent that left within a millisecond

	P50 time.Duration `json:"late_p50_ns"`
	P95 time.Duration `json:"late_p95_ns"`
	P99 time.Duration `json:"late_p99_ns"`
	Max time.Duration `json:"late_max_ns"`

	// Behind says that it fell behind: it sent less than 95 % of its schedule, or less than 95 % of
	// that within a millisecond.
	Behind bool `json:"behind,omitempty"`

	// Histogram has how late each request left, encoded as in Row.
	Histogram string `json:"histogram,omitempty"`
}

const (
	prompt    = time.Millisecond // how late a request may leave that counts as sent in time
	keptShare = 0.95             // of a schedule, by which it was followed
)

// String says it on a line.
func (s *Schedule) String() string {
	by := func(late time.Duration) string { return short(late.Round(time.Microsecond)) }
	text := fmt.Sprintf("schedule: %s left within 1 ms, late by p50 %s, p95 %s, p99 %s, max %s",
		percent(s.Prompt), by(s.P50), by(s.P95), by(s.P99), by(s.Max))
	switch {
	case s.Sent < keptShare:
		return fmt.Sprintf("%s; fell behind: %s of what came due was sent", text, percent(s.Sent))
	case s.Behind:
		return text + "; fell behind, which is in all latencies"
	}
	return text
}

// A lateness counts how late requests leave. Further attempts have no place in the schedule.
type lateness struct {
	prompt, sent int64
	late         *hdrhistogram.Histogram // ns; made with the first sample
}

func (l *lateness) add(sample *evidence.Sample) {
	if sample.Outcome == evidence.Unsent || sample.Attempt > 1 {
		return
	}
	if l.late == nil {
		l.late = newLatencies()
	}
	late := sample.Sent.Sub(sample.Intended)
	l.sent++
	if late <= prompt {
		l.prompt++
	}
	_ = l.late.RecordValue(clamp(late)) // fails outside the bounds only
}

// schedule returns what that says, of a load with this total; nil if nothing was sent.
func (l *lateness) schedule(total Row) *Schedule {
	if l.sent == 0 {
		return nil
	}
	at := func(percentile float64) time.Duration { return time.Duration(l.late.ValueAtPercentile(percentile)) }
	s := &Schedule{
		Sent:   float64(l.sent) / float64(total.Scheduled),
		Prompt: float64(l.prompt) / float64(l.sent),
		P50:    at(50), P95: at(95), P99: at(99), Max: time.Duration(l.late.Max()),
		Histogram: encode(l.late),
	}
	s.Behind = s.Sent < keptShare || s.Prompt < keptShare
	return s
}

// lateness is what a schedule was made of; nothing if there is none.
func (s *Schedule) lateness() (l lateness, err error) {
	if s == nil {
		return l, nil
	}
	l.late, err = decode(s.Histogram)
	switch {
	case err != nil:
		return l, fmt.Errorf("the schedule has %w", err)
	case l.late == nil:
		return l, fmt.Errorf("the schedule: %w", errNoHistogram)
	case !(s.Prompt >= 0 && s.Prompt <= 1):
		return l, fmt.Errorf("the schedule: %w", errCounts)
	}
	l.sent = l.late.TotalCount()
	l.prompt = int64(math.Round(s.Prompt * float64(l.sent)))
	return l, nil
}

// merge adds another lateness.
func (l *lateness) merge(other lateness) {
	if other.late == nil {
		return
	}
	if l.late == nil {
		l.late = newLatencies()
	}
	l.prompt, l.sent = l.prompt+other.prompt, l.sent+other.sent
	mergeInto(l.late, other.late)
}

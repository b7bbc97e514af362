package loadgen_test

import (
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// late adds samples that left so late, and others that were not sent.
func late(summary *loadgen.Summary, sent int, by time.Duration, unsent int) {
	due := time.Unix(1, 0)
	for range sent {
		summary.Add(&evidence.Sample{Intended: due, Sent: due.Add(by), Outcome: evidence.Acknowledged})
	}
	for range unsent {
		summary.Add(&evidence.Sample{Intended: due, Outcome: evidence.Unsent})
	}
}

func TestAReportSaysHowLateRequestsLeft(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name                 string
		prompt, late, unsent int
		want                 string
	}{
		{"in time", 100, 0, 0, "schedule: 100.00% left within 1 ms, late by p50 1ms, p95 1ms, p99 1ms, max 1ms"},
		{"nearly", 95, 5, 5, "schedule: 95.00% left within 1 ms, late by p50 1ms, p95 1ms, p99 5ms, max 5ms"},
		{"late", 90, 10, 0, "schedule: 90.00% left within 1 ms, late by p50 1ms, p95 5ms, p99 5ms, max 5ms; fell behind, which is in all latencies"},
		{"not sent", 90, 0, 10, "schedule: 100.00% left within 1 ms, late by p50 1ms, p95 1ms, p99 1ms, max 1ms; fell behind: 90.00% of what came due was sent"},
	} {
		var summary loadgen.Summary
		late(&summary, tt.prompt, ms, tt.unsent)
		late(&summary, tt.late, 5*ms, 0)
		summary.Add(&evidence.Sample{Sent: time.Unix(1000, 0), Attempt: 2, Outcome: evidence.Refused}) // has no place in it
		if got := summary.Close(time.Second).Schedule.String(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestWithoutARequestThereIsNoSchedule(t *testing.T) {
	var summary loadgen.Summary
	late(&summary, 0, 0, 3)
	if got := summary.Close(time.Second).Schedule; got != nil {
		t.Error(got)
	}
}

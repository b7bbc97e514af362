package loadgen_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

func TestSummaryCounts(t *testing.T) {
	var summary loadgen.Summary
	for i := range 100 {
		sample := evidence.Sample{Route: "browse", Outcome: evidence.Acknowledged, Latency: time.Duration(i+1) * time.Millisecond}
		summary.Add(&sample)
	}
	for _, sample := range []evidence.Sample{
		{Route: "checkout", Outcome: evidence.Refused, Error: "overloaded", Latency: time.Millisecond},
		{Route: "checkout", Outcome: evidence.Unknown, Error: "timeout", Latency: 5 * time.Minute},
		{Route: "checkout", Outcome: evidence.Unsent, Error: "late"},
		{Route: "checkout", Outcome: evidence.Acknowledged, Latency: 2 * time.Millisecond},
	} {
		summary.Add(&sample)
	}
	report := summary.Close(10 * time.Second)
	checkout := report.Routes[1]
	if report.Total.Scheduled != 104 || report.Total.Sent != 103 || report.Total.Rate != 10.3 || report.Total.Throughput != 10.1 {
		t.Errorf("total %+v", report.Total)
	}
	if checkout.Errors != 0.75 || checkout.Latency.Max.Round(time.Second) != time.Minute || checkout.Codes["late"] != 1 || checkout.Latency.P50.Round(time.Millisecond) != 2*time.Millisecond {
		t.Errorf("checkout %+v", checkout)
	}
	browse := report.Routes[0].Latency
	for _, tt := range []struct {
		name      string
		got, want time.Duration
	}{{"p50", browse.P50, 50}, {"p90", browse.P90, 90}, {"p99", browse.P99, 99}, {"p99.9", browse.P999, 100}, {"max", browse.Max, 100}} {
		if want := tt.want * time.Millisecond; (tt.got - want).Abs() > want/500 {
			t.Errorf("%s is %v, want %v", tt.name, tt.got, want)
		}
	}
}

func TestSummaryIsBounded(t *testing.T) {
	var summary loadgen.Summary
	for i := range 1000 {
		summary.Add(&evidence.Sample{Route: fmt.Sprint("route ", i), Outcome: evidence.Refused, Error: "same"})
		summary.Add(&evidence.Sample{Route: "route 0", Outcome: evidence.Refused, Error: fmt.Sprint("error ", i)})
	}
	report := summary.Close(time.Second)
	if len(report.Routes) != 33 || report.Routes[0].Route != "(other)" || report.Routes[0].Scheduled != 1000-32 {
		t.Errorf("%d routes, the first %+v", len(report.Routes), report.Routes[0])
	}
	for _, row := range append(report.Routes, report.Total) {
		if len(row.Codes) > 33 {
			t.Errorf("%s: %d codes", row.Route, len(row.Codes))
		}
	}
}

func TestRoutesAddUpToTheTotal(t *testing.T) {
	outcomes := []evidence.Outcome{evidence.Acknowledged, evidence.Refused, evidence.Unknown, evidence.Unsent}
	rapid.Check(t, func(t *rapid.T) {
		var summary loadgen.Summary
		n := rapid.IntRange(0, 50).Draw(t, "samples")
		for range n {
			summary.Add(&evidence.Sample{
				Route:   rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "route"),
				Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome"),
				Latency: time.Duration(rapid.Int64().Draw(t, "latency")),
			})
		}
		report := summary.Close(time.Second)
		var sum loadgen.Row
		for _, row := range report.Routes {
			sum.Scheduled += row.Scheduled
			sum.Sent += row.Sent
			sum.Acknowledged += row.Acknowledged
		}
		total := report.Total
		if total.Scheduled != int64(n) || sum.Scheduled != total.Scheduled || sum.Sent != total.Sent || sum.Acknowledged != total.Acknowledged {
			t.Fatalf("routes %+v, total %+v", report.Routes, total)
		}
	})
}

func TestReportsSurviveJSON(t *testing.T) {
	written := example()
	var text bytes.Buffer
	if err := written.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	var read loadgen.Report
	if err := json.Unmarshal(text.Bytes(), &read); err != nil || !reflect.DeepEqual(read, written) {
		t.Errorf("%+v (%v), want %+v", read, err, written)
	}
}

// example is a report on two routes.
func example() loadgen.Report {
	var summary loadgen.Summary
	for i := range 200 {
		sample := evidence.Sample{Route: "browse", Outcome: evidence.Acknowledged, Latency: time.Duration(i+1) * 100 * time.Microsecond}
		summary.Add(&sample)
	}
	for i := range 4 {
		sample := evidence.Sample{Route: "checkout", Outcome: evidence.Acknowledged, Latency: 30 * time.Millisecond}
		if i == 0 {
			sample.Outcome, sample.Error = evidence.Refused, "out-of-stock"
		}
		summary.Add(&sample)
	}
	summary.Add(&evidence.Sample{Route: "checkout", Outcome: evidence.Unsent, Error: "late"})
	return summary.Close(2 * time.Second)
}

func ExampleReport_WriteText() {
	_ = example().WriteText(os.Stdout)
	// Output:
	//     route  scheduled  unsent  acknowledged  refused  unknown  errors  rate/s  done/s     p50     p90     p99  p99.9   max
	//     browse        200       0           200        0        0   0.00%   100.0   100.0    10ms    18ms  19.8ms   20ms  20ms
	//   checkout          5       1             3        1        0  40.00%     2.0     1.5    30ms    30ms    30ms   30ms  30ms
	//      total        205       1           203        1        0   0.98%   102.0   101.5  10.2ms  18.4ms    30ms   30ms  30ms
	// checkout: 1 × late
	// checkout: 1 × out-of-stock
	// schedule: 100.00% left within 1 ms, late by p50 1µs, p95 1µs, p99 1µs, max 1µs
}

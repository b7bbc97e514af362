//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"brownout/chaos/evidence"
	"brownout/loadgen"
	"brownout/loadgen/wire"
)

// load runs our generator by a schedule, and returns its report.
func (b *bench) load(ctx context.Context, url string, rate float64, length time.Duration) (report loadgen.Report, err error) {
	ctx, cancel := context.WithTimeout(ctx, length+mostTime)
	defer cancel()
	path := filepath.Join(b.scratch, "report.json")
	arguments := []string{"load", url, "--engine", "wire", "-r", fmt.Sprint(rate), "-d", length.String(), "-q", "--json", path}
	if _, _, err = b.generators[0].run(ctx, url, arguments); err != nil {
		return report, err
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &report)
	}
	if err == nil && report.Schedule == nil {
		err = fmt.Errorf("%s sent nothing", oursName)
	}
	return report, err
}

// followSchedule loads the target with half of what one core can send. Just before and after it looks how late a thread is
// that does nothing.
func (b *bench) followSchedule(ctx context.Context) ([]bar, error) {
	half := min(b.figure(oursName, func(c cost) float64 { return c.rate })/2, loadgen.MaxRate)
	fmt.Fprintf(os.Stderr, "half of that: %.0f requests a second\n", half)
	length := max(b.length, time.Second)
	before, err := watchClock(half, length)
	if err != nil {
		return nil, err
	}
	lost := stolen(generatorCore)
	report, err := b.load(ctx, b.target.url, half, length)
	if err != nil {
		return nil, err
	}
	lost = stolen(generatorCore) - lost
	after, err := watchClock(half, length)
	if err != nil {
		return nil, err
	}
	s, at := report.Schedule, fmt.Sprintf(" at %.0f requests/s", half)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return []bar{
		atMost("p99"+at, "%.2f ms", ms(report.Total.Latency.P99), 5),
		atLeast("left within 1 ms of their time"+at, "%.2f %%", 100*s.Prompt, 95),
		atLeast("sent of what came due"+at, "%.2f %%", 100*s.Sent, 95),
		{"late" + at, fmt.Sprintf("p50 %v, p95 %v, p99 %v, max %v; %v of the core stolen", s.P50, s.P95, s.P99, s.Max, lost), "", notJudged},
		{"late" + at + ", a thread that only looks at the clock, before and after", fmt.Sprintf("%v; %v", before, after), "", notJudged},
	}, nil
}

// countAllocations counts what the engine allocates for a request, in this process.
func (b *bench) countAllocations(ctx context.Context) ([]bar, error) {
	to, err := url.Parse(b.target.url)
	if err != nil {
		return nil, err
	}
	request, err := wire.NewTarget("GET", to, nil, nil)
	if err != nil {
		return nil, err
	}
	var summary loadgen.Summary
	var before, after runtime.MemStats
	engine := wire.NewEngine(wire.Config{Target: request, Clients: b.connections, Length: time.Second})
	n := 0
	if _, err = engine.Send(ctx, func(s *evidence.Sample) {
		summary.Add(s)
		if n++; n == 10*b.connections { // all have connected
			runtime.ReadMemStats(&before)
		}
	}); err != nil {
		return nil, err
	}
	runtime.ReadMemStats(&after)
	allocations := float64(after.Mallocs-before.Mallocs) / float64(n-10*b.connections)
	// The runtime allocates some for itself, however many requests there are.
	return []bar{atMost("allocations a request", "%.5f", allocations, 0.0005)}, nil
}

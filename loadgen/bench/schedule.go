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

// An openLoop is how ours sends a schedule, once.
type openLoop struct {
	p99             time.Duration // of latencies
	schedule        loadgen.Schedule
	before, after   reference
	stolen          time.Duration // of the generators' core
	stolenOfTargets time.Duration
}

// followSchedule loads the target with half of what one core can send, some times, of which the median counts. Just before and after
// each it looks how late a thread is that does nothing.
func (b *bench) followSchedule(ctx context.Context) (bars []bar, err error) {
	half := min(b.figure(oursName, func(c cost) float64 { return c.rate })/2, loadgen.MaxRate)
	fmt.Fprintf(os.Stderr, "half of that: %.0f requests a second\n", half)
	loops := make([]openLoop, b.rounds)
	for i := range loops {
		if loops[i], err = b.sendSchedule(ctx, half); err != nil {
			return nil, err
		}
	}
	middle := func(of func(openLoop) float64) float64 {
		var figures []float64
		for _, l := range loops {
			figures = append(figures, of(l))
		}
		return median(figures)
	}
	at := fmt.Sprintf(" at %.0f requests/s", half)
	bars = []bar{
		atMost("p99"+at, "%.2f ms", middle(func(l openLoop) float64 { return ms(l.p99) }), 5),
		atLeast("left within 1 ms of their time"+at, "%.2f %%", 100*middle(func(l openLoop) float64 { return l.schedule.Prompt }), 95),
		atLeast("sent of what came due"+at, "%.2f %%", 100*middle(func(l openLoop) float64 { return l.schedule.Sent }), 95),
	}
	for i, l := range loops {
		s, nth := l.schedule, fmt.Sprintf("schedule %d: ", i+1)
		bars = append(bars,
			bar{nth + "p99; within 1 ms; sent", fmt.Sprintf("%.2f ms; %.2f %%; %.2f %%", ms(l.p99), 100*s.Prompt, 100*s.Sent), "", notJudged},
			bar{nth + "late", fmt.Sprintf("p50 %v, p95 %v, p99 %v, max %v", s.P50, s.P95, s.P99, s.Max), "", notJudged},
			bar{nth + "a thread that only looks at the clock is late, before and after", fmt.Sprintf("%v; %v", l.before, l.after), "", notJudged},
			bar{nth + "stolen of the generator's core, and of the target's", fmt.Sprintf("%v; %v", l.stolen, l.stolenOfTargets), "", notJudged},
		)
	}
	return bars, nil
}

// sendSchedule has ours send so many requests a second.
func (b *bench) sendSchedule(ctx context.Context, rate float64) (l openLoop, err error) {
	length := max(b.length, time.Second)
	if l.before, err = watchClock(rate, length); err != nil {
		return l, err
	}
	generators, targets := stolen(generatorCore), stolen(targetCore)
	report, err := b.load(ctx, b.target.url, rate, length)
	if err != nil {
		return l, err
	}
	l.stolen, l.stolenOfTargets = stolen(generatorCore)-generators, stolen(targetCore)-targets
	l.p99, l.schedule = report.Total.Latency.P99, *report.Schedule
	l.after, err = watchClock(rate, length)
	return l, err
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

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

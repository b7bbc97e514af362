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

// A follow is how well ours follows a schedule in a round.
type follow struct {
	p99      time.Duration // of latencies
	schedule loadgen.Schedule
	before   reference
	after    reference
	lost     [2]time.Duration // of the generators' core, and of the target's
}

// followSchedule loads the target with half of what one core can send. Just before and after it looks how late a thread is
// that does nothing.
func (b *bench) followSchedule(ctx context.Context) (bars []bar, err error) {
	half := min(b.figure(oursName, func(c cost) float64 { return c.rate })/2, loadgen.MaxRate)
	fmt.Fprintf(os.Stderr, "half of that: %.0f requests a second\n", half)
	rounds := make([]follow, b.rounds)
	for i := range rounds {
		if rounds[i], err = b.follow(ctx, half); err != nil {
			return nil, err
		}
	}
	middle := func(of func(follow) float64) float64 {
		var figures []float64
		for _, f := range rounds {
			figures = append(figures, of(f))
		}
		return median(figures)
	}
	at := fmt.Sprintf(" at %.0f requests/s", half)
	bars = []bar{
		atMost("p99"+at, "%.2f ms", middle(func(f follow) float64 { return ms(f.p99) }), 5),
		atLeast("left within 1 ms of their time"+at, "%.2f %%", 100*middle(func(f follow) float64 { return f.schedule.Prompt }), 95),
		atLeast("sent of what came due"+at, "%.2f %%", 100*middle(func(f follow) float64 { return f.schedule.Sent }), 95),
	}
	for i, f := range rounds {
		round, s := fmt.Sprintf("round %d: ", i+1), f.schedule
		bars = append(bars,
			bar{round + "p99; late", fmt.Sprintf("%.2f ms; p50 %v, p95 %v, p99 %v, max %v", ms(f.p99), s.P50, s.P95, s.P99, s.Max), "", notJudged},
			bar{round + "a thread that only looks at the clock is late, before and after", fmt.Sprintf("%v; %v", f.before, f.after), "", notJudged},
			bar{round + "stolen of the generator's core, and of the target's", fmt.Sprintf("%v; %v", f.lost[0], f.lost[1]), "", notJudged},
		)
	}
	return bars, nil
}

// follow is a round of that.
func (b *bench) follow(ctx context.Context, half float64) (f follow, err error) {
	length := max(b.length, time.Second)
	if f.before, err = watchClock(half, length); err != nil {
		return f, err
	}
	stolenBefore := [2]time.Duration{stolen(generatorCore), stolen(targetCore)}
	report, err := b.load(ctx, b.target.url, half, length)
	if err != nil {
		return f, err
	}
	f.lost = [2]time.Duration{stolen(generatorCore) - stolenBefore[0], stolen(targetCore) - stolenBefore[1]}
	f.p99, f.schedule = report.Total.Latency.P99, *report.Schedule
	f.after, err = watchClock(half, length)
	return f, err
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

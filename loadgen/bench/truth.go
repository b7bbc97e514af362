//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The target of the comparison, and how long it is asked.
const (
	takes     = time.Millisecond
	freeze    = time.Second
	period    = 5 * time.Second
	truthTime = 20 * time.Second
)

// quantiles are latencies that generators tell.
type quantiles struct{ p50, p90, p99, max time.Duration }

func (q quantiles) String() string {
	return fmt.Sprintf("%.2f | %.2f | %.2f | %.2f", ms(q.p50), ms(q.p90), ms(q.p99), ms(q.max))
}

// ideal is what requests wait for that come by the schedule to a target that does what it is told to the instant: what is read is
// answered after takes, and what comes or would be answered while it is frozen waits until it is not.
func ideal() quantiles {
	thaw := func(at time.Duration) time.Duration {
		if into := at % period; into >= period-freeze {
			return at - into + period
		}
		return at
	}
	var latencies []time.Duration
	for due := time.Duration(0); due < truthTime; due += time.Second / rate {
		latencies = append(latencies, thaw(thaw(due)+takes)-due)
	}
	return quantilesOf(latencies)
}

// due is when a request is due after the schedule's start.
func due(i int) time.Duration { return time.Duration(i) * time.Second / rate }

// latestStart is when the schedule started at the latest, going by when requests came: none comes before it is due.
func latestStart(arrivals []time.Time) time.Time {
	start := arrivals[0]
	for i, at := range arrivals {
		if latest := at.Add(-due(i)); latest.Before(start) {
			start = latest
		}
	}
	return start
}

// truth is what requests waited for that were due by a schedule from a start on, going by when the target sent its answers: it
// answers in the order in which it was asked, so the first that was due has the first answer, and so on.
func truth(start time.Time, answers []time.Time) quantiles {
	latencies := make([]time.Duration, len(answers))
	for i, at := range answers {
		latencies[i] = at.Sub(start) - due(i)
	}
	return quantilesOf(latencies)
}

func quantilesOf(latencies []time.Duration) quantiles {
	slices.Sort(latencies)
	at := func(share float64) time.Duration { return latencies[int(math.Ceil(share*float64(len(latencies))))-1] }
	return quantiles{at(0.5), at(0.9), at(0.99), at(1)}
}

// compareTruth has ours and others measure latencies of which the truth is known, and prints them. Ours comes alone.
func (b *bench) compareTruth(ctx context.Context) ([]bar, error) {
	fmt.Fprintf(os.Stderr, "latencies of a target that freezes, %v\n", truthTime)
	frozen := &target{takes: takes, freeze: freeze, period: period}
	if err := frozen.start(); err != nil {
		return nil, err
	}
	report, err := b.load(ctx, frozen.url, rate, truthTime)
	if err != nil {
		return nil, err
	}
	arrivals, answers := frozen.times()
	if n := int(truthTime * rate / time.Second); len(arrivals) != n || len(answers) != n {
		return nil, fmt.Errorf("the target has read %d requests and sent %d answers, want %d of each", len(arrivals), len(answers), n)
	}
	want := truth(latestStart(arrivals), answers)
	l := report.Total.Latency
	got := quantiles{l.P50, l.P90, l.P99, l.Max}
	fmt.Printf("\nA target that answers in %v and freezes for %v every %v; %d requests a second for %v, latencies in ms.\n\n", takes, freeze, period, rate, truthTime)
	fmt.Print("| generator | p50 | p90 | p99 | max |\n|---|---:|---:|---:|---:|\n")
	fmt.Printf("| the truth, of a target without a cost | %v |\n| the truth, by when its answers left | %v |\n", ideal(), want)
	fmt.Printf("| the same, if the schedule began with the first request | %v |\n| %s | %v |\n", truth(arrivals[0], answers), oursName, got)
	if err := b.printOthers(ctx); err != nil {
		return nil, err
	}
	off := func(got, want time.Duration) float64 { return 100 * math.Abs(float64(got-want)) / float64(want) }
	return []bar{
		atMost("p50 off the truth", "%.2f ms", math.Abs(ms(got.p50-want.p50)), 0.5),
		atMost("p90 off the truth", "%.2f %%", off(got.p90, want.p90), 3),
		atMost("p99 off the truth", "%.2f %%", off(got.p99, want.p99), 1),
		atMost("max off the truth", "%.2f %%", off(got.max, want.max), 1),
	}, nil
}

// printOthers prints what others say of such a target, each of its own, at the same time.
func (b *bench) printOthers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, truthTime+mostTime)
	defer cancel()
	rows, errs := make([]string, len(b.generators)), make([]error, len(b.generators))
	var all sync.WaitGroup
	for i, g := range b.generators {
		if g.pace != nil && g.missing == "" {
			all.Go(func() { rows[i], errs[i] = g.tell(ctx) })
		}
	}
	all.Wait()
	fmt.Print(strings.Join(rows, ""))
	return errors.Join(errs...)
}

// tell returns a row of what a generator says of a target of its own.
func (g *generator) tell(ctx context.Context) (row string, err error) {
	frozen := &target{takes: takes, freeze: freeze, period: period}
	if err := frozen.start(); err != nil {
		return "", err
	}
	output, _, err := g.run(ctx, frozen.url, g.pace(frozen.url, truthTime))
	if err != nil {
		return "", err
	}
	q, err := g.quantiles(output)
	if err != nil {
		return "", fmt.Errorf("%s: %w:\n%s", g.name, err, output)
	}
	return fmt.Sprintf("| %s | %v |\n", g.name, q), nil
}

// find returns the times that follow some marks in an output, each as a number and its unit, or in that unit.
func find(output, unit string, marks ...string) (quantiles, error) {
	var times [4]time.Duration
	for i, mark := range marks {
		found := regexp.MustCompile(`(?m)` + mark).FindStringSubmatch(output)
		if found == nil {
			return quantiles{}, fmt.Errorf("its output has no %s", mark)
		}
		text := found[1]
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			text += unit
		}
		var err error
		if times[i], err = time.ParseDuration(text); err != nil {
			return quantiles{}, err
		}
	}
	return quantiles{times[0], times[1], times[2], times[3]}, nil
}

// readWrk reads "    50%    1.08ms", and the third figure of "    Latency    25.08ms  144.68ms   1.00s    96.99%".
func readWrk(output string) (quantiles, error) {
	return find(output, "s", `^ +50% +(\S+)$`, `^ +90% +(\S+)$`, `^ +99% +(\S+)$`, `^ +Latency +\S+ +\S+ +(\S+) +\S+%$`)
}

// readAB reads "  50%      1", in ms.
func readAB(output string) (quantiles, error) {
	return find(output, "ms", `^ +50% +(\d+)`, `^ +90% +(\d+)`, `^ +99% +(\d+)`, `^ +100% +(\d+)`)
}

// readHey reads "  50%% in 0.0011 secs", and "  Slowest:	1.0012 secs".
func readHey(output string) (quantiles, error) {
	return find(output, "s", `^ +50%+ in ([0-9.]+) secs`, `^ +90%+ in ([0-9.]+) secs`, `^ +99%+ in ([0-9.]+) secs`, `^ +Slowest:\s+([0-9.]+) secs`)
}

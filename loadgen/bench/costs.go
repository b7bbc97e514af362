//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// A bench is one run of this command.
type bench struct {
	config
	scratch    string // a folder
	target     target
	generators []*generator      // ours come first
	costs      map[string][]cost // by the generator's name, a round each
}

// A cost is what a generator did in a round, and what that took.
type cost struct {
	rate float64 // requests a second
	cpu  float64 // µs a request
}

// mostTime is what a generator may take beside the time that it is asked to load for.
const mostTime = 30 * time.Second

// prepare builds what is measured, and starts what they ask.
func (b *bench) prepare(ctx context.Context) error {
	program := filepath.Join(b.scratch, "brownout")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "brownout/cmd/brownout").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %s", lastLine(out, err))
	}
	b.generators = ours(program, b.journal())
	for _, p := range peers() {
		if slices.Contains(b.peers, p.name) {
			fmt.Fprintln(os.Stderr, "find or build", p.name)
			p.install(ctx, b.scratch)
			b.generators = append(b.generators, p)
		}
	}
	return errors.Join(ctx.Err(), b.target.start())
}

func (b *bench) journal() string { return filepath.Join(b.scratch, "journal.jsonl") }

// compareCosts measures what a request costs each generator, and prints it.
func (b *bench) compareCosts(ctx context.Context) ([]bar, error) {
	b.costs = map[string][]cost{}
	for round := range b.rounds {
		for _, g := range b.generators {
			if g.missing != "" {
				continue
			}
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, b.rounds, g.name)
			c, err := b.measure(ctx, g)
			if err != nil {
				return nil, err
			}
			b.costs[g.name] = append(b.costs[g.name], c)
		}
	}
	b.printCosts()
	return []bar{
		b.ratio(oursName, "wrk", 0, 1.3),
		b.ratio(journalName, oursName, 0, 1.3),
		b.ratio("fortio", oursName, 1, 0),
		b.ratio("vegeta", oursName, 3.5, 0),
		b.ratio("k6", oursName, 7, 0),
	}, nil
}

// measure has a generator ask as fast as it can.
func (b *bench) measure(ctx context.Context, g *generator) (cost, error) {
	ctx, cancel := context.WithTimeout(ctx, b.length+mostTime)
	defer cancel()
	defer os.Remove(b.journal()) // if there is one
	before := b.target.answers.Load()
	_, cpu, err := g.run(ctx, b.target.url, g.saturate(b.target.url, b.connections, b.length))
	answers := float64(b.target.answers.Load() - before)
	if err == nil && answers == 0 {
		err = fmt.Errorf("%s got no answers", g.name)
	}
	return cost{rate: answers / b.length.Seconds(), cpu: cpu.Seconds() * 1e6 / answers}, err
}

func (b *bench) printCosts() {
	fmt.Print("\n| generator | requests/s | CPU a request |\n|---|---:|---:|\n")
	for _, g := range b.generators {
		if g.missing != "" {
			fmt.Printf("| %s | missing: %s | |\n", g.name, g.missing)
			continue
		}
		fmt.Printf("| %s | %.0f | %.1f µs |\n", g.name, b.figure(g.name, func(c cost) float64 { return c.rate }), b.figure(g.name, func(c cost) float64 { return c.cpu }))
	}
}

// figure is the median of a figure over the rounds.
func (b *bench) figure(name string, of func(cost) float64) float64 {
	var figures []float64
	for _, c := range b.costs[name] {
		figures = append(figures, of(c))
	}
	return median(figures)
}

// ratio is a bar for how many times as much as another a generator needs, the median over the rounds: at least so much,
// or, if that is 0, at most.
func (b *bench) ratio(name, other string, least, most float64) bar {
	what := fmt.Sprintf("CPU a request, %s / %s", name, other)
	var ratios []float64
	for i, c := range b.costs[name][:min(len(b.costs[name]), len(b.costs[other]))] {
		ratios = append(ratios, c.cpu/b.costs[other][i].cpu)
	}
	switch {
	case len(ratios) == 0:
		return bar{what, "missing", "", notJudged}
	case least > 0:
		return atLeast(what, "%.2f", median(ratios), least)
	}
	return atMost(what, "%.2f", median(ratios), most)
}

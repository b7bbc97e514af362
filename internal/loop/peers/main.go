// Command peers measures the event loop and the worker pool beside Node, libuv and the bare Go things they are built
// from, in one run on one machine, and prints a Markdown table that says which bars are met.
//
//	go run ./internal/loop/peers                 # five rounds, a few minutes
//	go run ./internal/loop/peers -rounds 1 -benchtime 20ms -n 20000
//	go run ./internal/loop/peers -check          # exit status 1 when a bar is missed or could not be judged
//
// Every round runs each program once, one after the other, so that a slow minute of the machine touches all of them;
// each figure is the median over the rounds. A peer that is not installed is named as missing. The bars are in bars.go.
//
// Exit status: 0, or 1 for a bar not met under -check, or 2 when something that is installed could not be run. (go run
// turns both into 1.)
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

const (
	exitNotMet   = 1
	exitUnusable = 2
)

type config struct {
	rounds    int
	benchtime string
	n         int
	check     bool
}

func main() {
	cfg := parseFlags()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	rows, err := run(ctx, cfg)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(exitUnusable)
	}
	if cfg.check && !AllMet(rows) {
		os.Exit(exitNotMet)
	}
}

func parseFlags() config {
	var cfg config
	flag.IntVar(&cfg.rounds, "rounds", 5, "how many times each program runs; figures are medians over them")
	flag.StringVar(&cfg.benchtime, "benchtime", "1s", "time or count per Go benchmark, as -test.benchtime takes it")
	flag.IntVar(&cfg.n, "n", 1_000_000, "callbacks per measurement of Node and libuv, and timers at once")
	flag.BoolVar(&cfg.check, "check", false, "exit with status 1 when a bar is missed or could not be judged")
	flag.Parse()
	if flag.NArg() > 0 || cfg.rounds < 1 || cfg.n < 1 {
		flag.Usage()
		os.Exit(exitUnusable)
	}
	return cfg
}

// run measures everything and prints the report.
func run(ctx context.Context, cfg config) ([]Row, error) {
	scratch, err := os.MkdirTemp("", "peers")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	programs, err := preparePrograms(ctx, cfg, scratch)
	if err != nil {
		return nil, err
	}
	readings, err := measure(ctx, cfg.rounds, programs)
	if err != nil {
		return nil, err
	}
	rows := Compare(Bars, readings)
	fmt.Printf("%s\n\n%s", header(cfg, programs, time.Now()), Table(rows))
	return rows, nil
}

// measure runs the programs in turn, round after round.
func measure(ctx context.Context, rounds int, programs []program) (Readings, error) {
	readings := Readings{}
	for round := range rounds {
		for _, p := range programs {
			if p.missing != "" {
				continue
			}
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, rounds, p.name)
			if err := p.measure(ctx, readings); err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	return readings, nil
}

//go:build linux

// Command bench measures the load generator beside others: what a request costs it in processor time, whether requests leave when
// they are due, and how near to the truth its latencies are. It says which bars are met.
//
//	go run ./loadgen/bench                                            # three rounds, two to three minutes
//	go run ./loadgen/bench -rounds 1 -for 1s -peers wrk -accuracy=false
//	go run ./loadgen/bench -check                                     # exit status 1 if a bar is missed
//
// Each generator is a process of its own, bound to one core, and asks a target that is bound to another one. They take
// turns, round after round, so that a slow minute of the machine touches all; figures are medians over the rounds, and so are
// ratios. Processor time is what the kernel counts, user and system, from the process's start to its end. vegeta, hey and
// fortio are built with go install into a temporary folder; wrk, ab and k6 are taken if they are installed.
//
// The truth of the second part is computed: the target answers after a millisecond, and freezes for the last second of every
// five, so what a request that comes by its schedule waits for is known, if the target needs no time for anything else. It does, so it
// also writes down when it sends each answer, and that, less when the request was due by the schedule, is the truth that ours
// is held to. It has nothing from the generator but the moments when requests came. The schedule is taken to have begun when the one allows
// that came soonest after its time; what the generator's lateness adds to that is in the truth, as it should be in what the generator
// says. A lateness that all requests have, the first one too, cannot be seen from there: bars for the schedule are about that. What a
// generator says that waits for its answers is printed beside it.
//
// How late requests leave, and are answered, also depends on what else takes the cores, the machine that this one is a part of before
// all. So a schedule is sent as often as there are rounds, and the medians count. A thread that does nothing but look at the clock has the
// generator's core for as long, just before and after, and how late that one was is printed beside it.
//
// Exit status: 0, or 1 for a bar that is missed under -check, or 2 when something could not be run. (go run turns both into 1.)
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	exitMissed   = 1
	exitUnusable = 2
)

type config struct {
	rounds      int
	length      time.Duration // of each measurement
	connections int
	peers       []string
	accuracy    bool
	check       bool
}

func main() {
	c := parseFlags()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	bars, err := run(ctx, c)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(exitUnusable)
	}
	if c.check && slices.ContainsFunc(bars, bar.missed) {
		os.Exit(exitMissed)
	}
}

func parseFlags() (c config) {
	names := strings.Join(peerNames(), ",")
	peers := flag.String("peers", names, "generators to measure ours beside")
	flag.IntVar(&c.rounds, "rounds", 3, "how often each generator is measured, and a schedule sent")
	flag.DurationVar(&c.length, "for", 3*time.Second, "how long each measurement takes, in whole seconds but for a look whether it runs")
	flag.IntVar(&c.connections, "connections", 64, "connections to the target")
	flag.BoolVar(&c.accuracy, "accuracy", true, "compare latencies with the truth, which takes 40 s")
	flag.BoolVar(&c.check, "check", false, "exit with status 1 when a bar is missed")
	flag.Parse()
	c.peers = strings.FieldsFunc(*peers, func(r rune) bool { return r == ',' })
	unknown := slices.IndexFunc(c.peers, func(name string) bool { return !slices.Contains(peerNames(), name) })
	if flag.NArg() > 0 || c.rounds < 1 || c.length <= 0 || c.connections < 1 || unknown >= 0 {
		fmt.Fprintln(flag.CommandLine.Output(), "bench: peers are", names)
		flag.Usage()
		os.Exit(exitUnusable)
	}
	return c
}

// run measures everything and prints it as Markdown.
func run(ctx context.Context, c config) ([]bar, error) {
	if runtime.NumCPU() < 2 {
		return nil, fmt.Errorf("a core for the generator and another one for the target are needed")
	}
	scratch, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	b := &bench{config: c, scratch: scratch}
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	fmt.Printf("%s; %d cores, %s; %d rounds of %v, %d connections.\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), c.rounds, c.length, c.connections)
	bars, err := b.compareCosts(ctx)
	if err == nil {
		var more []bar
		more, err = b.followSchedule(ctx)
		bars = append(bars, more...)
	}
	if err == nil {
		var more []bar
		more, err = b.countAllocations(ctx)
		bars = append(bars, more...)
	}
	if err == nil && c.accuracy {
		var more []bar
		more, err = b.compareTruth(ctx)
		bars = append(bars, more...)
	}
	if err != nil {
		return nil, err
	}
	printBars(bars)
	return bars, nil
}

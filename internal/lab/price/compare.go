package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"brownout/internal/lab"
)

// A figure is one measurement of a contestant.
type figure struct {
	Load
	CPU time.Duration // of the contestant, for one answer
}

// A bar is what a ratio of two contestants must be.
type bar struct {
	name       string
	ours, peer string
	of         func(figure) float64
	atLeast    float64 // 0 for none
	atMost     float64 // 0 for none
}

func rate(f figure) float64 { return f.Rate }
func p99(f figure) float64  { return float64(f.P99) }
func cpu(f figure) float64  { return float64(f.CPU) }

var contestants = []string{bareNetHTTP, bareFastHTTP, stack, unseen, fullTracing, bareRefusal, refusal}

var bars = []bar{
	{"rate of the stack", stack, bareNetHTTP, rate, 0.8, 0},
	{"p99 of the stack", stack, bareNetHTTP, p99, 0, 1.5},
	{"CPU of the stack", stack, bareNetHTTP, cpu, 0, 0},
	{"rate of the stack", stack, bareFastHTTP, rate, 0, 0},
	{"p99 of the stack", stack, bareFastHTTP, p99, 0, 0},
	{"CPU of being seen", stack, unseen, cpu, 0, 0},
	{"rate with every trace kept", fullTracing, stack, rate, 0, 0},
	{"CPU with every trace kept", fullTracing, stack, cpu, 0, 0},
	{"CPU of a refusal", refusal, bareRefusal, cpu, 0, 1.1},
}

// compare measures everything and prints it as Markdown.
func compare(rounds int, length time.Duration, connections int) error {
	all := map[string][]figure{}
	for range rounds {
		for _, name := range contestants {
			f, err := measure(name, length, connections)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			all[name] = append(all[name], f)
		}
	}
	fmt.Printf("%s; %d cores, %s; %d rounds of %v, %d connections.\n\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), rounds, length, connections)
	fmt.Print("| contestant | answers/s | p50 | p99 | CPU/answer | bytes |\n|---|---:|---:|---:|---:|---:|\n")
	for _, name := range contestants {
		fs := all[name]
		fmt.Printf("| %s | %.0f | %v | %v | %v | %d |\n", name, median(fs, rate), time.Duration(median(fs, func(f figure) float64 { return float64(f.P50) })).Round(time.Microsecond),
			time.Duration(median(fs, p99)).Round(time.Microsecond), time.Duration(median(fs, cpu)).Round(10*time.Nanosecond), fs[0].Length)
	}
	fmt.Print("\n| what | ours | peer | ratio | bar | met? |\n|---|---|---|---:|---|---|\n")
	for _, b := range bars {
		b.print(all)
	}
	return nil
}

func median(fs []figure, of func(figure) float64) float64 {
	values := make([]float64, len(fs))
	for i, f := range fs {
		values[i] = of(f)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func (b bar) print(all map[string][]figure) {
	var ratios []float64
	for i, ours := range all[b.ours] {
		ratios = append(ratios, b.of(ours)/b.of(all[b.peer][i]))
	}
	slices.Sort(ratios)
	ratio, limit, met := ratios[len(ratios)/2], "none", "–"
	if b.atLeast > 0 {
		limit, met = fmt.Sprintf("≥ %g", b.atLeast), yes(ratio >= b.atLeast)
	}
	if b.atMost > 0 {
		limit, met = fmt.Sprintf("≤ %g", b.atMost), yes(ratio <= b.atMost)
	}
	fmt.Printf("| %s | %s | %s | %.2f | %s | %s |\n", b.name, b.ours, b.peer, ratio, limit, met)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// measure runs a contestant on one core and loads it from another.
func measure(name string, length time.Duration, connections int) (f figure, err error) {
	server, address, err := startServer(name)
	if err != nil {
		return f, err
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	if _, err := loadFrom(address, connections, length/4); err != nil { // to warm up
		return f, err
	}
	before, err := lab.ProcessorTime(server.Process.Pid)
	if err != nil {
		return f, err
	}
	if f.Load, err = loadFrom(address, connections, length); err != nil {
		return f, err
	}
	after, err := lab.ProcessorTime(server.Process.Pid)
	f.CPU = (after - before) / time.Duration(max(f.Answers, 1))
	return f, err
}

func startServer(name string) (server *exec.Cmd, address string, err error) {
	server = exec.Command(os.Args[0], "-serve", name)
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := startOn(1, server); err != nil {
		return nil, "", err
	}
	address, err = bufio.NewReader(out).ReadString('\n')
	return server, strings.TrimSpace(address), err
}

func loadFrom(address string, connections int, length time.Duration) (l Load, err error) {
	var out strings.Builder
	client := exec.Command(os.Args[0], "-load", address, "-connections", strconv.Itoa(connections), "-for", length.String())
	client.Stdout, client.Stderr = &out, os.Stderr
	if err := startOn(0, client); err != nil {
		return l, err
	}
	if err := client.Wait(); err != nil {
		return l, err
	}
	return l, json.Unmarshal([]byte(out.String()), &l)
}

// startOn starts a process that is pinned to one core, and dies with this one. A child
// inherits the cores of the thread that starts it.
func startOn(core int, c *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread goes with its pinning
		if err := pin(core % runtime.NumCPU()); err != nil {
			started <- err
			return
		}
		started <- c.Start()
	}()
	return <-started
}

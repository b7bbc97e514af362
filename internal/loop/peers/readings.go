package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Reading is one measurement of one operation. The zero value means that there is none.
type Reading struct {
	NsPerOp     float64
	AllocsPerOp float64 // known for Go only
}

// Measured reports whether there is a measurement.
func (r Reading) Measured() bool { return r.NsPerOp > 0 }

type operation struct {
	source Source
	name   string
}

// Readings holds the measurements of all rounds.
type Readings map[operation][]Reading

// Add keeps one measurement.
func (r Readings) Add(source Source, op string, reading Reading) {
	key := operation{source, op}
	r[key] = append(r[key], reading)
}

// Median is the median over the rounds, of time and of allocations each for itself; the zero Reading if there are none.
func (r Readings) Median(source Source, op string) Reading {
	rounds := r[operation{source, op}]
	return Reading{
		NsPerOp:     median(rounds, func(r Reading) float64 { return r.NsPerOp }),
		AllocsPerOp: median(rounds, func(r Reading) float64 { return r.AllocsPerOp }),
	}
}

func median(rounds []Reading, value func(Reading) float64) float64 {
	if len(rounds) == 0 {
		return 0
	}
	values := make([]float64, len(rounds))
	for i, r := range rounds {
		values[i] = value(r)
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

// ReadGo adds what a Go test binary printed under -test.bench and -test.benchmem. Lines that are not results are
// passed over; a result without both ns/op and allocs/op is an error.
func (r Readings) ReadGo(text io.Reader) error {
	return eachLine(text, func(line string) error {
		name, reading, ok, err := parseResult(line)
		if ok && err == nil {
			r.Add(Go, name, reading)
		}
		return err
	})
}

var gomaxprocs = regexp.MustCompile(`-\d+$`)

// parseResult reads "BenchmarkName-8  1000  12.3 ns/op  0 B/op  0 allocs/op".
func parseResult(line string) (name string, reading Reading, ok bool, err error) {
	fields := strings.Fields(line)
	if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
		return "", Reading{}, false, nil
	}
	if _, err := strconv.Atoi(fields[1]); err != nil {
		return "", Reading{}, false, nil // something a benchmark logged
	}
	name = gomaxprocs.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), "")
	units := map[string]string{}
	for i := 2; i+1 < len(fields); i += 2 {
		units[fields[i+1]] = fields[i]
	}
	if reading.NsPerOp, err = parseTime(units["ns/op"]); err != nil {
		return name, reading, true, fmt.Errorf("ns/op: %w", err)
	}
	if reading.AllocsPerOp, err = strconv.ParseFloat(units["allocs/op"], 64); err != nil {
		return name, reading, true, fmt.Errorf("allocs/op: %w", err)
	}
	return name, reading, true, nil
}

// ReadPeer adds what peers.js or the program from peers.c printed: a name, a tab, nanoseconds per operation.
func (r Readings) ReadPeer(source Source, text io.Reader) error {
	return eachLine(text, func(line string) error {
		name, value, found := strings.Cut(line, "\t")
		if !found || name == "" {
			return fmt.Errorf("want a name, a tab and a time")
		}
		ns, err := parseTime(value)
		if err == nil {
			r.Add(source, name, Reading{NsPerOp: ns})
		}
		return err
	})
}

func parseTime(text string) (ns float64, err error) {
	ns, err = strconv.ParseFloat(text, 64)
	if err == nil && !(ns > 0 && ns < math.Inf(1)) {
		err = fmt.Errorf("%q is no time above zero", text)
	}
	return ns, err
}

// eachLine hands over line by line, and says which line an error is about.
func eachLine(text io.Reader, read func(line string) error) error {
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		if err := read(lines.Text()); err != nil {
			return fmt.Errorf("line %q: %w", lines.Text(), err)
		}
	}
	return lines.Err()
}

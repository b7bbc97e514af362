package bench

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"strconv"

	"golang.org/x/perf/benchfmt"
)

// MaxResults bounds a file of results, in bytes.
const MaxResults = 64 << 20

// The keys of a file's configuration, beside goos, goarch, cpu and pkg, which go test writes as well.
const (
	keyRun       = "run"       // when it began, as in RFC 3339; both sides of an interleaved run have the same
	keySide      = "side"      // old or new
	keyCommit    = "commit"    // that was measured, with +changes if there were some beside it
	keyAgainst   = "against"   // the commit of the other side
	keySuite     = "suite"     // its name and digest
	keySeed      = "seed"      // of the order
	keyCores     = "cores"     // of the machine
	keyKernel    = "kernel"    // its release
	keyGo        = "go"        // the version
	keyThreshold = "threshold" // of a benchmark
	keyWhy       = "why"       // a session has no figures
	keyPackage   = "pkg"
)

var errNoResults = errors.New("has no results of benchmarks")

// Results are what a file of Go's benchmark format holds.
type Results struct {
	path   string
	config map[string]string     // what is the same for all results
	all    []*series             // in the order of the file
	index  map[benchmark]*series // the same
	units  benchfmt.UnitMetadataMap
}

// A series is all that was measured of one benchmark.
type series struct {
	pkg, name string
	threshold float64              // NaN if there is none
	values    map[string][]float64 // by unit, as benchunit tidies them; all are finite
	units     []string             // in the order of the file
	why       string               // the last
}

// ReadResults reads a file of Go's benchmark format. An error is a Misuse, and names the line.
func ReadResults(path string) (*Results, error) {
	text, err := readInput(path, MaxResults)
	if err != nil {
		return nil, err
	}
	return readResults(path, text)
}

func readResults(path string, text []byte) (*Results, error) {
	reader := benchfmt.NewReader(bytes.NewReader(text), path)
	results := &Results{path: path, index: map[benchmark]*series{}}
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, Misuse{record}
		case *benchfmt.Result:
			if err := results.add(record); err != nil {
				return nil, err
			}
		}
	}
	results.units = reader.Units()
	switch {
	case reader.Err() != nil:
		return nil, Misuse{reader.Err()}
	case len(results.all) == 0:
		return nil, misuse("%s: %w", path, errNoResults)
	}
	return results, nil
}

// add takes a result in, which the reader will use again.
func (r *Results) add(result *benchfmt.Result) error {
	file, line := result.Pos()
	if err := r.agree(result); err != nil {
		return misuse("%s:%d: %w", file, line, err)
	}
	s := r.of(result.GetConfig(keyPackage), result.Name.String())
	if text := result.GetConfig(keyThreshold); text != "" {
		threshold, err := ParseShare(text)
		if err != nil {
			return misuse("%s:%d: threshold: %w", file, line, err)
		}
		s.threshold = threshold
	}
	s.why = cmp.Or(result.GetConfig(keyWhy), s.why)
	for _, v := range result.Values {
		if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
			return misuse("%s:%d: %v %s is no measurement", file, line, v.Value, v.Unit)
		}
		if _, known := s.values[v.Unit]; !known {
			s.units = append(s.units, v.Unit)
		}
		s.values[v.Unit] = append(s.values[v.Unit], v.Value)
	}
	return nil
}

// agree keeps of the configuration what all results have. An error says that they are of different machines.
func (r *Results) agree(result *benchfmt.Result) error {
	if r.config == nil {
		r.config = map[string]string{}
		for _, c := range result.Config {
			r.config[c.Key] = string(c.Value)
		}
	}
	for _, key := range machineKeys() {
		if was, is := r.config[key], result.GetConfig(key); differ(was, is) {
			return fmt.Errorf("results of different machines: %s was %s, and is %s", key, was, is)
		}
	}
	maps.DeleteFunc(r.config, func(key, value string) bool { return result.GetConfig(key) != value })
	return nil
}

// of returns the series of a benchmark, an empty one if there was none.
func (r *Results) of(pkg, name string) *series {
	if s := r.find(pkg, name); s != nil {
		return s
	}
	s := &series{pkg: pkg, name: name, threshold: math.NaN(), values: map[string][]float64{}}
	r.all = append(r.all, s)
	r.index[benchmark{pkg, name}] = s
	return s
}

// find returns the series of a benchmark, nil if there is none.
func (r *Results) find(pkg, name string) *series { return r.index[benchmark{pkg, name}] }

// count is how often a benchmark was measured.
func (r *Results) count(pkg, name string) int {
	most := 0
	if s := r.find(pkg, name); s != nil {
		for _, values := range s.values {
			most = max(most, len(values))
		}
	}
	return most
}

// Commit returns the revision that was measured. A file that does not say it, or says several, or has results of what
// was never committed, is a Misuse.
func (r *Results) Commit() (string, error) {
	commit := r.config[keyCommit]
	switch {
	case commit == "":
		return "", misuse("%s: does not say which commit was measured", r.path)
	case isChanged(commit):
		return "", misuse("%s: has results of changes to %s that were not committed, and cannot be built again", r.path, base(commit))
	}
	return commit, nil
}

// machineKeys are those of a machine that cannot be compared with another one.
func machineKeys() []string { return []string{"goos", "goarch", "cpu", keyCores} }

// differ says of what two results say of their machine that it is not the same. Who says nothing may have any.
func differ(a, b string) bool { return a != b && a != "" && b != "" }

// sameMachine is nil if two files' results can be compared.
func sameMachine(was, is *Results) error {
	for _, key := range machineKeys() {
		if a, b := was.config[key], is.config[key]; differ(a, b) {
			return misuse("results of different machines: %s has %s %s, and %s has %s", was.path, key, a, is.path, b)
		}
	}
	return nil
}

// interleaved says whether two files are the two sides of one run.
func interleaved(was, is *Results) bool {
	run := is.config[keyRun]
	return run != "" && run == was.config[keyRun] && is.config[keySide] != was.config[keySide]
}

// ParseShare reads a share, from 0% to 900%, as in 3% or 0.03.
func ParseShare(text string) (float64, error) {
	number, unit := text, 1.0
	if n := len(text); n > 0 && text[n-1] == '%' {
		number, unit = text[:n-1], 100
	}
	share, err := strconv.ParseFloat(number, 64)
	if err != nil || !(share >= 0 && share/unit <= maxThreshold) {
		return 0, fmt.Errorf("%q is no share from 0%% to %d%%", text, 100*maxThreshold)
	}
	return share / unit, nil
}

// maxThreshold bounds thresholds: ten times as much.
const maxThreshold = 9

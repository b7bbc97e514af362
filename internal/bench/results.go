package bench

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
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
	keyPackage   = "pkg"
)

var errNoResults = errors.New("has no results of benchmarks")

// Results are what a file of Go's benchmark format holds.
type Results struct {
	path   string
	config map[string]string // what is the same for all results
	all    []*series         // in the order of the file
	units  benchfmt.UnitMetadataMap
}

// A series is all that was measured of one benchmark.
type series struct {
	pkg, name string
	threshold float64              // NaN if there is none
	values    map[string][]float64 // by unit, as benchunit tidies them
	units     []string             // in the order of the file
}

// ReadResults reads a file of Go's benchmark format. An error is a Misuse, and names the line.
func ReadResults(path string) (*Results, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, Misuse{err}
	}
	defer func() { _ = file.Close() }()
	return readResults(path, file)
}

func readResults(path string, from io.Reader) (*Results, error) {
	limited := &io.LimitedReader{R: from, N: MaxResults + 1}
	reader := benchfmt.NewReader(limited, path)
	results := &Results{path: path}
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
	case limited.N == 0:
		return nil, misuse("%s: has more than %d bytes", path, MaxResults)
	case len(results.all) == 0:
		return nil, misuse("%s: %w", path, errNoResults)
	}
	return results, nil
}

// add takes a result in, which the reader will use again.
func (r *Results) add(result *benchfmt.Result) error {
	r.agree(result)
	s := r.of(result.GetConfig(keyPackage), result.Name.String())
	if text := result.GetConfig(keyThreshold); text != "" {
		threshold, err := ParseShare(text)
		if err != nil {
			file, line := result.Pos()
			return misuse("%s:%d: threshold: %w", file, line, err)
		}
		s.threshold = threshold
	}
	for _, v := range result.Values {
		if _, known := s.values[v.Unit]; !known {
			s.units = append(s.units, v.Unit)
		}
		s.values[v.Unit] = append(s.values[v.Unit], v.Value)
	}
	return nil
}

// agree keeps of the configuration what all results have.
func (r *Results) agree(result *benchfmt.Result) {
	if r.config == nil {
		r.config = map[string]string{}
		for _, c := range result.Config {
			r.config[c.Key] = string(c.Value)
		}
	}
	maps.DeleteFunc(r.config, func(key, value string) bool { return result.GetConfig(key) != value })
}

// of returns the series of a benchmark, an empty one if there was none.
func (r *Results) of(pkg, name string) *series {
	if s := r.find(pkg, name); s != nil {
		return s
	}
	s := &series{pkg: pkg, name: name, threshold: math.NaN(), values: map[string][]float64{}}
	r.all = append(r.all, s)
	return s
}

// find returns the series of a benchmark, nil if there is none.
func (r *Results) find(pkg, name string) *series {
	i := slices.IndexFunc(r.all, func(s *series) bool { return s.pkg == pkg && s.name == name })
	if i < 0 {
		return nil
	}
	return r.all[i]
}

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

// sameMachine is nil if two files' results can be compared.
func sameMachine(was, is *Results) error {
	for _, key := range []string{"goos", "goarch", "cpu", keyCores} {
		if a, b := was.config[key], is.config[key]; a != b && a != "" && b != "" {
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

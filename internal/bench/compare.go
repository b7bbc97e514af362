package bench

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// Thresholds.
const (
	// usualThreshold is that of benchmarks of which nobody said another one.
	usualThreshold = 0.01
	// sequentialThreshold is the least for what was not measured side by side. The same program differs by as much from one
	// minute to the next.
	sequentialThreshold = 0.2
)

// A Verdict says how a measure of the new build is, beside that of the old one.
type Verdict string

// The verdicts. Measures that are no times have words of their own.
const (
	Same       Verdict = "same"        // surely not further apart than the threshold
	Slower     Verdict = "slower"      // surely
	Faster     Verdict = "faster"      // surely
	More       Verdict = "more"        // surely
	Less       Verdict = "less"        // surely
	CannotTell Verdict = "cannot tell" // of any of these
)

// A Finding is what became of one measure of a benchmark.
type Finding struct {
	Package, Benchmark string
	Measure            string // CPU, wall, or a unit
	Unit               string // of Old and New, as package benchunit tidies it
	Old, New           float64
	// Change is by how much New is more, as a share of Old, and lies between Low and High; these are infinite where there
	// are too few measurements.
	Change, Low, High float64
	// Threshold is from which share on a change for the worse is a regression.
	Threshold float64
	// Sees is the smallest change for the worse that would most probably have been found to be a regression.
	Sees    float64
	Verdict Verdict
	// Regression is a change for the worse beyond the threshold, surely. Unsure says that there may be one, or not.
	Regression, Unsure bool
	// Ratios are the logarithms of the pairs' ratios, above 0 where the new build is worse; none where there are no pairs.
	Ratios []float64
	// Gates says that the outcome of the comparison depends on this measure.
	Gates bool
	// Exact says that two measurements of the same build are the same, so that neither interval nor threshold is wanted.
	Exact bool
}

// A Comparison is what two files of results say about each other.
type Comparison struct {
	// Interleaved says that the builds were measured side by side. Where they did not, thresholds are 20 % at least.
	Interleaved bool
	Findings    []Finding
	// Alone are the benchmarks of which only one of the files has results.
	Alone []string
	// Short is what macros have no figures of, in either file. One that was given up is not among Findings.
	Short []Shortfall

	was, is *Results
}

// An Outcome is that of a whole comparison.
type Outcome int

// The outcomes.
const (
	NoRegression Outcome = iota // surely none beyond a threshold
	Regression                  // at least one, surely
	Unsure                      // neither
	Unmeasured                  // not a regression, but not all was measured, as shops fell behind
)

// Outcome returns that of all findings which gate.
func (c *Comparison) Outcome() Outcome {
	outcome, measured := NoRegression, false
	for _, f := range c.Findings {
		switch {
		case f.Gates && f.Regression:
			return Regression
		case f.Gates && f.Unsure:
			outcome = Unsure
		}
		measured = measured || f.Gates
	}
	for i := range c.Short {
		s := &c.Short[i]
		if s.Regression() {
			return Regression
		}
		measured = measured && !s.GivenUp() && !s.Unfinished
	}
	if !measured {
		return Unmeasured
	}
	return outcome
}

// Compare compares the benchmarks that two files of results have in common. A threshold that is no NaN is that of all
// benchmarks; otherwise the files say what theirs are. Results of different machines, and such that have nothing in common,
// are a Misuse.
func Compare(was, is *Results, threshold float64) (*Comparison, error) {
	if err := sameMachine(was, is); err != nil {
		return nil, err
	}
	c := &Comparison{Interleaved: interleaved(was, is), was: was, is: is}
	if c.Interleaved {
		c.Short = shortfalls(was, is)
	} else {
		c.Short = append(was.Shortfalls(), is.Shortfalls()...)
	}
	ignored := func(s *series) bool {
		return s.lags() || s.pkg == macroPackage && slices.ContainsFunc(c.Short, func(short Shortfall) bool { return short.Macro == s.name && short.GivenUp() })
	}
	var tests []*test
	for _, s := range is.all {
		if ignored(s) {
			continue
		}
		before := was.find(s.pkg, s.name)
		if before == nil {
			c.Alone = append(c.Alone, s.title())
			continue
		}
		for _, unit := range s.units {
			m, judged := measureOf(unit, s, is.units)
			if t := newTest(m, before, s, c.Interleaved, threshold); judged && t != nil {
				tests = append(tests, t)
			}
		}
	}
	for _, s := range was.all {
		if is.find(s.pkg, s.name) == nil && !ignored(s) {
			c.Alone = append(c.Alone, s.title())
		}
	}
	if len(tests) == 0 && len(c.Short) == 0 {
		return nil, misuse("%s and %s have no benchmark in common", was.path, is.path)
	}
	judgeTogether(tests, true)
	judgeTogether(tests, false)
	for _, t := range tests {
		c.Findings = append(c.Findings, t.Finding)
	}
	return c, nil
}

// A measure is something that is measured of a benchmark.
type measure struct {
	unit  string
	name  string
	worse float64 // 1 if more is worse, -1 if less is
	exact bool    // see Finding
	gates bool
	words [2]Verdict // for the better, and for the worse
}

var times, amounts = [2]Verdict{Faster, Slower}, [2]Verdict{Less, More}

// measureOf says what a unit of a benchmark measures, and whether that can be judged.
func measureOf(unit string, s *series, units benchfmt.UnitMetadataMap) (m measure, judged bool) {
	const cpu = "cpu-sec/"
	m = measure{unit: unit, name: unit, worse: -float64(units.GetBetter(unit)), gates: true, words: times}
	switch {
	case unit == "allocs/op" || unit == "B/op":
		m.exact, m.worse, m.words = true, 1, amounts
	case strings.HasPrefix(unit, cpu):
		m.name, m.worse = "CPU", 1
	case strings.Contains(unit, "-"+cpu):
		part, _, _ := strings.Cut(unit, "-")
		m.name, m.worse, m.gates = "CPU of "+part, 1, false
	case unit == "sec/op":
		m.name = "wall"
		m.gates = !slices.Contains(s.units, cpu+"op")
	case unit == "p99-sec":
		m.gates = false // few answers decide about it
	case strings.HasPrefix(unit, "B/"):
		m.words = amounts
	}
	return m, m.worse != 0
}

// A test is a finding that is not judged yet.
type test struct {
	Finding
	measure  measure
	question question // nil if the measure is exact
	paired   bool
}

// newTest gathers what is known of a measure; nil if one side has none.
func newTest(m measure, before, after *series, paired bool, threshold float64) *test {
	was, is := before.values[m.unit], after.values[m.unit]
	if len(was) == 0 || len(is) == 0 {
		return nil
	}
	t := &test{measure: m, paired: paired}
	t.Package, t.Benchmark, t.Measure, t.Unit, t.Gates, t.Exact = after.pkg, after.name, m.name, m.unit, m.gates, m.exact
	t.Old, t.New = median(was), median(is)
	if m.exact {
		t.judgeExactly(was, is)
		return t
	}
	for _, said := range []float64{threshold, after.threshold, before.threshold, usualThreshold} {
		if t.Threshold = said; !math.IsNaN(said) {
			break
		}
	}
	if paired {
		t.Ratios = logRatios(was, is, m.worse)
		t.question = newPairs(t.Ratios)
	} else {
		t.Threshold = max(t.Threshold, sequentialThreshold)
		t.question = newSamples(logs(was, m.worse), logs(is, m.worse))
	}
	if t.question.size() == 0 {
		return nil
	}
	return t
}

// judgeExactly finds a change if all measurements of one side are beyond all of the other. They differ within a side only by
// what the runtime itself allocates now and then.
func (t *test) judgeExactly(was, is []float64) {
	t.Old, t.New = slices.Min(was), slices.Min(is)
	t.Change = t.New/t.Old - 1 // NaN or infinite if it was nothing
	t.Low, t.High, t.Verdict = t.Change, t.Change, Same
	switch {
	case slices.Min(is) > slices.Max(was):
		t.Verdict, t.Regression = t.measure.words[1], true
	case slices.Max(is) < slices.Min(was):
		t.Verdict = t.measure.words[0]
	}
}

// judgeTogether judges those that gate, or the others, as one family: with Bonferroni's levels, so that all intervals
// together hold what they are to hold.
func judgeTogether(tests []*test, gates bool) {
	var family []*test
	for _, t := range tests {
		if t.question != nil && t.Gates == gates {
			family = append(family, t)
		}
	}
	for _, t := range family {
		t.judge(t.question.interval(alpha / float64(len(family))))
	}
}

// judge judges by where the change for the worse lies.
func (t *test) judge(worse interval) {
	margin := math.Log1p(t.Threshold)
	sure := 0.0
	if !t.paired {
		sure = margin
	}
	t.Regression = worse.low > margin
	t.Unsure = !t.Regression && worse.high > margin
	switch {
	case worse.low >= -margin && worse.high <= margin:
		t.Verdict = Same
	case worse.low > sure:
		t.Verdict = t.measure.words[1]
	case worse.high < -sure:
		t.Verdict = t.measure.words[0]
	default:
		t.Verdict = CannotTell
	}
	t.Sees = math.Expm1(margin + worse.reach)
	t.Change = math.Expm1(t.measure.worse * worse.center)
	t.Low, t.High = math.Expm1(t.measure.worse*worse.low), math.Expm1(t.measure.worse*worse.high)
	if t.Low > t.High {
		t.Low, t.High = t.High, t.Low
	}
}

// logRatios are the logarithms of the ratios of pairs, times a sign. What is not above zero has none.
func logRatios(was, is []float64, sign float64) []float64 {
	var all []float64
	for i := range min(len(was), len(is)) {
		if positive(was[i]) && positive(is[i]) {
			all = append(all, sign*math.Log(is[i]/was[i]))
		}
	}
	return all
}

// logs are those of values, times a sign.
func logs(values []float64, sign float64) []float64 {
	var all []float64
	for _, v := range values {
		if positive(v) {
			all = append(all, sign*math.Log(v))
		}
	}
	return all
}

func positive(v float64) bool { return v > 0 && !math.IsInf(v, 0) }

// median is that of at least one value.
func median(values []float64) float64 {
	sorted := slices.SortedFunc(slices.Values(values), cmp.Compare[float64])
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// name says which measure of which benchmark it is.
func (f *Finding) name() string {
	return title(f.Package, f.Benchmark) + " " + f.Measure
}

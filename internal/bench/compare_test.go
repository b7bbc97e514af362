package bench

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// A made is a file of results that is made up.
type made struct {
	config string
	lines  []string
}

// madeRun makes both sides of an interleaved run of one benchmark, with what each pair has of values and units.
func madeRun(pairs int, pair func(i int) (was, is string)) (old, present made) {
	const config = "run: 2026-11-26T10:00:00Z\ngoos: linux\ncpu: abacus\npkg: brownout/internal/loop\nthreshold: 0.01\n"
	old.config, present.config = config+"side: old\ncommit: aaaa\n", config+"side: new\ncommit: bbbb\nseed: 7\n"
	for i := range pairs {
		was, is := pair(i)
		old.lines, present.lines = append(old.lines, was), append(present.lines, is)
	}
	return old, present
}

func (m made) read(t *testing.T, path string) *Results {
	t.Helper()
	var b strings.Builder
	b.WriteString(m.config + "\n")
	for _, line := range m.lines {
		fmt.Fprintf(&b, "BenchmarkStep-2 100 %s\n", line)
	}
	r, err := readResults(path, []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustCompare(t *testing.T, old, present made) *Comparison {
	t.Helper()
	c, err := Compare(old.read(t, "old.txt"), present.read(t, "new.txt"), math.NaN())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// cpuOf has pairs that vary by a fifth together, and by a percent apart.
func cpuOf(random *rand.Rand, factor float64) func(int) (was, is string) {
	return func(int) (was, is string) {
		machine := 100 * (1 + 0.2*random.Float64())
		return fmt.Sprintf("%.3f cpu-ns/op", machine*(1+0.01*random.NormFloat64())), fmt.Sprintf("%.3f cpu-ns/op", factor*machine*(1+0.01*random.NormFloat64()))
	}
}

func TestVerdictsOnPairs(t *testing.T) {
	for _, row := range []struct {
		name    string
		factor  float64
		pairs   int
		verdict Verdict
		outcome Outcome
	}{
		{"nothing", 1, 300, Same, NoRegression},
		{"far below the threshold", 1.001, 400, Same, NoRegression},
		{"about the threshold", 1.01, 300, Slower, Unsure},
		{"beyond it", 1.03, 100, Slower, Regression},
		{"faster", 0.97, 100, Faster, NoRegression},
		{"too few pairs", 1, 5, CannotTell, Unsure},
		{"few pairs, much slower", 1.5, 6, Slower, Regression},
	} {
		t.Run(row.name, func(t *testing.T) {
			old, present := madeRunOf(row.pairs, row.factor)
			c := mustCompare(t, old, present)
			f := c.Findings[0]
			if !c.Interleaved || f.Verdict != row.verdict || c.Outcome() != row.outcome {
				t.Errorf("%+v, outcome %v; want %s, %v", f, c.Outcome(), row.verdict, row.outcome)
			}
			if row.pairs > 50 && (f.Low > row.factor-1 || f.High < row.factor-1 || math.Abs(f.Change-(row.factor-1)) > 0.005) {
				t.Errorf("the change is %v between %v and %v, and was made %v", f.Change, f.Low, f.High, row.factor-1)
			}
		})
	}
}

func madeRunOf(pairs int, factor float64) (old, present made) {
	return madeRun(pairs, cpuOf(rand.New(rand.NewPCG(11, uint64(pairs))), factor))
}

func TestMoreGoodputIsBetter(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	old, present := madeRun(60, func(int) (was, is string) {
		return fmt.Sprintf("%.2f req/s", 1000+random.Float64()), fmt.Sprintf("%.2f req/s", 900+random.Float64())
	})
	old.config, present.config = "Unit req/s better=higher\n"+old.config, "Unit req/s better=higher\n"+present.config
	if f := mustCompare(t, old, present).Findings[0]; f.Verdict != Slower || !f.Regression || f.Change > -0.099 || f.Low > f.High {
		t.Errorf("%+v", f)
	}
	if f := mustCompare(t, present.asOld(), old.asNew()).Findings[0]; f.Verdict != Faster || f.Regression || f.Change < 0.1 {
		t.Errorf("the other way around: %+v", f)
	}
}

func (m made) asOld() made {
	m.config = strings.Replace(m.config, "side: new", "side: old", 1)
	return m
}

func (m made) asNew() made {
	m.config = strings.Replace(m.config, "side: old", "side: new", 1)
	return m
}

func TestAllocationsGateExactly(t *testing.T) {
	for _, row := range []struct {
		was, is []int
		verdict Verdict
		outcome Outcome
	}{
		{[]int{3, 3, 3}, []int{3, 3, 3}, Same, NoRegression},
		{[]int{3, 3, 3}, []int{4, 4, 4}, More, Regression},
		{[]int{0, 0, 0}, []int{1, 1, 1}, More, Regression},
		{[]int{3, 3, 3}, []int{2, 2, 2}, Less, NoRegression},
		{[]int{3, 4, 3}, []int{3, 3, 4}, Same, NoRegression}, // the runtime's own
	} {
		old, present := madeRun(3, func(i int) (was, is string) {
			return fmt.Sprintf("%d allocs/op", row.was[i]), fmt.Sprintf("%d allocs/op", row.is[i])
		})
		c := mustCompare(t, old, present)
		if c.Findings[0].Verdict != row.verdict || c.Outcome() != row.outcome {
			t.Errorf("%v and %v: %+v, want %s", row.was, row.is, c.Findings[0], row.verdict)
		}
	}
}

// Wall time and the parts of a shop are told, and decide nothing where processor time does.
func TestProcessorTimeDecides(t *testing.T) {
	old, present := madeRun(40, func(i int) (was, is string) {
		return fmt.Sprintf("%d cpu-ns/op 100 ns/op 100 gateway-cpu-ns/op", 1000+i%2), fmt.Sprintf("%d cpu-ns/op 150 ns/op 150 gateway-cpu-ns/op", 1000+i%2)
	})
	c := mustCompare(t, old, present)
	if c.Outcome() != NoRegression || len(c.Findings) != 3 {
		t.Errorf("outcome %v of %+v", c.Outcome(), c.Findings)
	}
	for _, f := range c.Findings[1:] {
		if f.Verdict != Slower || f.Gates {
			t.Errorf("%+v", f)
		}
	}
}

// What was measured at different times has no verdict below a fifth.
func TestSequentialRuns(t *testing.T) {
	for factor, want := range map[float64]struct {
		verdict Verdict
		outcome Outcome
	}{
		1: {Same, NoRegression}, 1.1: {Same, NoRegression}, 1.2: {CannotTell, Unsure}, 1.5: {Slower, Regression}, 0.5: {Faster, NoRegression},
	} {
		random := rand.New(rand.NewPCG(15, 16))
		old, present := madeRun(200, cpuOf(random, factor))
		present.config = strings.Replace(present.config, "run: 2026-11-26", "run: 2026-11-27", 1)
		c := mustCompare(t, old, present)
		if f := c.Findings[0]; c.Interleaved || f.Threshold != 0.2 || f.Verdict != want.verdict || c.Outcome() != want.outcome {
			t.Errorf("%v times: %+v, want %v", factor, f, want)
		}
	}
}

func TestAThresholdThatIsGiven(t *testing.T) {
	old, present := madeRunOf(200, 1.03)
	c, err := Compare(old.read(t, "old.txt"), present.read(t, "new.txt"), 0.1)
	if err != nil {
		t.Fatal(err)
	}
	if f := c.Findings[0]; f.Threshold != 0.1 || f.Verdict != Same {
		t.Errorf("%+v", f)
	}
}

func TestWhatCannotBeCompared(t *testing.T) {
	old, present := madeRunOf(6, 1)
	elsewhere, other := present, present
	elsewhere.config = strings.Replace(present.config, "abacus", "slide rule", 1)
	other.config = strings.Replace(present.config, "internal/loop", "internal/pool", 1)
	for want, m := range map[string]made{
		"results of different machines: old.txt has cpu abacus, and new.txt has slide rule": elsewhere,
		"old.txt and new.txt have no benchmark in common":                                   other,
	} {
		_, err := Compare(old.read(t, "old.txt"), m.read(t, "new.txt"), math.NaN())
		if _, misused := errors.AsType[Misuse](err); !misused || err.Error() != want {
			t.Errorf("error %v, want a misuse: %s", err, want)
		}
	}
}

func TestWhatOnlyOneFileHasIsTold(t *testing.T) {
	old, present := madeRunOf(6, 1)
	old.lines = append(old.lines, "1 ns/op\nBenchmarkGone 100 1 ns/op")
	present.lines = append(present.lines, "1 ns/op\nBenchmarkFresh 100 1 ns/op")
	var b strings.Builder
	if err := mustCompare(t, old, present).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if want := "only one of the files has it: internal/loop Fresh, internal/loop Gone.\n"; !strings.Contains(b.String(), want) {
		t.Errorf("no %q in\n%s", want, &b)
	}
}

func TestFilesThatAreNoResults(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "new.txt: has no results of benchmarks",
		"goos: linux\n\nBenchmarkX 1\n": "new.txt:3: missing measurements",
		"cpu: abacus\nBenchmarkX 1 1 s\ncpu: slide rule\nBenchmarkX 1 1 s\n": "new.txt:4: results of different machines: cpu was abacus, and is slide rule",
		"BenchmarkX 1 NaN s\n":                "new.txt:1: NaN s is no measurement",
		"threshold: much\nBenchmarkX 1 1 s\n": `new.txt:2: threshold: "much" is no share from 0% to 900%`,
	} {
		_, err := readResults("new.txt", []byte(text))
		if _, misused := errors.AsType[Misuse](err); !misused || err.Error() != want {
			t.Errorf("%q: error %v, want a misuse: %s", text, err, want)
		}
	}
}

func TestTheTableSaysWhatItComesTo(t *testing.T) {
	old, present := madeRun(40, func(i int) (was, is string) {
		return fmt.Sprintf("%d cpu-ns/op 0 allocs/op", 1000+i%2), fmt.Sprintf("%d cpu-ns/op 2 allocs/op", 1050+i%2)
	})
	var b strings.Builder
	if err := mustCompare(t, old, present).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"old aaaa, new bbbb; interleaved, seed 7\n",
		"internal/loop Step-2  CPU        1 µs  1.05 µs  +5.0 %  +5.0 % … +5.0 %",
		"slower, by more than 1 %\n",
		"internal/loop Step-2  allocs/op  0     2        ?",
		"REGRESSION:\n",
		"  internal/loop Step-2 CPU: +5.0 %, surely worse by more than 1 %\n",
		"  internal/loop Step-2 allocs/op: 2 instead of 0\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
}

func TestPowerGrowsWithEffectAndPairs(t *testing.T) {
	ratios := noisy(rand.New(rand.NewPCG(17, 18)), 500, 0)
	none, small, large := Power(ratios, 0, 60, 0.01, 500, 1), Power(ratios, 0.01, 60, 0.01, 500, 1), Power(ratios, 0.03, 60, 0.01, 500, 1)
	if none.Slower > 0.07 || none.Regression > 0 || small.Slower < 0.9 || small.Regression > 0.1 || large.Regression < 0.95 {
		t.Errorf("of nothing %+v, of 1 %% %+v, of 3 %% %+v", none, small, large)
	}
	if few := Power(ratios, 0.01, 8, 0.01, 500, 1); few.Slower >= small.Slower {
		t.Errorf("8 pairs see %v, 60 see %v", few.Slower, small.Slower)
	}
}

func ExamplePower() {
	ratios := []float64{-0.004, -0.002, -0.001, 0, 0.001, 0.002, 0.004}
	fmt.Println(Power(ratios, 0.03, 20, 0.01, 100, 1))
	// Output: {1 1}
}

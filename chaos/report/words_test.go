package report

import (
	"math"
	"slices"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

func TestFigures(t *testing.T) {
	for _, tt := range []struct {
		value float64
		unit  string
		want  string
	}{
		{0, "", "0"}, {12, "", "12"}, {0.05, "", "0.05"}, {1234.5, "", "1234"}, {123456, "", "123456"}, {-3.14159, "", "-3.14"},
		{1e12, "", "1e+12"}, {1e-7, "", "1e-07"}, {99.96, "", "100"},
		{0, "seconds", "0 s"}, {12e-6, "seconds", "12 µs"}, {0.0123, "seconds", "12.3 ms"}, {2.346, "seconds", "2.35 s"}, {125, "seconds", "2 m 5 s"}, {-0.5, "seconds", "-500 ms"},
		{0.975, "share", "97.5 %"},
		{0, "bytes", "0 B"}, {1536, "bytes", "1.5 KiB"}, {64 << 20, "bytes", "64 MiB"}, {1 << 60, "bytes", "1048576 TiB"},
		{7, "a second", "7"},
	} {
		if got := figure(tt.value, tt.unit); got != tt.want {
			t.Errorf("%v %s is %q, want %q", tt.value, tt.unit, got, tt.want)
		}
	}
}

func TestAmounts(t *testing.T) {
	for _, tt := range []struct {
		measure verdict.Measure
		value   float64
		want    string
	}{
		{verdict.Goodput, 0.5, "50.0 %"}, {verdict.Latency, 0.02, "20 ms"}, {verdict.Refusal, 2, "2 s"},
		{verdict.Recovery, -1, "never"}, {verdict.Recovery, 3, "3 s"}, {verdict.Attempts, 1.234, "1.23 ×"}, {verdict.Query, 7.5, "7.5"},
	} {
		if got := amount(tt.measure, tt.value); got != tt.want {
			t.Errorf("%s of %v is %q, want %q", tt.measure, tt.value, got, tt.want)
		}
	}
}

func TestCleanTexts(t *testing.T) {
	for _, tt := range []struct {
		text string
		n    int
		want string
	}{
		{"plain – ünïcode", 50, "plain – ünïcode"}, {"one\ntwo\tthree", 50, "one two three"}, {"cut here", 3, "cut…"},
		{"\x1b[31mred\x00", 50, "\ufffd[31mred\ufffd"}, {"a\u202eb\u200b", 50, "a\ufffdb\ufffd"}, {"\xff", 5, "\ufffd"}, {"", 5, ""},
	} {
		if got := clean(tt.text, tt.n); got != tt.want {
			t.Errorf("%q is %q, want %q", tt.text, got, tt.want)
		}
	}
	if got, want := cleanLines("main.f()\r\n\tmain.go:1\n\n\x1b\n", 100), "main.f()\n    main.go:1\n\n\ufffd"; got != want {
		t.Errorf("lines %q, want %q", got, want)
	}
	if got := cleanLines("12345\n12345\n12345\n", 10); got != "12345\n1234…" {
		t.Errorf("cut lines are %q", got)
	}
}

// chartOf has one line of values, a second apart.
func chartOf(unit string, log bool, values ...float64) *chart {
	c := &chart{Unit: unit, Log: log}
	var t track
	for i, v := range values {
		t.Points = append(t.Points, evidence.Point{At: time.Duration(i) * time.Second, Value: v})
	}
	c.add("off", "x", t)
	return c
}

func TestScalesAreRoundAndHoldTheirValues(t *testing.T) {
	for name, tt := range map[string]struct {
		chart *chart
		ticks []float64
	}{
		"nothing":           {chartOf("", false), []float64{0, 0.25, 0.5, 0.75, 1}},
		"nought":            {chartOf("", false, 0, 0), []float64{0, 0.25, 0.5, 0.75, 1}},
		"a share":           {chartOf("share", false, 0.1), []float64{0, 0.25, 0.5, 0.75, 1}},
		"more than all":     {chartOf("share", false, 1.1), []float64{0, 0.5, 1, 1.5}},
		"round":             {chartOf("", false, 437), []float64{0, 200, 400, 600}},
		"exactly":           {chartOf("", false, 400), []float64{0, 100, 200, 300, 400}},
		"below nought":      {chartOf("", false, -10, 10), []float64{-10, -5, 0, 5, 10}},
		"bytes":             {chartOf("bytes", false, 90<<20), []float64{0, 25 << 20, 50 << 20, 75 << 20, 100 << 20}},
		"decades":           {chartOf("seconds", true, 0.002, 0.8), []float64{0.001, 0.01, 0.1, 1}},
		"not far apart":     {chartOf("seconds", true, 0.1, 0.8), []float64{0, 0.2, 0.4, 0.6, 0.8}},
		"nothing above 0":   {chartOf("seconds", true, 0, 0), []float64{0, 0.25, 0.5, 0.75, 1}},
		"logarithm below 0": {chartOf("seconds", true, -1, 100), []float64{-50, 0, 50, 100}},
	} {
		s := scaleOf(tt.chart)
		if !slices.EqualFunc(s.ticks, tt.ticks, func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b) }) {
			t.Errorf("%s: ticks %v, want %v", name, s.ticks, tt.ticks)
		}
	}
}

func TestScalesTakeAnyNumber(t *testing.T) {
	for _, values := range [][]float64{{math.MaxFloat64, -math.MaxFloat64}, {math.SmallestNonzeroFloat64}, {1e300, 1e-300}, {-5}, {1e18, 1e18 + 1}} {
		for _, log := range []bool{false, true} {
			s := scaleOf(chartOf("", log, values...))
			for _, v := range values {
				if f := s.at(v); !(f >= 0 && f <= 1) || len(s.ticks) == 0 || len(s.ticks) > 14 {
					t.Errorf("%v, log %t: %v is at %v of %v to %v, ticks %v", values, log, v, f, s.low, s.high, s.ticks)
				}
			}
		}
	}
}

func TestTimeTicks(t *testing.T) {
	for end, want := range map[time.Duration]int{
		0: 0, time.Second: 0, 28 * time.Second: 5, 30 * time.Second: 5, 3 * time.Minute: 5, 24 * time.Hour: 5, 1000 * time.Hour: 5,
	} {
		if n := len(timeTicks(end)); n != want {
			t.Errorf("%v has %d ticks, want %d", end, n, want)
		}
	}
}

func TestThinnedLinesKeepTheirPeaks(t *testing.T) {
	var points []evidence.Point
	for i := range 100_000 {
		p := evidence.Point{At: time.Duration(i), Value: 1}
		if i == 54_321 {
			p.Value = 99
		}
		points = append(points, p)
	}
	kept := thin(points, 100)
	if len(kept) > 100 || !slices.ContainsFunc(kept, func(p evidence.Point) bool { return p.Value == 99 }) {
		t.Errorf("%d points are kept", len(kept))
	}
	if !slices.IsSortedFunc(kept, func(a, b evidence.Point) int { return int(a.At - b.At) }) {
		t.Error("out of order")
	}
}

func TestChartsKeepTheLinesThatReachFurthest(t *testing.T) {
	c := &chart{}
	for i := range 20 {
		c.add("on", string(rune('a'+i)), track{Points: []evidence.Point{{Value: float64(i % 10)}}})
	}
	c.trim()
	if len(c.Lines) != maxLines || c.More != 12 {
		t.Errorf("%d lines, %d more", len(c.Lines), c.More)
	}
	for _, l := range c.Lines {
		if l.reach() < 6 {
			t.Errorf("%s reaches %v", l.Name, l.reach())
		}
	}
}

func TestCurvesBreakWhereThereIsNothing(t *testing.T) {
	var points []evidence.Point
	for _, s := range []int{0, 1, 2, 3, 4, 5, 50, 51, 90} {
		points = append(points, evidence.Point{At: time.Duration(s) * time.Second, Value: 1})
	}
	path := pathOf(points[:8], scale{high: 1}, 100*time.Second)
	if want := "M0 150h0L10 150L20 150L30 150L40 150L50 150M500 150h0L510 150"; path != want {
		t.Errorf("path %s, want %s", path, want)
	}
}

func TestStepsThatCallEachOtherInACircleAreShownOnce(t *testing.T) {
	steps := []evidence.Step{{ID: "a", Parent: "b"}, {ID: "b", Parent: "a"}, {ID: "", Parent: ""}, {ID: "c", Parent: "c"}}
	if n := len(nested(steps)); n != 4 {
		t.Errorf("%d steps, want 4", n)
	}
}

func TestASecondThatIsCutShortIsNotDrawn(t *testing.T) {
	a := &evidence.Arm{Length: evidence.Span{To: 2200 * time.Millisecond}}
	for s := range 3 {
		a.Windows = append(a.Windows, evidence.Window{Start: time.Duration(s) * time.Second})
	}
	if n := len(newJournal(a).groups); n != 2 {
		t.Errorf("%d seconds are drawn, want 2", n)
	}
}

func TestFaultsThatDidNotDoAsTheyShould(t *testing.T) {
	for want, f := range map[string]evidence.Fault{
		"":                    {Hits: 1, Ended: true},
		"hit nothing":         {Ended: true},
		"not seen to end":     {NoHits: true},
		"not injected: no go": {Err: "no go"},
	} {
		if got := faultFactsOf("on", &f).Trouble; got != want {
			t.Errorf("%+v: %q, want %q", f, got, want)
		}
	}
	if f := faultFactsOf("on", &evidence.Fault{NoHits: true, Ended: true}); f.Trouble != "" || f.Hits != nothing {
		t.Errorf("a kill: %+v", f)
	}
}

func TestAnInvariantThatMayBreakIsNotBlamed(t *testing.T) {
	off, on := arm("off"), arm("on")
	r := Report{Run: &evidence.Run{Arms: map[string]*evidence.Arm{"off": off, "on": on}}}
	for breaks, want := range map[string]string{"stock": "violated, as it may", "money": "violated"} {
		r.Checks.Breaks = []string{breaks}
		got := r.invariants()
		if len(got) != 1 || got[0].Off != want || got[0].On != "violated" || len(got[0].Violations) != 2*(maxViolations+1) {
			t.Errorf("with %s: %+v", breaks, got)
		}
	}
}

// arm is one whose stock is violated seven times.
func arm(name string) *evidence.Arm {
	return &evidence.Arm{Name: name, Books: []evidence.Invariant{{Name: "stock", Violations: make([]string, 7)}}}
}

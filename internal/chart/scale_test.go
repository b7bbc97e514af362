package chart

import (
	"math"
	"slices"
	"testing"
	"time"
)

// chartsOf are a chart with one line of values, a second apart.
func chartsOf(unit Unit, log bool, values ...float64) []Chart {
	var l Line
	for i, v := range values {
		l.Points = append(l.Points, Point{At: time.Duration(i) * time.Second, Value: v})
	}
	return []Chart{{Unit: unit, Log: log, Lines: []Line{l}}}
}

func TestScalesAreRoundAndHoldTheirValues(t *testing.T) {
	for name, tt := range map[string]struct {
		charts []Chart
		ticks  []float64
	}{
		"nothing":           {chartsOf(Count, false), []float64{0, 0.25, 0.5, 0.75, 1}},
		"nought":            {chartsOf(Count, false, 0, 0), []float64{0, 0.25, 0.5, 0.75, 1}},
		"a share":           {chartsOf(Share, false, 0.1), []float64{0, 0.25, 0.5, 0.75, 1}},
		"more than all":     {chartsOf(Share, false, 1.1), []float64{0, 0.5, 1, 1.5}},
		"round":             {chartsOf(Count, false, 437), []float64{0, 200, 400, 600}},
		"exactly":           {chartsOf(Count, false, 400), []float64{0, 100, 200, 300, 400}},
		"below nought":      {chartsOf(Count, false, -10, 10), []float64{-10, -5, 0, 5, 10}},
		"bytes":             {chartsOf(Bytes, false, 90<<20), []float64{0, 25 << 20, 50 << 20, 75 << 20, 100 << 20}},
		"decades":           {chartsOf(Seconds, true, 0.002, 0.8), []float64{0.001, 0.01, 0.1, 1}},
		"not far apart":     {chartsOf(Seconds, true, 0.1, 0.8), []float64{0, 0.2, 0.4, 0.6, 0.8}},
		"nothing above 0":   {chartsOf(Seconds, true, 0, 0), []float64{0, 0.25, 0.5, 0.75, 1}},
		"logarithm below 0": {chartsOf(Seconds, true, -1, 100), []float64{-50, 0, 50, 100}},
	} {
		s := scaleOf(tt.charts)
		if !slices.EqualFunc(s.ticks, tt.ticks, func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b) }) {
			t.Errorf("%s: ticks %v, want %v", name, s.ticks, tt.ticks)
		}
	}
}

func TestScalesTakeAnyNumber(t *testing.T) {
	for _, values := range [][]float64{{math.MaxFloat64, -math.MaxFloat64}, {math.SmallestNonzeroFloat64}, {1e300, 1e-300}, {-5}, {1e18, 1e18 + 1}} {
		for _, log := range []bool{false, true} {
			s := scaleOf(chartsOf(Count, log, values...))
			for _, v := range values {
				if f := s.at(v); !(f >= 0 && f <= 1) || len(s.ticks) == 0 || len(s.ticks) > 14 {
					t.Errorf("%v, log %t: %v is at %v of %v to %v, ticks %v", values, log, v, f, s.low, s.high, s.ticks)
				}
			}
		}
	}
}

func TestTicksOfTimes(t *testing.T) {
	const s, m, h = time.Second, time.Minute, time.Hour
	clock := time.Date(2026, 3, 4, 5, 6, 52, 0, time.FixedZone("Nepal", 5*3600+45*60))
	for _, tt := range []struct {
		from, to time.Duration
		origin   time.Time
		want     []string
	}{
		{0, time.Millisecond, time.Time{}, nil},
		{0, s, time.Time{}, nil},
		{0, 30 * s, time.Time{}, []string{"5 s", "10 s", "15 s", "20 s", "25 s"}},
		{0, 34 * s, time.Time{}, []string{"5 s", "10 s", "15 s", "20 s", "25 s", "30 s"}},
		{0, 3 * m, time.Time{}, []string{"30 s", "60 s", "90 s", "2 m 0 s", "2 m 30 s"}},
		{0, 24 * h, time.Time{}, []string{"4 h 0 m", "8 h 0 m", "12 h 0 m", "16 h 0 m", "20 h 0 m"}},
		{-25 * s, 0, time.Time{}, []string{"-20 s", "-15 s", "-10 s", "-5 s"}},
		{-13 * s, 7 * s, time.Time{}, []string{"-10 s", "-5 s", "0 s", "5 s"}},
		{0, 20 * s, clock, []string{"05:06:55", "05:07:00", "05:07:05", "05:07:10"}},
		{-15 * m, 0, clock, []string{"04:55", "05:00", "05:05"}},
		{-6 * h, 0, clock, []string{"00:00", "01:00", "02:00", "03:00", "04:00", "05:00"}},
	} {
		w := window{tt.from, tt.to}
		var got []string
		for _, at := range w.ticks(tt.origin) {
			got = append(got, timeText(at, w, tt.origin))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v to %v of %v: %q, want %q", tt.from, tt.to, tt.origin, got, tt.want)
		}
	}
}

func TestThinnedLinesKeepTheirPeaks(t *testing.T) {
	var points []Point
	for i := range 100_000 {
		p := Point{At: time.Duration(i), Value: 1}
		if i == 54_321 {
			p.Value = 99
		}
		points = append(points, p)
	}
	kept := thin(points, 100)
	if len(kept) > 100 || !slices.ContainsFunc(kept, func(p Point) bool { return p.Value == 99 }) {
		t.Errorf("%d points are kept", len(kept))
	}
	if !slices.IsSortedFunc(kept, func(a, b Point) int { return int(a.At - b.At) }) {
		t.Error("out of order")
	}
}

func TestCurvesBreakWhereThereIsNothing(t *testing.T) {
	var points []Point
	for _, s := range []int{0, 1, 2, 3, 4, 5, 50, 51} {
		points = append(points, Point{At: time.Duration(s) * time.Second, Value: 1})
	}
	path := pathOf(points, scale{high: 1}, window{0, 100 * time.Second})
	if want := "M0 150h0L10 150L20 150L30 150L40 150L50 150M500 150h0L510 150"; path != want {
		t.Errorf("path %s, want %s", path, want)
	}
}

func TestUnits(t *testing.T) {
	for _, tt := range []struct {
		value float64
		unit  Unit
		want  string
	}{
		{0, Count, "0"}, {12, Count, "12"}, {0.05, Count, "0.05"}, {1234.5, Count, "1234"}, {123456, Count, "123456"}, {-3.14159, Count, "-3.14"},
		{1e12, Count, "1e+12"}, {1e-7, Count, "1e-07"}, {99.96, Count, "100"},
		{0, Seconds, "0 s"}, {12e-6, Seconds, "12 µs"}, {0.0123, Seconds, "12.3 ms"}, {2.346, Seconds, "2.35 s"}, {125, Seconds, "2 m 5 s"}, {-0.5, Seconds, "-500 ms"},
		{7199, Seconds, "119 m 59 s"}, {7260, Seconds, "2 h 1 m"}, {-7260, Seconds, "-2 h 1 m"},
		{0.975, Share, "97.5 %"},
		{0, Bytes, "0 B"}, {1536, Bytes, "1.5 KiB"}, {64 << 20, Bytes, "64 MiB"}, {1 << 60, Bytes, "1048576 TiB"},
		{1 << 20, BytesPerSecond, "1 MiB"}, {7, PerSecond, "7"}, {7, "apples", "7"},
		{math.NaN(), Bytes, "–"}, {math.Inf(1), Seconds, "∞"}, {math.Inf(-1), Share, "-∞"},
	} {
		if got := tt.unit.Format(tt.value); got != tt.want {
			t.Errorf("%v %s is %q, want %q", tt.value, tt.unit, got, tt.want)
		}
	}
}

package loadgen_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brownout/loadgen"
)

// offsets lists all of a pacer's.
func offsets(p loadgen.Pacer) []time.Duration {
	var all []time.Duration
	for i := int64(0); ; i++ {
		offset, ok := p.At(i)
		if !ok {
			return all
		}
		all = append(all, offset)
	}
}

// within counts the offsets in [from, to).
func within(all []time.Duration, from, to time.Duration) int {
	n := 0
	for _, offset := range all {
		if offset >= from && offset < to {
			n++
		}
	}
	return n
}

func TestArrivals(t *testing.T) {
	const length = 10 * time.Second
	for _, tt := range []struct {
		text   string
		total  int
		middle int // due from second 4 to second 6
	}{
		{"", 2000, 400},
		{"constant", 2000, 400},
		{"ramp:0-200", 1000, 200},
		{"ramp:200-0", 1000, 200},
		{"ramp:100-100", 1000, 200},
		{"step:10,20", 150, 30},
		{"step:0,0,50,0,0", 100, 100},
		{"spike:10-100@4s+2s", 280, 200},
		{"spike:10-100@0s+2s", 280, 20},
		{"spike:0-100@8s+2s", 200, 0},
	} {
		p, err := loadgen.Arrivals{Text: tt.text, Rate: 200, Length: length}.Pacer()
		if err != nil {
			t.Fatal(err)
		}
		all := offsets(p)
		middle := within(all, 4*time.Second, 6*time.Second)
		if len(all) != tt.total || middle < tt.middle-1 || middle > tt.middle+1 || p.Length() != length {
			t.Errorf("%q: %d in %v, %d in the middle; want %d and %d", tt.text, len(all), p.Length(), middle, tt.total, tt.middle)
		}
	}
}

func TestArrivalsSayWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		text   string
		rate   float64
		length time.Duration
		want   string
	}{
		{"", 1, 0, "duration 0s"},
		{"", 1, 25 * time.Hour, "at most 24h"},
		{"", -1, time.Second, "rate -1"},
		{"", math.NaN(), time.Second, "rate NaN"},
		{"", 100_001, time.Second, "must be from 0 to 100000"},
		{"", 0, time.Second, "no request is due"},
		{"sine", 1, time.Second, "want constant, poisson, ramp:"},
		{"poisson:poisson", 1, time.Second, "want constant"},
		{"ramp:1", 1, time.Second, "want ramp:FROM-TO"},
		{"ramp:1-x", 1, time.Second, `"x" is no rate`},
		{"step:", 1, time.Second, `"" is no rate`},
		{"step:1,1e9", 1, time.Second, "must be from 0 to 100000"},
		{"step:1" + strings.Repeat(",1", 1000), 1, time.Second, "1001 steps"},
		{"spike:1-2", 1, time.Second, "want spike:BASE-PEAK@AT+WIDTH"},
		{"spike:1-2@1s", 1, time.Second, "want spike:BASE-PEAK@AT+WIDTH"},
		{"spike:1-2@1+1s", 1, time.Second, `"1" is no time`},
		{"spike:1-2@-1s+1s", 1, time.Second, `"-1s" is no time`},
		{"spike:1-2@1s+1s", 1, time.Second, "the spike ends 2s after the start, and the run 1s"},
	} {
		_, err := loadgen.Arrivals{Text: tt.text, Rate: tt.rate, Length: tt.length}.Pacer()
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.40q: %v, want %q", tt.text, err, tt.want)
		}
	}
}

func FuzzArrivals(f *testing.F) {
	for _, text := range []string{"", "poisson", "poisson:ramp:1-2", "ramp:1-2", "step:1,2", "spike:1-2@1ms+1ms", "ramp:NaN-Inf"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := loadgen.Arrivals{Text: text, Rate: 100, Length: 10 * time.Millisecond, Seed: 1}.Pacer()
		if err == nil {
			checkSchedule(t, p)
		}
	})
}

// checkSchedule wants offsets that never decrease and stay inside the length.
func checkSchedule(t interface{ Fatalf(string, ...any) }, p loadgen.Pacer) {
	last := time.Duration(0)
	for i, offset := range offsets(p) {
		if offset < last || offset >= p.Length() {
			t.Fatalf("request %d is due at %v, after %v, in %v", i, offset, last, p.Length())
		}
		last = offset
	}
}

func drawProfile(t *rapid.T) (p loadgen.Profile, area float64) {
	rate := rapid.Float64Range(0, 500)
	length := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(3*time.Second)).Draw(t, "length"))
	a, b := rate.Draw(t, "a"), rate.Draw(t, "b")
	seconds := length.Seconds()
	switch rapid.SampledFrom([]string{"constant", "ramp", "steps", "spike"}).Draw(t, "shape") {
	case "constant":
		return loadgen.Constant(a, length), a * seconds
	case "ramp":
		return loadgen.Ramp(a, b, length), (a + b) / 2 * seconds
	case "steps":
		return loadgen.Steps(length, a, b), (a + b) / 2 * seconds
	}
	return loadgen.Spike(a, b, length/4, length/2, length), (a + b) / 2 * seconds
}

func TestAsManyAreDueAsTheAreaBelowTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, area := drawProfile(t)
		checkSchedule(t, p)
		if n := float64(len(offsets(p))); n < area-1e-3 || n > area+1+1e-3 {
			t.Fatalf("%v are due, and the area is %v", n, area)
		}
	})
}

func TestAFlatRampIsConstant(t *testing.T) {
	constant, ramp := loadgen.Constant(300, time.Second), loadgen.Ramp(300, 300, time.Second)
	for i := range int64(300) {
		a, _ := constant.At(i)
		b, _ := ramp.At(i)
		if want := time.Duration(i) * time.Second / 300; a != b || (a-want).Abs() > time.Microsecond {
			t.Fatalf("request %d is due at %v and %v, want %v", i, a, b, want)
		}
	}
}

func TestPoissonAnswersTheSameInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		profile, _ := drawProfile(t)
		seed := rapid.Uint64().Draw(t, "seed")
		inOrder := offsets(loadgen.NewPoisson(profile, seed))
		p := loadgen.NewPoisson(profile, seed)
		checkSchedule(t, p)
		for _, i := range rapid.SliceOfN(rapid.Int64Range(-1, int64(len(inOrder))), 0, 20).Draw(t, "places") {
			offset, ok := p.At(i)
			if inside := i >= 0 && i < int64(len(inOrder)); ok != inside || ok && offset != inOrder[i] {
				t.Fatalf("arrival %d of %d: %v, %v", i, len(inOrder), offset, ok)
			}
		}
	})
}

// The gaps of a Poisson process have a mean of 1/rate and vary as much as their mean.
func TestPoissonGaps(t *testing.T) {
	all := offsets(loadgen.NewPoisson(loadgen.Constant(1000, 100*time.Second), 7))
	var sum, squares float64
	for i := 1; i < len(all); i++ {
		gap := (all[i] - all[i-1]).Seconds() * 1000
		sum += gap
		squares += gap * gap
	}
	n := float64(len(all) - 1)
	mean := sum / n
	deviation := math.Sqrt(squares/n - mean*mean)
	if math.Abs(mean-1) > 0.02 || math.Abs(deviation-1) > 0.02 {
		t.Errorf("gaps have mean %.3f and deviation %.3f, want 1 and 1", mean, deviation)
	}
}

func ExampleProfile() {
	spike := loadgen.Spike(1, 4, time.Second, 500*time.Millisecond, 3*time.Second)
	for i := int64(0); ; i++ {
		offset, ok := spike.At(i)
		if !ok {
			break
		}
		fmt.Print(offset, " ")
	}
	// Output: 0s 1s 1.25s 1.5s 2.5s
}

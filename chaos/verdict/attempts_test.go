package verdict_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

// counted is an arm of 30 s, with a fault from 6 s on, whose attempts in each half second are so
// many of the requests, of which perSecond come.
func counted(perSecond int, attempts func(half int) float64) *evidence.Run {
	a := &evidence.Arm{
		Name: evidence.On, Length: evidence.Span{To: 30 * second}, Baseline: evidence.Span{From: 2 * second, To: 6 * second},
		Faults: []evidence.Fault{{Active: evidence.Span{From: 6 * second, To: 9 * second}}},
	}
	value, points := 0.0, []evidence.Point{}
	for half := range 61 { // the last is at the very end
		at := time.Duration(half) * second / 2
		if half%2 == 0 && half < 60 {
			n := int64(perSecond)
			a.Windows = append(a.Windows, evidence.Window{Start: at, Routes: map[string]*evidence.Tally{"checkout": {Scheduled: n}, "browse": {Scheduled: n}}})
		}
		value += attempts(half)
		points = append(points, evidence.Point{At: at, Value: value})
	}
	a.Queries = map[string][]evidence.Graph{"attempts": {{Points: points}}}
	return &evidence.Run{Arms: map[string]*evidence.Arm{evidence.On: a}}
}

// amplified is how many attempts come for each second of 100 requests, factor times as many from
// one second to another.
func amplified(factor float64, from, to int) func(int) float64 {
	return func(half int) float64 {
		if half > 2*from && half <= 2*to {
			return 50 * factor
		}
		return 50
	}
}

func TestAmplificationMayBeAboveItsBoundAtFirst(t *testing.T) {
	for _, tt := range []struct {
		name     string
		attempts func(int) float64
		broken   string // the promise, "" for none
	}{
		{"none", amplified(1, 0, 0), ""},
		{"more is allowed at first", amplified(1.2, 6, 16), ""},
		{"too much at first", amplified(1.35, 6, 16), "amplification at first"},
		{"savings are spent", amplified(2, 6, 8), ""},
		{"a little more than allowed afterwards may be chance", amplified(1.12, 16, 30), ""},
		{"too much afterwards", amplified(1.2, 16, 30), "amplification"},
	} {
		run := counted(100, tt.attempts)
		for _, c := range verdict.Standard("attempts", []string{"checkout"}, 24*second)[1:] {
			f := verdict.Measured(run, evidence.On, c)
			if f.Unmeasured != "" || f.Held != (c.Name != tt.broken) {
				t.Errorf("%s: held %t: %s", tt.name, f.Held, f.Why)
			}
			if said := strings.Contains(f.Why, "chance"); said != (f.Held && f.Measured > f.AtMost) {
				t.Errorf("%s: whoever reads it is told of chance: %t: %s", tt.name, said, f.Why)
			}
		}
	}
}

// An arm that was interrupted before the harm must leave a verdict that can be written down.
func TestAttemptsOfNobodyAreNoNumber(t *testing.T) {
	run := counted(100, amplified(1, 0, 0))
	run.Arms[evidence.On].Windows = run.Arms[evidence.On].Windows[:5]
	f := verdict.Measured(run, evidence.On, verdict.Check{Measure: verdict.Attempts, Query: "attempts", AtMost: "1"})
	if f.Held || f.Unmeasured != "no request was scheduled" || f.Measured != 0 {
		t.Errorf("%+v", f)
	}
}

// Of few requests chance could explain any number of attempts, so nothing can be told of them.
func TestFewAttemptsAreNoBaseline(t *testing.T) {
	c := verdict.Check{Measure: verdict.Attempts, Query: "attempts", Routes: []string{"checkout"}, AtMost: "1.1"}
	for _, tt := range []struct {
		perSecond int
		told      bool
	}{{1, false}, {2, false}, {10, true}, {100, true}} {
		f := verdict.Measured(counted(tt.perSecond, func(int) float64 { return float64(tt.perSecond) / 2 }), evidence.On, c)
		if f.Held != tt.told || strings.Contains(f.Unmeasured, "may as well be chance") == tt.told {
			t.Errorf("%d requests a second: %+v", tt.perSecond, f)
		}
	}
}

func TestShortHarmHasNothingAfterItsBeginning(t *testing.T) {
	for harm, want := range map[time.Duration]int{5 * second: 2, 12 * second: 2, 13 * second: 3, time.Minute: 3} {
		if all := verdict.Standard("attempts", nil, harm); len(all) != want || all[1].For != 10 || all[1].AtMost != "1.2" {
			t.Errorf("%s of harm: %d standard promises, want %d: %+v", harm, len(all), want, all)
		}
	}
	if all := verdict.Standard("", nil, time.Minute); len(all) != 1 {
		t.Errorf("nobody counts attempts, and they are promised: %+v", all)
	}
}

// A promise that is just kept is seldom called broken, though it is chance which requests come when and,
// where no routes are named, which of them lead to attempts.
func TestKeptAmplificationIsSeldomCalledBroken(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const runs = 2000
	for name, routes := range map[string][]string{"named": {"checkout"}, "mixed": nil} {
		broken := 0
		for range runs {
			edge := 0.0 // arrivals that the metric has not told of yet
			run := counted(40, func(half int) float64 {
				n, before := 20.0, edge
				if routes == nil {
					n = poisson(random, 20)
				}
				edge = poisson(random, 10)
				return max(n+before-edge, 0)
			})
			c := verdict.Check{Measure: verdict.Attempts, Query: "attempts", Routes: routes, Skip: 10, For: 4, AtMost: "1"}
			if !verdict.Measured(run, evidence.On, c).Held {
				broken++
			}
		}
		if broken > runs/100 {
			t.Errorf("%s: %d of %d runs", name, broken, runs)
		}
	}
}

func poisson(random *rand.Rand, mean float64) (n float64) {
	for t := random.ExpFloat64(); t < mean; t += random.ExpFloat64() {
		n++
	}
	return n
}

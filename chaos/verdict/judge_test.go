package verdict_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

const (
	second   = time.Second
	attempts = "attempts at the bank"
	rejected = "rejections"
)

// checks are those of a made-up drill: a fault from 6 s to 10 s of 20 s.
func checks() verdict.Checks {
	return verdict.Checks{
		Signature: []verdict.Check{
			{Name: "goodput is gone", Measure: verdict.Goodput, Routes: []string{"checkout"}, During: verdict.Harm, AtMost: "20%"},
			{Name: "it does not recover", Measure: verdict.Recovery, AtLeast: "5s"},
		},
		Promises: append(verdict.Standard(attempts, nil, 14*second),
			verdict.Check{Name: "other routes", Measure: verdict.Goodput, Routes: []string{"browse"}, During: verdict.Harm, AtLeast: "95%"},
			verdict.Check{Name: "fast", Measure: verdict.Latency, Routes: []string{"browse"}, AtMost: "max(20ms, 3*baseline)"},
			verdict.Check{Name: "refusals", Measure: verdict.Refusal, AtMost: "10ms"},
			verdict.Check{Name: "it refused", Measure: verdict.Query, Query: rejected, Reduce: verdict.Rise, AtLeast: "0.5*C"},
		),
	}
}

// run is one that passes.
func run() *evidence.Run {
	return &evidence.Run{
		Drill:       "made-up",
		Calibration: evidence.Calibration{Of: "checkout", Capacity: 155, Expected: 160},
		Arms:        map[string]*evidence.Arm{evidence.Off: arm(evidence.Off, false), evidence.On: arm(evidence.On, true)},
	}
}

func arm(name string, protected bool) *evidence.Arm {
	a := &evidence.Arm{
		Name:     name,
		Length:   evidence.Span{To: 20 * second},
		Baseline: evidence.Span{From: 2 * second, To: 6 * second},
		Faults:   []evidence.Fault{{Kind: "bank.slow", On: "bank-a", Active: evidence.Span{From: 6 * second, To: 10 * second}, Hits: 7, Ended: true}},
		Books:    []evidence.Invariant{{Name: "money", Holds: true}, {Name: "one-charge", Holds: true}},
		Queries:  map[string][]evidence.Graph{attempts: {{}}, rejected: {{}}},
	}
	for s := range 20 * 1 {
		a.Windows = append(a.Windows, window(s, protected))
		at := time.Duration(s) * second
		a.Queries[attempts][0].Points = append(a.Queries[attempts][0].Points, evidence.Point{At: at, Value: float64(100 * s)})
		a.Queries[rejected][0].Points = append(a.Queries[rejected][0].Points, evidence.Point{At: at, Value: float64(20 * max(min(s, 10)-6, 0))})
	}
	return a
}

// window is a second in which browsing is always well, and checkouts, unless they are
// protected, are not from the fault on.
func window(s int, protected bool) evidence.Window {
	browse := &evidence.Tally{Scheduled: 200, Good: 200, Acknowledged: 200, Attempts: 200}
	browse.Latency.Add(5 * time.Millisecond)
	checkout := &evidence.Tally{Scheduled: 100, Good: 100, Acknowledged: 100, Attempts: 100}
	if s >= 6 && (!protected || s < 10) {
		checkout.Good = 0
		checkout.Refusal.Add(time.Millisecond)
	}
	return evidence.Window{Start: time.Duration(s) * second, Routes: map[string]*evidence.Tally{"browse": browse, "checkout": checkout}}
}

func TestGoodRunPasses(t *testing.T) {
	v := verdict.Judge(checks(), run())
	if v.Result != verdict.Pass || len(v.Reasons) != 0 || len(v.Signature) != 2 || len(v.Promises) != 7 {
		t.Errorf("%+v", v)
	}
}

// The judge is judged: each way to spoil a run has its verdict, and its reason by name.
func TestSpoiltRunDoesNotPass(t *testing.T) {
	on := func(r *evidence.Run) *evidence.Arm { return r.Arms[evidence.On] }
	off := func(r *evidence.Run) *evidence.Arm { return r.Arms[evidence.Off] }
	route := func(a *evidence.Arm, s int, name string) *evidence.Tally { return a.Windows[s].Routes[name] }
	for _, tt := range []struct {
		name   string
		spoil  func(*evidence.Run)
		result verdict.Result
		reason string
	}{
		{"one window of browsing is too bad", func(r *evidence.Run) { route(on(r), 8, "browse").Good = 170 }, verdict.Fail, "on arm: other routes"},
		{"each window of browsing is a little bad", func(r *evidence.Run) {
			for s := 6; s < 20; s++ {
				route(on(r), s, "browse").Good = 182 // 91 %, which one window alone may have by chance
			}
		}, verdict.Fail, "on arm: other routes: 91.0 %"},
		{"nobody came afterwards", func(r *evidence.Run) {
			for s := 10; s < 20; s++ {
				for _, t := range on(r).Windows[s].Routes {
					t.Scheduled, t.Good = 4, 4
				}
			}
		}, verdict.Invalid, "on arm: recovery: cannot be told: 80 requests were due afterwards"},
		{"a fault ended by itself", func(r *evidence.Run) { on(r).Faults[0].ID, on(r).Faults[0].Err = "a-1", "it ended by itself" }, verdict.Invalid, "fault bank.slow on bank-a: it ended by itself"},
		{"browsing is slow", func(r *evidence.Run) {
			for s := 6; s < 20; s++ {
				route(on(r), s, "browse").Latency.Add(21 * time.Millisecond)
			}
		}, verdict.Fail, "on arm: fast: 20.97ms"},
		{"refusals are slow", func(r *evidence.Run) { route(on(r), 7, "checkout").Refusal.Add(11 * time.Millisecond) }, verdict.Fail, "on arm: refusals"},
		{"it recovers late", func(r *evidence.Run) {
			for s := 10; s < 16; s++ {
				route(on(r), s, "checkout").Good = 0
			}
		}, verdict.Fail, "on arm: recovery: recovered after 6s"},
		{"it never recovers", func(r *evidence.Run) {
			for s := 10; s < 20; s++ {
				route(on(r), s, "checkout").Good = 0
			}
		}, verdict.Fail, "on arm: recovery: no recovery"},
		{"attempts multiply", func(r *evidence.Run) {
			points := on(r).Queries[attempts][0].Points
			for i := range points[6:] {
				points[6+i].Value += 100 * float64(i)
			}
		}, verdict.Fail, "on arm: amplification at first: 2.00"},
		{"it refused nothing", func(r *evidence.Run) { on(r).Queries[rejected][0].Points = on(r).Queries[rejected][0].Points[:3] }, verdict.Invalid, "on arm: it refused: cannot be told"},
		{"a metric was not asked", func(r *evidence.Run) { delete(on(r).Queries, rejected) }, verdict.Invalid, "rejections was not asked"},
		{"a double charge", func(r *evidence.Run) {
			on(r).Books[1] = evidence.Invariant{Name: "one-charge", Violations: []string{"checkout 7 was charged twice"}}
		}, verdict.Fail, "on arm: audit: one-charge is violated: checkout 7"},
		{"a double charge that no signature names", func(r *evidence.Run) { off(r).Books[1].Holds = false }, verdict.Fail, "off arm: audit: one-charge"},
		{"no audit", func(r *evidence.Run) { on(r).Books = nil }, verdict.Invalid, "audit: there is none"},
		{"the fault hit nothing", func(r *evidence.Run) { off(r).Faults[0].Hits = 0 }, verdict.Invalid, "off arm: fault bank.slow on bank-a: hit nothing"},
		{"the fault did not end", func(r *evidence.Run) { on(r).Faults[0].Ended = false }, verdict.Invalid, "on arm: fault bank.slow on bank-a: was not seen to end"},
		{"the fault was refused", func(r *evidence.Run) { on(r).Faults[0].Err = "no such process" }, verdict.Invalid, "could not be injected: no such process"},
		{"there was no fault", func(r *evidence.Run) { on(r).Faults = nil }, verdict.Invalid, "on arm: no fault was injected"},
		{"the generator fell behind", func(r *evidence.Run) {
			for s := range 20 {
				route(on(r), s, "browse").Unsent = 20
			}
		}, verdict.Invalid, "on arm: generator: it sent 93.3 %"},
		{"the baseline is unhealthy", func(r *evidence.Run) {
			for s := 2; s < 6; s++ {
				route(off(r), s, "browse").Good = 150
			}
		}, verdict.Invalid, "off arm: baseline: 83.3 %"},
		{"one route alone is unhealthy before", func(r *evidence.Run) {
			for s := range 20 {
				for _, t := range on(r).Windows[s].Routes {
					t.Scheduled, t.Good = 10*t.Scheduled, 10*t.Good // so many that a tenth of browsing is little of all
				}
				on(r).Windows[s].Routes["browse"] = &evidence.Tally{Scheduled: 30, Good: 15}
			}
		}, verdict.Invalid, "on arm: other routes: cannot be told: the baseline says nothing: 60 of 120 requests"},
		{"the calibration is off", func(r *evidence.Run) { r.Calibration.Capacity = 140 }, verdict.Invalid, "calibration: checkout has a capacity of 140.0"},
		{"the off arm holds", func(r *evidence.Run) { r.Arms[evidence.Off] = arm(evidence.Off, true) }, verdict.Invalid, "did not break as predicted: goodput is gone"},
		{"an arm ended early", func(r *evidence.Run) { on(r).Failed = "the gateway did not start" }, verdict.Invalid, "on arm: was not run to its end: the gateway did not start"},
		{"unhealthy before", func(r *evidence.Run) { on(r).Before = "payments is not ready" }, verdict.Invalid, "was unhealthy before"},
		{"unhealthy after", func(r *evidence.Run) { on(r).After = "payments is not ready" }, verdict.Invalid, "was unhealthy after"},
		{"nothing was run", func(r *evidence.Run) { r.Arms = nil }, verdict.Invalid, "off arm: it was not run"},
		{"an arm is missing", func(r *evidence.Run) { delete(r.Arms, evidence.On) }, verdict.Invalid, "on arm: it was not run"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := run()
			tt.spoil(r)
			v := verdict.Judge(checks(), r)
			named := slices.ContainsFunc(v.Reasons, func(reason string) bool { return strings.Contains(reason, tt.reason) })
			if v.Result != tt.result || !named {
				t.Errorf("%s %q, want %s with %q", v.Result, v.Reasons, tt.result, tt.reason)
			}
		})
	}
}

func TestArmThatIsToBreakTheBooksMustBreakThem(t *testing.T) {
	c := checks()
	c.Breaks = []string{"one-charge"}
	r := run()
	if v := verdict.Judge(c, r); v.Result != verdict.Invalid || !strings.Contains(v.Reasons[0], "none of the invariants one-charge") {
		t.Errorf("%+v", v)
	}
	r.Arms[evidence.Off].Books[1].Holds = false
	if v := verdict.Judge(c, r); v.Result != verdict.Pass {
		t.Errorf("%+v", v)
	}
}

func TestOneArmAloneIsJudgedByWhatIsThere(t *testing.T) {
	for _, arm := range []string{evidence.Off, evidence.On} {
		r := run()
		delete(r.Arms, arm)
		r.Wanted = slices.DeleteFunc([]string{evidence.Off, evidence.On}, func(other string) bool { return other == arm })
		if v := verdict.Judge(checks(), r); v.Result != verdict.Pass || !v.Partial || len(v.Signature)+len(v.Promises) == 9 {
			t.Errorf("without %s: %+v", arm, v)
		}
	}
}

func TestPredictionIsJudgedWhereItIsToBe(t *testing.T) {
	c := verdict.Checks{Promises: []verdict.Check{{Name: "drain", Measure: verdict.Recovery, Predicted: "4s", Within: 0.25, AtMost: "1m"}}}
	for _, tt := range []struct {
		bad    int // seconds after the fault
		result verdict.Result
	}{{2, verdict.Fail}, {3, verdict.Pass}, {4, verdict.Pass}, {5, verdict.Pass}, {6, verdict.Fail}} {
		r := run()
		for s := range tt.bad {
			r.Arms[evidence.On].Windows[10+s].Routes["checkout"].Good = 0
		}
		if v := verdict.Judge(c, r); v.Result != tt.result {
			t.Errorf("%d s: %s %v", tt.bad, v.Result, v.Promises)
		}
	}
}

// What was not there before cannot be compared with.
func TestBoundWithoutABaselineIsNotJudged(t *testing.T) {
	c := verdict.Checks{Promises: []verdict.Check{{Name: "refusals", Measure: verdict.Refusal, AtMost: "3*baseline"}}}
	v := verdict.Judge(c, run())
	if v.Result != verdict.Invalid || !strings.Contains(v.Reasons[0], `there is no "baseline" here`) {
		t.Errorf("%+v", v)
	}
}

// A fault is injected a little late, and a counter may be born or begin anew in the middle of it.
func TestSpansBeginWithTheirWindowsAndCountersAnew(t *testing.T) {
	r := run()
	a := r.Arms[evidence.On]
	a.Faults[0].Active = evidence.Span{From: 6004 * time.Millisecond, To: 10007 * time.Millisecond}
	graph := func(at time.Duration, values ...float64) (g evidence.Graph) {
		for i, v := range values {
			g.Points = append(g.Points, evidence.Point{At: at + time.Duration(i)*second, Value: v})
		}
		return g
	}
	a.Queries["hits"] = []evidence.Graph{graph(5*second, 100, 110, 120, 5, 10), graph(8*second, 3, 4)}
	c := verdict.Checks{Promises: []verdict.Check{
		{Name: "rise", Measure: verdict.Query, Query: "hits", Reduce: verdict.Rise, During: verdict.Trigger, AtLeast: "24", AtMost: "24"},
		{Name: "first second", Measure: verdict.Goodput, Routes: []string{"checkout"}, During: verdict.Trigger, AtMost: "0"},
		{Name: "after", Measure: verdict.Goodput, Routes: []string{"checkout"}, During: verdict.After, AtLeast: "100%"},
	}}
	if v := verdict.Judge(c, r); v.Result != verdict.Pass {
		t.Errorf("%+v", v.Reasons)
	}
}

// Points are not where spans begin and end. What lies between two spans belongs to one of them.
func TestRiseHasAllStepsOfItsSpan(t *testing.T) {
	r := run()
	var g evidence.Graph
	for i := range 20 {
		g.Points = append(g.Points, evidence.Point{At: time.Duration(i)*second - time.Millisecond, Value: 10 * float64(i)})
	}
	r.Arms[evidence.On].Queries["steady"] = []evidence.Graph{g}
	c := verdict.Checks{Promises: []verdict.Check{
		{Name: "rise", Measure: verdict.Query, Query: "steady", Reduce: verdict.Rise, During: verdict.Trigger, AtLeast: "40", AtMost: "40"},
	}}
	if v := verdict.Judge(c, r); v.Result != verdict.Pass {
		t.Errorf("%+v", v.Reasons)
	}
}

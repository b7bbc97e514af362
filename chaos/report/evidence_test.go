package report_test

import (
	"fmt"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/report"
	"brownout/chaos/verdict"
)

// counter is what the made-up drill counts attempts by.
const counter = `sum(bank_requests_total)`

// madeUp is a report of a drill that never was: a fault from 10 s to 20 s, which takes away
// nearly all of the off arm's goodput and little of the on arm's.
func madeUp() report.Report {
	checks := verdict.Checks{
		Signature: []verdict.Check{{Name: "goodput falls", Measure: verdict.Goodput, Routes: []string{"checkout"}, During: verdict.Trigger, AtMost: "20%", Predicted: "0.5/m", Within: 0.25}},
		Promises: []verdict.Check{
			{Name: "goodput stays", Measure: verdict.Goodput, AtLeast: "0.9*baseline/baseline"},
			{Name: "quick", Measure: verdict.Latency, Routes: []string{"browse"}, During: verdict.Trigger, Skip: 1, AtMost: "max(20ms, 3*baseline)"},
			{Name: "recovery", Measure: verdict.Recovery, AtMost: "5s"},
			{Name: "amplification", Measure: verdict.Attempts, Query: counter, AtMost: "1.2"},
			{Name: "short queues", Measure: verdict.Query, Query: "queue", AtMost: "100"},
		},
	}
	run := &evidence.Run{
		Drill: "made-up", Pace: "quick", Seed: 7, Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Versions:    map[string]string{"brownout": "v1", "go": "go1.26"},
		Calibration: evidence.Calibration{Of: "checkout", Capacity: 81, Expected: 80},
		Arms:        map[string]*evidence.Arm{evidence.Off: arm(evidence.Off, 5), evidence.On: arm(evidence.On, 98)},
		Constants:   map[string]float64{"m": 10},
	}
	return report.Report{
		Title: "A bank that is slow", Story: []string{"The bank is slow.", "All wait for it.", "Nobody is served."},
		Learn: []string{"Bound what waits."}, Shown: []string{"codel", "deadline"}, Runbook: "made-up",
		Checks:  checks,
		Panels:  []report.Panel{{Title: "Memory in use", Unit: "bytes", Query: "memory", By: "job"}, {Title: "Never asked", Query: "none"}},
		Command: "brownout drill run made-up --pace quick --seed 7",
		Run:     run, Verdict: verdict.Judge(checks, run),
	}
}

// arm is one in which so many of 100 requests a second are good while the fault is active.
func arm(name string, good int64) *evidence.Arm {
	a := &evidence.Arm{
		Name: name, Length: evidence.Span{To: 30 * time.Second}, Baseline: evidence.Span{From: 2 * time.Second, To: 10 * time.Second},
		Faults: []evidence.Fault{{
			Kind: "bank.slow", On: "bank-a", Params: map[string]string{"factor": "20"}, Active: evidence.Span{From: 10 * time.Second, To: 20 * time.Second}, Hits: 1000, Ended: true,
		}},
		Books: []evidence.Invariant{{Name: "money", Text: "every entry has two sides", Holds: true}, {Name: "stock", Text: "nothing is sold twice", Holds: true, NotChecked: "no stock"}},
	}
	for s := range 30 {
		share, latency := int64(100), 12*time.Millisecond
		if s >= 10 && s < 20 {
			share, latency = good, time.Duration(1000-10*good)*time.Millisecond
		}
		a.Windows = append(a.Windows, window(s, share, latency))
	}
	a.Queries = map[string][]evidence.Graph{counter: {rising(30, 150)}, "queue": {level(30, float64(110-good))}, "memory": {
		labelled(level(30, 64<<20), "gateway"), labelled(level(30, 32<<20), "bank-a"),
	}}
	if name == evidence.Off {
		a.Disabled = []string{"codel", "deadline"}
		a.Turns = []evidence.LongTurn{
			{Service: "gateway", At: 11 * time.Second, Name: "checkout", Phase: "poll", Age: 200 * time.Millisecond, Stack: "main.short()\n\tmain.go:1\n"},
			{Service: "gateway", At: 12 * time.Second, Name: "checkout", Phase: "poll", Age: 900 * time.Millisecond, Stack: "main.spin()\n\tmain.go:7\n"},
		}
		a.Traces = []evidence.Trace{slow()}
	}
	return a
}

// window is a second with 20 checkouts and 80 others, of which a share in percent is good.
func window(second int, share int64, latency time.Duration) evidence.Window {
	routes := map[string]*evidence.Tally{}
	for route, n := range map[string]int64{"browse": 80, "checkout": 20} {
		t := &evidence.Tally{Scheduled: n, Attempts: n, Good: n * share / 100, Acknowledged: n * share / 100}
		t.Refused = n - t.Good
		for range t.Good {
			t.Latency.Add(latency)
		}
		routes[route] = t
	}
	return evidence.Window{Start: time.Duration(second) * time.Second, Routes: routes}
}

func level(seconds int, value float64) (g evidence.Graph) {
	for i := range 2 * seconds {
		g.Points = append(g.Points, evidence.Point{At: time.Duration(i) * time.Second / 2, Value: value})
	}
	return g
}

func rising(seconds int, perSecond float64) (g evidence.Graph) {
	for i := range 2*seconds + 1 {
		g.Points = append(g.Points, evidence.Point{At: time.Duration(i) * time.Second / 2, Value: float64(i) / 2 * perSecond})
	}
	return g
}

func labelled(g evidence.Graph, job string) evidence.Graph {
	g.Labels = map[string]string{"job": job}
	return g
}

// slow is a request that waits for 600 ms of its second, partly for two things at once, and works
// for 100 ms.
func slow() evidence.Trace {
	at := func(ms int) time.Duration { return 11*time.Second + time.Duration(ms)*time.Millisecond }
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	return evidence.Trace{ID: "abc", Spans: []evidence.Step{
		{ID: "1", Service: "gateway", Name: "checkout", At: at(0), Length: ms(1000), Error: "late"},
		{ID: "4", Parent: "3", Service: "payments", Name: "wait pool", At: at(500), Length: ms(300), Events: []string{"refused once"}},
		{ID: "2", Parent: "1", Service: "gateway", Name: "wait mailbox", At: at(0), Length: ms(400)},
		{ID: "5", Parent: "3", Service: "payments", Name: "work pool", At: at(800), Length: ms(100)},
		{ID: "3", Parent: "1", Service: "gateway", Name: "call payments", At: at(400), Length: ms(600)},
		{ID: "6", Parent: "gone", Service: "payments", Name: "wait bank", At: at(600), Length: ms(300)},
	}}
}

func TestTheMadeUpRunIsWhatItIsMeantToBe(t *testing.T) {
	if v := madeUp().Verdict; v.Result != verdict.Pass {
		t.Errorf("%s: %q", v.Result, v.Reasons)
	}
}

// huge is a run of a day, of everything too much.
func huge() report.Report {
	r := madeUp()
	a := r.Run.Arms[evidence.Off]
	a.Length.To = 24 * time.Hour
	for s := 30; s < 24*60*60; s++ {
		a.Windows = append(a.Windows, window(s, int64(s%101), time.Duration(1+s%997)*time.Millisecond))
	}
	long := fmt.Sprintf("%05000d", 1)
	for i := range 60 {
		a.Windows[i].Routes[fmt.Sprint("route", i)] = &evidence.Tally{Scheduled: 100, Good: int64(i), Attempts: 7}
	}
	for i := range 40 {
		query := fmt.Sprint("panel", i)
		r.Panels = append(r.Panels, report.Panel{Title: query + long, Query: query, By: "job"})
		for j := range 30 {
			g := labelled(evidence.Graph{}, fmt.Sprint("job", j, "-", long))
			for p := range 2000 {
				g.Points = append(g.Points, evidence.Point{At: time.Duration(p) * 43 * time.Second, Value: float64((p*7919 + j*31) % 1009)})
			}
			a.Queries[query] = append(a.Queries[query], g)
		}
	}
	for i := range 5000 {
		a.Faults = append(a.Faults, evidence.Fault{Kind: fmt.Sprint("kind", i), On: long, Active: evidence.Span{From: time.Duration(i) * time.Second, To: time.Duration(i+1) * time.Second}})
		a.Turns = append(a.Turns, evidence.LongTurn{Name: fmt.Sprint("turn", i), Stack: long + "\n" + long + "\n" + long, Age: time.Duration(i)})
		a.Books = append(a.Books, evidence.Invariant{Name: fmt.Sprint("invariant", i), Violations: []string{long, long, long, long, long, long, long}})
		a.Traces = append(a.Traces, slow())
		a.Traces[0].Spans = append(a.Traces[0].Spans, evidence.Step{ID: fmt.Sprint("s", i), Name: "wait " + long, Events: []string{long, long}})
		r.Verdict.Reasons = append(r.Verdict.Reasons, long)
		r.Run.Versions[fmt.Sprint("v", i)] = long
	}
	r.Run.Arms[evidence.On] = a
	return r
}

func TestTheHugeRunIsTooMuch(t *testing.T) {
	if n := len(huge().Run.Arms[evidence.Off].Windows); n != 86400 {
		t.Errorf("%d windows", n)
	}
}

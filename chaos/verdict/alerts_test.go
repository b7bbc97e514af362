package verdict_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

// watched are the checks of the made-up drill, whose fault begins at 6 s, with alerts.
func watched() verdict.Checks {
	c := checks()
	c.Alerts = &verdict.Alerts{
		Rules: []verdict.Alert{
			{Name: "Burns", Query: "burns", For: 2},
			{Name: "Slow", Query: "slow", For: 1, Cause: true},
			{Name: "Full", Query: "full", Cause: true},
			{Name: "Leaks", Query: "leaks", For: 1, Cause: true},
		},
		Must: []verdict.Raise{{Alert: "Slow", Within: 5}},
		May:  []string{"Full"},
	}
	return c
}

// active is a series that has a value from one time to another, both included.
func active(from, to time.Duration) evidence.Graph {
	var g evidence.Graph
	for at := from; at <= to; at += evidence.GraphStep {
		g.Points = append(g.Points, evidence.Point{At: at, Value: 1})
	}
	return g
}

func TestAlertsOfTheOffArm(t *testing.T) {
	const ms = time.Millisecond
	own := active(8*second, 12*second)
	for _, tt := range []struct {
		name   string
		graphs map[string][]evidence.Graph
		reason string // "" if it passes
	}{
		{"its own in time", map[string][]evidence.Graph{"slow": {own}}, ""},
		{"its own at the last moment", map[string][]evidence.Graph{"slow": {active(10*second, 11*second)}}, ""},
		{"its own too late", map[string][]evidence.Graph{"slow": {active(10500*ms, 14*second)}}, "off arm: alerts: Slow: fired after 5.5s, wanted within 5s"},
		{"its own not for long enough", map[string][]evidence.Graph{"slow": {active(8*second, 8500*ms)}}, "off arm: alerts: Slow: did not fire, wanted within 5s"},
		{"its own with a gap", map[string][]evidence.Graph{"slow": {{Points: slices.Concat(active(8*second, 8500*ms).Points, active(9500*ms, 10*second).Points)}}}, "off arm: alerts: Slow: did not fire"},
		{"two series of it in turn", map[string][]evidence.Graph{"slow": {active(8*second, 8500*ms), active(9*second, 9500*ms)}}, "off arm: alerts: Slow: did not fire"},
		{"its own before the fault alone", map[string][]evidence.Graph{"slow": {active(3*second, 5*second)}}, "off arm: alerts: Slow: did not fire"},
		{"its own all the time", map[string][]evidence.Graph{"slow": {active(3*second, 19*second)}}, ""},
		{"its own from before the fault until it has begun", map[string][]evidence.Graph{"slow": {active(3*second, 7*second)}}, "off arm: alerts: Slow: did not fire"},
		{"another series of it until the fault has begun", map[string][]evidence.Graph{"slow": {active(3*second, 7*second), active(10500*ms, 14*second)}}, "off arm: alerts: Slow: fired after 5.5s"},
		{"its own before the fault and again", map[string][]evidence.Graph{"slow": {active(3*second, 5*second), own}}, ""},
		{"one that may", map[string][]evidence.Graph{"slow": {own}, "full": {active(7*second, 7*second)}}, ""},
		{"a symptom", map[string][]evidence.Graph{"slow": {own}, "burns": {active(3*second, 19*second)}}, ""},
		{"another cause", map[string][]evidence.Graph{"slow": {own}, "leaks": {active(15*second, 17*second)}}, "off arm: alerts: Leaks: fired 16s after the load began, and is not of this drill"},
		{"another cause before the fault", map[string][]evidence.Graph{"slow": {own}, "leaks": {active(2*second, 4*second)}}, "off arm: alerts: Leaks: fired 3s after"},
		{"another cause before the baseline", map[string][]evidence.Graph{"slow": {own}, "leaks": {active(500*ms, 3*second)}}, ""},
		{"another cause from before the load on", map[string][]evidence.Graph{"slow": {own}, "leaks": {active(0, 5*second)}}, ""},
		{"another cause, not for long enough", map[string][]evidence.Graph{"slow": {own}, "leaks": {active(7*second, 7500*ms)}}, ""},
		{"no alert was asked for", nil, ""},
	} {
		r := run()
		for query, graphs := range tt.graphs {
			r.Arms[evidence.Off].Queries[query] = graphs
		}
		v := verdict.Judge(watched(), r)
		switch {
		case tt.reason == "" && v.Result != verdict.Pass:
			t.Errorf("%s: %s %q, want PASS", tt.name, v.Result, v.Reasons)
		case tt.reason != "" && (v.Result == verdict.Pass || len(v.Reasons) != 1 || !strings.HasPrefix(v.Reasons[0], tt.reason)):
			t.Errorf("%s: %s %q, want %q", tt.name, v.Result, v.Reasons, tt.reason)
		case tt.reason != "" && (v.Result == verdict.Invalid) != strings.Contains(tt.reason, "Leaks"):
			t.Errorf("%s: %s: want INVALID by another's alert, and FAIL by its own", tt.name, v.Result)
		}
	}
}

func TestWhenAlertsFired(t *testing.T) {
	a := run().Arms[evidence.Off]
	a.Queries["slow"] = []evidence.Graph{active(15*second, 17*second), active(8*second, 10*second), active(9*second, 12*second), active(2*second, 2*second)}
	// Slow must be so for 1 s, and is so until half a second after it was last seen.
	slow := []evidence.Span{{From: 9 * second, To: 12*second + evidence.GraphStep}, {From: 16 * second, To: 17*second + evidence.GraphStep}}
	for _, tt := range []struct {
		alert string
		want  []evidence.Span
	}{{"Slow", slow}, {"Full", nil}, {"no alert", nil}} {
		if got := watched().Alerts.Fired(a, tt.alert); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.alert, got, tt.want)
		}
	}
}

func TestAlertThatWasNotAskedForCannotBeTold(t *testing.T) {
	r := run()
	r.Arms[evidence.Off].Queries["full"] = nil
	v := verdict.Judge(watched(), r)
	if want := "off arm: alerts: Slow: cannot be told: it was not asked for"; v.Result != verdict.Invalid || !slices.Contains(v.Reasons, want) {
		t.Errorf("%s %q, want INVALID by %q", v.Result, v.Reasons, want)
	}
}

func TestAlertsThatFireInTheOnArmAreNotJudged(t *testing.T) {
	r := run()
	r.Arms[evidence.Off].Queries["slow"] = []evidence.Graph{active(8*second, 12*second)}
	r.Arms[evidence.On].Queries["leaks"] = []evidence.Graph{active(8*second, 12*second)}
	v := verdict.Judge(watched(), r)
	if v.Result != verdict.Pass || len(v.Alerts) != 1 || v.Alerts[0].Measured != 3 || v.Alerts[0].Amount() != "fired after 3s" {
		t.Errorf("%s %q: %+v", v.Result, v.Reasons, v.Alerts)
	}
}

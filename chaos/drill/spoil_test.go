package drill_test

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

// atTheBound spoils what a promise measures more and more, until the judge takes it for broken, and
// says so if that is not where the promise's bound is, or if the run then does not fail by its name.
func atTheBound(t *testing.T, checks verdict.Checks, name string, c verdict.Check) {
	t.Helper()
	recorded := replay(t, name)
	find := func(severity float64) verdict.Finding {
		return verdict.Measured(worse(recorded, c, severity), evidence.On, c)
	}
	if f := find(1); f.Held {
		t.Errorf("%s: holds, whatever is measured: %s", c.Name, f.Why)
		return
	}
	kept, broken := bisect(func(severity float64) bool { return find(severity).Held })
	v := verdict.Judge(checks, worse(recorded, c, broken))
	if v.Result != verdict.Fail || !slices.ContainsFunc(v.Reasons, func(r string) bool { return strings.HasPrefix(r, "on arm: "+c.Name) }) {
		t.Errorf("%s just broken: %s %q", c.Name, v.Result, v.Reasons)
	}
	last, first := find(kept), find(broken)
	if why := farFromBound(c, last, first); why != "" {
		t.Errorf("%s: %s: the last that holds is %s, the first that does not %s", c.Name, why, last.Why, first.Why)
	}
}

// bisect returns the last severity that a promise survives, and the first that it does not.
func bisect(survives func(severity float64) bool) (kept, broken float64) {
	broken = 1
	for broken-kept > 1e-12 && broken-kept > 1e-4*broken {
		middle := (kept + broken) / 2
		if kept == 0 && broken > 1e-9 {
			middle = broken / 8 // the bound may be a millionth of the worst
		}
		if survives(middle) {
			kept = middle
		} else {
			broken = middle
		}
	}
	return kept, broken
}

// worse is a run with its on arm made worse in what a promise measures. The run stays as it was.
func worse(run *evidence.Run, c verdict.Check, severity float64) *evidence.Run {
	r, on := *run, *run.Arms[evidence.On]
	r.Arms = map[string]*evidence.Arm{evidence.Off: run.Arms[evidence.Off], evidence.On: &on}
	on.Windows = slices.Clone(on.Windows)
	for i := range on.Windows {
		routes := map[string]*evidence.Tally{}
		for name, t := range on.Windows[i].Routes {
			copied := evidence.Tally{}
			copied.Merge(t)
			routes[name] = &copied
		}
		on.Windows[i].Routes = routes
	}
	on.Queries = maps.Clone(on.Queries)
	graphs := slices.Clone(on.Queries[c.Query])
	for i := range graphs {
		graphs[i].Points = slices.Clone(graphs[i].Points)
	}
	if c.Query != "" {
		on.Queries[c.Query] = graphs
	}
	worsen(&on, c, severity)
	return &r
}

// farFromBound says whether the bound of a promise is not where it stopped to hold.
func farFromBound(c verdict.Check, last, first verdict.Finding) string {
	// How far what is measured may be from the bound: counts and buckets go in steps, seconds of
	// recovery in windows, and goodput and attempts are given the doubt of what chance makes of them.
	slack := map[verdict.Measure]float64{
		verdict.Goodput: 0.4, verdict.Attempts: 0.3, verdict.Recovery: 0.6, verdict.Latency: 0.1, verdict.Refusal: 0.1,
	}
	near := func(bound float64) bool {
		s := cmp.Or(slack[c.Measure], 0.01)*math.Abs(bound) + 1e-6
		return math.Abs(first.Measured-bound) <= s || math.Abs(last.Measured-bound) <= s
	}
	switch {
	case c.AtLeast != "" && near(first.AtLeast), c.AtMost != "" && near(first.AtMost):
		return ""
	case c.Within > 0 && near(first.Predicted*(1+c.Within)), c.Within > 0 && near(first.Predicted*(1-c.Within)):
		return ""
	}
	return "does not break at its bound"
}

// worsen changes what a promise measures, after the baseline, by a severity from 0, which is not at
// all, to 1, which no promise survives.
func worsen(a *evidence.Arm, c verdict.Check, severity float64) {
	harmed := func(at time.Duration) bool { return at >= a.Baseline.To }
	switch c.Measure {
	case verdict.Goodput:
		each(a, c.Routes, func(at time.Duration, t *evidence.Tally) {
			if harmed(at) {
				t.Good -= int64(math.Round(float64(t.Good) * severity))
			}
		})
	case verdict.Recovery:
		last, _ := a.LastFault()
		until := last + time.Duration(severity*float64(a.Length.To-last))
		each(a, c.Routes, func(at time.Duration, t *evidence.Tally) {
			if harmed(at) && at < until {
				t.Good = 0
			}
		})
	case verdict.Latency, verdict.Refusal:
		each(a, c.Routes, func(at time.Duration, t *evidence.Tally) {
			for range 1000 {
				if severity == 0 || !harmed(at) {
					break
				}
				d := time.Duration(severity * float64(time.Hour))
				t.Latency.Add(d)
				t.Refusal.Add(d)
			}
		})
	case verdict.Attempts, verdict.Query:
		shift(a.Queries[c.Query], c, harmed, severity)
	}
}

// unbearable is more than any promise allows of anything: bytes are more of them than of all else.
func unbearable(graphs []evidence.Graph) float64 {
	most := 1e6
	for _, g := range graphs {
		for _, p := range g.Points {
			most = max(most, p.Value)
		}
	}
	return 10 * most
}

// shift moves the points of graphs: those of a counter so that it rises more, or not as much.
func shift(graphs []evidence.Graph, c verdict.Check, harmed func(time.Duration) bool, severity float64) {
	upwards := c.AtMost != "" || c.AtLeast == ""
	most := unbearable(graphs)
	rising := c.Measure == verdict.Attempts || c.Reduce == verdict.Rise
	for _, g := range graphs {
		before, rise := 0.0, 0.0
		for i := range g.Points {
			p := &g.Points[i]
			step := p.Value - before
			before = p.Value
			switch {
			case !harmed(p.At):
			case rising && upwards:
				rise += most * severity
				p.Value += rise
			case rising:
				rise -= max(step, 0) * severity
				p.Value += rise
			case upwards:
				p.Value += most * severity
			default:
				p.Value -= most * severity
			}
		}
	}
}

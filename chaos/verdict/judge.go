package verdict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"brownout/chaos/evidence"
)

// What makes a run invalid.
const (
	// minSent is the share of its schedule that the generator must have sent.
	minSent = 0.95
	// healthy is the share of good answers that a baseline must have.
	healthy = 0.95
	// calibrated is how far the capacity may be from the one that the design gives.
	calibrated = 0.10
)

// A judge looks at one run.
type judge struct {
	checks  Checks
	run     *evidence.Run
	verdict Verdict
	invalid []string
	broken  []string
	slow    []*evidence.Arm // those that broke what a busy machine breaks
}

func newJudge(c Checks, run *evidence.Run) *judge {
	return &judge{checks: c, run: run, verdict: Verdict{Drill: run.Drill, Signature: []Finding{}, Promises: []Finding{}}}
}

func (j *judge) judge() Verdict {
	wanted := j.run.Wanted
	if len(wanted) == 0 {
		wanted = []string{evidence.Off, evidence.On}
	}
	j.verdict.Partial = len(wanted) < 2
	for _, arm := range wanted {
		if j.run.Arms[arm] == nil {
			j.doubt("%s arm: it was not run", arm)
		}
	}
	j.calibration()
	if off := j.run.Arms[evidence.Off]; off != nil {
		j.arm(off)
		j.signature(off)
		j.alerts(off)
	}
	if on := j.run.Arms[evidence.On]; on != nil {
		j.arm(on)
		j.promises(on)
	}
	for _, a := range j.slow {
		j.machine(a)
	}
	j.verdict.Reasons = append(slices.Clone(j.invalid), j.broken...)
	switch {
	case len(j.invalid) > 0:
		j.verdict.Result = Invalid
	case len(j.broken) > 0:
		j.verdict.Result = Fail
	default:
		j.verdict.Result = Pass
	}
	return j.verdict
}

func (j *judge) doubt(format string, args ...any) {
	j.invalid = append(j.invalid, fmt.Sprintf(format, args...))
}

func (j *judge) blame(format string, args ...any) {
	j.broken = append(j.broken, fmt.Sprintf(format, args...))
}

// miss blames an arm for what it was to do in time, or often enough: a machine that is busy with something else may be why.
func (j *judge) miss(a *evidence.Arm, what string) {
	j.blame("%s arm: %s", a.Name, what)
	if !slices.Contains(j.slow, a) {
		j.slow = append(j.slow, a)
	}
}

func (j *judge) calibration() {
	c := j.run.Calibration
	if c.Expected > 0 && math.Abs(c.Capacity/c.Expected-1) > calibrated {
		j.doubt("calibration: %s has a capacity of %.1f a second, and %.1f by its design: more than 10 %% off", c.Of, c.Capacity, c.Expected)
	}
}

// arm says what makes it impossible to judge an arm.
func (j *judge) arm(a *evidence.Arm) {
	for _, d := range []struct{ what, why string }{
		{"was not run to its end", a.Failed}, {"was unhealthy before", a.Before}, {"was unhealthy after", a.After},
	} {
		if d.why != "" {
			j.doubt("%s arm: %s: %s", a.Name, d.what, d.why)
		}
	}
	j.generator(a)
	if s := total(a, nil, a.Baseline); s.scheduled == 0 || s.share() < healthy {
		j.doubt("%s arm: baseline: %.1f %% of %d requests were answered rightly, too few to compare with", a.Name, s.share()*100, s.scheduled)
	}
	j.faults(a)
}

func (j *judge) generator(a *evidence.Arm) {
	var scheduled, unsent int64
	for i := range a.Windows {
		for _, t := range a.Windows[i].Routes {
			scheduled += t.Scheduled
			unsent += t.Unsent
		}
	}
	if sent := 1 - float64(unsent)/float64(max(scheduled, 1)); sent < minSent {
		j.doubt("%s arm: generator: it sent %.1f %% of its schedule, fewer than %.0f %%", a.Name, sent*100, minSent*100)
	}
}

func (j *judge) faults(a *evidence.Arm) {
	if len(a.Faults) == 0 {
		j.doubt("%s arm: no fault was injected", a.Name)
	}
	for _, f := range a.Faults {
		name := fmt.Sprintf("%s arm: fault %s on %s", a.Name, f.Kind, f.On)
		switch {
		case f.Err != "" && f.ID == "":
			j.doubt("%s: could not be injected: %s", name, f.Err)
		case f.Err != "":
			j.doubt("%s: %s", name, f.Err)
		case f.Hits == 0 && !f.NoHits:
			j.doubt("%s: hit nothing", name)
		case !f.Ended:
			j.doubt("%s: was not seen to end", name)
		}
	}
}

// signature says whether the off arm broke as predicted.
func (j *judge) signature(a *evidence.Arm) {
	f := finder{j.run, a}
	for _, c := range j.checks.Signature {
		r := f.find(c)
		j.verdict.Signature = append(j.verdict.Signature, r)
		if !r.Held {
			j.doubt("off arm: it did not break as predicted: %s", r.Why)
		}
	}
	broke := false
	for _, inv := range a.Books {
		switch {
		case inv.Holds:
		case slices.Contains(j.checks.Breaks, inv.Name):
			broke = true
		default:
			j.blame("off arm: audit: %s", violated(inv))
		}
	}
	if len(j.checks.Breaks) > 0 && !broke {
		j.doubt("off arm: it did not break as predicted: none of the invariants %s was violated", strings.Join(j.checks.Breaks, ", "))
	}
}

// promises says whether the on arm kept them.
func (j *judge) promises(a *evidence.Arm) {
	f := finder{j.run, a}
	for _, c := range j.checks.Promises {
		r := f.find(c)
		j.verdict.Promises = append(j.verdict.Promises, r)
		switch {
		case r.Unmeasured != "":
			j.doubt("on arm: %s", r.Why)
		case !r.Held:
			j.miss(a, r.Why)
		}
	}
	if len(a.Books) == 0 {
		j.doubt("on arm: audit: there is none")
	}
	for _, inv := range a.Books {
		if !inv.Holds {
			j.blame("on arm: audit: %s", violated(inv))
		}
	}
}

func violated(inv evidence.Invariant) string {
	if len(inv.Violations) == 0 {
		return inv.Name + " is violated"
	}
	return inv.Name + " is violated: " + inv.Violations[0]
}

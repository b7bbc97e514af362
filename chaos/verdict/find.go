package verdict

import (
	"fmt"
	"maps"
	"math"

	"brownout/chaos/evidence"
)

// A finder holds checks against one arm.
type finder struct {
	run *evidence.Run
	arm *evidence.Arm
}

// find makes the finding of a check.
func (f finder) find(c Check) Finding {
	r := Finding{Check: c, Arm: f.arm.Name}
	span, err := spanOf(f.arm, &c)
	if err == nil {
		err = f.measure(&r, span)
	}
	if err == nil {
		err = f.bounds(&r)
	}
	if err != nil {
		r.Held, r.Unmeasured = false, err.Error()
		r.Why = fmt.Sprintf("%s: cannot be told: %v", c.Name, err)
		return r
	}
	f.decide(&r, span)
	r.Why = describe(&r)
	return r
}

// measure fills in what is measured, over the span and over the baseline.
func (f finder) measure(r *Finding, span evidence.Span) (err error) {
	if r.Measured, err = f.value(&r.Check, span); err != nil {
		return err
	}
	if r.Check.During == Baseline {
		return nil
	}
	if err := f.compare(&r.Check); err != nil {
		return fmt.Errorf("the baseline says nothing: %w", err)
	}
	if r.Check.Measure == Recovery {
		return nil
	}
	base, err := f.value(&r.Check, f.arm.Baseline)
	if r.Check.Measure == Goodput || r.Check.Measure == Attempts {
		if err != nil || base == 0 {
			return fmt.Errorf("the baseline says nothing: %w", orNone(err))
		}
		r.Measured /= base
	}
	r.Baseline, r.hasBaseline = base, err == nil // there may have been none then, such as refusals
	return nil
}

// compare says why the baseline of a check is none to compare with. That of the whole arm is healthy,
// but not so its single routes: who was badly served before is easily served as well as before.
func (f finder) compare(c *Check) error {
	switch c.Measure {
	case Goodput, Recovery:
		if s := total(f.arm, c.Routes, f.arm.Baseline); tooFew(s.good, s.scheduled, healthy) {
			return fmt.Errorf("%d of %d requests were answered rightly", s.good, s.scheduled)
		}
	case Attempts:
		if s, err := attempts(f.arm, c, f.arm.Baseline); err == nil && s.doubtful() {
			return fmt.Errorf("%.0f attempts for %.0f requests may as well be chance", s.attempts, s.requests)
		}
	}
	return nil
}

func orNone(err error) error {
	if err == nil {
		return fmt.Errorf("it is 0")
	}
	return err
}

// value returns a measure over a span, as it is.
func (f finder) value(c *Check, span evidence.Span) (float64, error) {
	switch c.Measure {
	case Goodput:
		s := total(f.arm, c.Routes, span)
		if s.scheduled == 0 {
			return 0, fmt.Errorf("no request was scheduled")
		}
		return s.share(), nil
	case Latency, Refusal:
		return latency(f.arm, c, span)
	case Attempts:
		s, err := attempts(f.arm, c, span)
		if err != nil {
			return 0, err
		}
		return s.each(), nil
	case Query:
		return query(f.arm, c, span)
	case Recovery:
		return f.recovery(c)
	}
	return 0, fmt.Errorf("there is no measure %q", c.Measure)
}

// recovery returns how long after the last fault goodput held again, in seconds.
func (f finder) recovery(c *Check) (float64, error) {
	since, _ := f.arm.LastFault()
	since = since.Round(evidence.WindowLength)
	if n := total(f.arm, c.Routes, evidence.Span{From: since, To: f.arm.Length.To}).scheduled; n < minWindow {
		return 0, fmt.Errorf("%d requests were due afterwards, and at least %d are needed", n, minWindow)
	}
	d, ok := recovery(f.arm, c.Routes, since, total(f.arm, c.Routes, f.arm.Baseline).share())
	if !ok {
		return endless, nil
	}
	return d.Seconds(), nil
}

// bounds evaluates the formulas of a check.
func (f finder) bounds(r *Finding) error {
	variables := maps.Clone(f.run.Constants)
	if variables == nil {
		variables = map[string]float64{}
	}
	if f.run.Calibration.Of != "" {
		variables["C"] = f.run.Calibration.Capacity
	}
	if r.hasBaseline {
		variables["baseline"] = r.Baseline
	}
	for _, b := range []struct {
		formula Formula
		to      *float64
	}{{r.Check.AtLeast, &r.AtLeast}, {r.Check.AtMost, &r.AtMost}, {r.Check.Predicted, &r.Predicted}} {
		if b.formula == "" {
			continue
		}
		v, err := b.formula.Eval(variables)
		if err != nil {
			return err
		}
		*b.to = v
	}
	return nil
}

// decide says whether the check holds.
func (f finder) decide(r *Finding, span evidence.Span) {
	c, measured := &r.Check, r.Measured
	if c.Measure == Recovery && measured == endless {
		measured = math.Inf(1)
	}
	r.Held = true
	if c.AtLeast != "" {
		if c.Measure == Goodput {
			r.Held = f.goodputHolds(c, span, r.AtLeast*r.Baseline)
		} else {
			r.Held = measured >= r.AtLeast
		}
	}
	if c.AtMost != "" && measured > r.AtMost && !f.mayBeChance(r, span) {
		r.Held = false
	}
	if c.Within > 0 && math.Abs(measured-r.Predicted) > c.Within*math.Abs(r.Predicted) {
		r.Held = false
	}
}

// mayBeChance says of attempts above their bound whether as many come by chance, were it kept.
func (f finder) mayBeChance(r *Finding, span evidence.Span) bool {
	if r.Check.Measure != Attempts || !r.hasBaseline {
		return false
	}
	was, err := attempts(f.arm, &r.Check, f.arm.Baseline)
	if err != nil {
		return false
	}
	now, err := attempts(f.arm, &r.Check, span)
	return err == nil && !now.tooMany(was, r.AtMost)
}

// goodputHolds says whether no window is worse than promised, nor all of them together: what is
// too little to be seen in one is seen in many.
func (f finder) goodputHolds(c *Check, span evidence.Span, p float64) bool {
	if sum := total(f.arm, c.Routes, span); tooFew(sum.good, sum.scheduled, p) {
		return false
	}
	for _, s := range stretches(f.arm, c.Routes, span) {
		if tooFew(s.good, s.scheduled, p) {
			return false
		}
	}
	return true
}

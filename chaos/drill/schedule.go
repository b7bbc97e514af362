package drill

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
	"brownout/internal/resilience"
	"brownout/loadgen"
)

// A Schedule is what an arm does when, at one pace. Times count from when the load begins.
type Schedule struct {
	Pace     Pace
	Scale    float64
	Baseline evidence.Span // the warmup is before it
	Length   evidence.Span // of the load
	Timeline []Entry       // stretched, in the order of their beginnings
}

// Pace returns the schedule at a pace. An error says that there is no such pace.
func (p *Plan) Pace(pace Pace) (Schedule, error) {
	t, ok := p.Timings[pace]
	if !ok {
		return Schedule{}, fmt.Errorf("there is no pace %q; want %s or %s", pace, Quick, Demo)
	}
	s := Schedule{
		Pace: pace, Scale: t.Scale,
		Baseline: evidence.Span{From: t.Warmup, To: t.Warmup + t.Baseline},
		Length:   evidence.Span{To: t.Length},
	}
	for _, e := range p.Timeline {
		if e.Pace == "" || e.Pace == pace {
			s.Timeline = append(s.Timeline, p.stretch(e, t))
		}
	}
	slices.SortStableFunc(s.Timeline, func(a, b Entry) int { return int(a.At - b.At) })
	return s, nil
}

// stretch moves an entry so that it is as far from the end of the baseline as it is at quick
// pace, times the scale.
func (p *Plan) stretch(e Entry, t Timing) Entry {
	quick := p.Timings[Quick]
	since := e.At - quick.Warmup - quick.Baseline
	e.At = t.Warmup + t.Baseline + scaled(since, t.Scale)
	e.For = scaled(e.For, t.Scale)
	return e
}

func scaled(d time.Duration, scale float64) time.Duration {
	return time.Duration(float64(d) * scale)
}

// Harm returns from when to when faults are active; nothing if there are none.
func (s Schedule) Harm() evidence.Span {
	if len(s.Timeline) == 0 {
		return evidence.Span{}
	}
	harm := evidence.Span{From: s.Timeline[0].At}
	for _, e := range s.Timeline {
		harm.To = max(harm.To, e.At+e.For)
	}
	return harm
}

// span returns what a check's during stands for.
func (s Schedule) span(during verdict.During) evidence.Span {
	harm := s.Harm()
	switch during {
	case verdict.Baseline:
		return s.Baseline
	case verdict.Whole:
		return evidence.Span{From: s.Baseline.From, To: s.Length.To}
	case verdict.Trigger:
		return harm
	case verdict.After:
		return evidence.Span{From: harm.To, To: s.Length.To}
	}
	return evidence.Span{From: harm.From, To: s.Length.To}
}

// Retry returns how clients try again at a pace, in an arm that lacks some protections: jitter and
// retry-budget are theirs as well.
func (p *Plan) Retry(pace Pace, lacks []resilience.Name) loadgen.Retry {
	r := p.Load.Retry
	if own := p.Timings[pace].Retry; own != nil {
		r = *own
	}
	r.Jitter = r.Jitter && !slices.Contains(lacks, resilience.Jitter)
	if slices.Contains(lacks, resilience.RetryBudget) {
		r.Budget = 0
	}
	return r
}

// Checks returns what a run at a pace is judged by: the file's checks, and the standard promises
// that it has none of its own for.
func (p *Plan) Checks(pace Pace) verdict.Checks {
	all := verdict.Checks{Signature: at(p.Signature, pace), Promises: at(p.Promises, pace), Breaks: p.Breaks}
	if pace == Quick {
		all.Alerts = p.Alerts.checks()
	}
	for _, standard := range verdict.Standard(p.Attempts, p.attempting(), p.harm(pace)) {
		if !slices.ContainsFunc(all.Promises, func(c verdict.Check) bool { return c.Name == standard.Name }) {
			all.Promises = append(all.Promises, standard)
		}
	}
	return all
}

// attempting are the routes whose requests lead to the attempts; none if any may, also those of a
// tenant that is told apart.
func (p *Plan) attempting() []string {
	if len(p.AttemptsOf) == 0 && len(p.Load.Mix) == 1 && !p.tellsApart() {
		return p.Load.Mix.Routes()
	}
	return p.AttemptsOf
}

// tellsApart says whether the requests of a tenant count as routes of their own.
func (p *Plan) tellsApart() bool {
	return slices.ContainsFunc(p.Timeline, func(e Entry) bool { return e.tenant() != "" })
}

// harm is how long the harm lasts at a pace: none if there is no such pace.
func (p *Plan) harm(pace Pace) time.Duration {
	s, err := p.Pace(pace)
	if err != nil {
		return 0
	}
	span := s.span(verdict.Harm)
	return span.To - span.From
}

func at(checks []Check, pace Pace) []verdict.Check {
	all := []verdict.Check{}
	for _, c := range checks {
		if c.Pace == "" || c.Pace == pace {
			all = append(all, c.Check)
		}
	}
	return all
}

// Queries returns the expressions that the checks of a pace ask, each once.
func (p *Plan) Queries(pace Pace) []string {
	checks := p.Checks(pace)
	var all []string
	ask := func(query string) {
		if query != "" && !slices.Contains(all, query) {
			all = append(all, query)
		}
	}
	for _, c := range slices.Concat(checks.Signature, checks.Promises) {
		ask(c.Query)
	}
	if checks.Alerts != nil {
		for _, r := range checks.Alerts.Rules {
			ask(r.Query)
		}
	}
	return all
}

// Variables returns the numbers that the formulas of a run may use beside C and baseline, for
// evidence.Run.Constants: the constants, scale, share and rate. Capacity is C, in requests a
// second, and 0 if nothing was calibrated. An error says what is wrong with the rate.
func (p *Plan) Variables(pace Pace, capacity float64) (map[string]float64, error) {
	all := maps.Clone(p.Constants)
	if all == nil {
		all = map[string]float64{}
	}
	all["scale"] = p.Timings[pace].Scale
	if p.Calibrate.Route != "" {
		all["share"] = p.share()
	}
	rate, err := p.rate(all, capacity)
	if err != nil {
		return nil, fmt.Errorf("load.rate: %w", err)
	}
	all["rate"] = rate
	return all, nil
}

func (p *Plan) rate(variables map[string]float64, capacity float64) (float64, error) {
	known := maps.Clone(variables)
	if p.Calibrate.Route != "" {
		known["C"] = capacity
	}
	rate, err := p.Load.Rate.Eval(known)
	if err != nil {
		return 0, err
	}
	if !(rate > 0 && rate <= maxRate) {
		return 0, fmt.Errorf("%v is no rate: must be above 0 and at most %v requests a second", rate, maxRate)
	}
	return rate, nil
}

// share is the calibrated route's part of the mix.
func (p *Plan) share() float64 {
	sum, of := 0, 0
	for _, s := range p.Load.Mix {
		sum += s.Weight
		if s.Route == p.Calibrate.Route {
			of = s.Weight
		}
	}
	return float64(of) / float64(sum)
}

// Expected returns the capacity that the design gives, in requests a second, for
// evidence.Calibration; 0 if the file says none.
func (p *Plan) Expected() (float64, error) {
	if p.Calibrate.Expected == "" {
		return 0, nil
	}
	return p.Calibrate.Expected.Eval(p.designed())
}

// designed are the variables of calibrate.expected.
func (p *Plan) designed() map[string]float64 {
	all := maps.Clone(p.Constants)
	if all == nil {
		all = map[string]float64{}
	}
	of := p.Shop.Bank
	if p.Calibrate.Of == "inventory" {
		of = p.Shop.Inventory
	}
	if of.Workers > 0 {
		all["workers"] = float64(of.Workers)
	}
	if of.ServiceTime > 0 {
		all["service_time"] = of.ServiceTime.Seconds()
	}
	return all
}

// without returns the names of all that are not among others.
func without(all, others []resilience.Name) []resilience.Name {
	var left []resilience.Name
	for _, n := range all {
		if !slices.Contains(others, n) {
			left = append(left, n)
		}
	}
	return left
}

package drill

import (
	"brownout/chaos/evidence"
	"brownout/chaos/fault"
	"brownout/internal/resilience"
)

// A Parser reads drills' files. The zero value is usable.
type Parser struct {
	// Faults are the kinds that a timeline may have. Nil means all that there are.
	Faults []fault.Kind
	// CheckQuery says what is wrong with an expression in PromQL. Nil means that any are
	// taken.
	CheckQuery func(expression string) error
}

// ParsePlan reads a drill's file, of which name is told in errors, as the zero Parser does.
func ParsePlan(name string, text []byte) (*Plan, error) { return Parser{}.Parse(name, text) }

// Parse reads a drill's file, of which name is told in errors. An error is of type Problems.
func (p Parser) Parse(name string, text []byte) (*Plan, error) {
	r := &reader{file: name, places: map[string]place{}}
	plan := &Plan{}
	if p.Faults == nil {
		p.Faults = kinds()
	}
	if root := r.root(text); root != nil {
		plan.shape().read(r, root, "")
	}
	if len(r.problems) == 0 {
		plan.fill()
		c := checker{reader: r, plan: plan, parser: p}
		c.check()
	}
	if err := r.problems.asError(); err != nil {
		return nil, err
	}
	return plan, nil
}

// fill takes the defaults that depend on other members.
func (p *Plan) fill() {
	if p.Runbook == "" {
		p.Runbook = p.Name
	}
	if p.Load.Arrivals == "" {
		p.Load.Arrivals = "constant"
	}
	p.Attempts = bare(p.Attempts)
	if p.Load.Retry.Attempts == 0 {
		p.Load.Retry.Attempts = 1
	}
}

// Ablated returns the protections of an ablation.
func (p *Plan) Ablated() []resilience.Name {
	if p.Ablate != nil {
		return p.Ablate
	}
	return p.Shown()
}

// Shown returns the protections that the on arm has and the off arm lacks.
func (p *Plan) Shown() []resilience.Name {
	return without(p.Arms[evidence.Off].Disable, p.Arms[evidence.On].Disable)
}

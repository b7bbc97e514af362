package drill

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"brownout/chaos/audit"
	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
	"brownout/internal/resilience"
)

// A checker looks at whether the members of a plan, each of which is right by itself, fit
// together.
type checker struct {
	*reader
	plan   *Plan
	parser Parser
}

func (c *checker) check() {
	c.load()
	if len(c.problems) > 0 {
		return // formulas need what is wrong there
	}
	c.faults()
	c.arms()
	c.attempts()
	c.checks("signature", c.plan.Signature)
	c.checks("promises", c.plan.Promises)
	c.signature()
	c.alerts()
	c.standard()
	c.carries()
}

// load looks at what formulas are made of.
func (c *checker) load() {
	p := c.plan
	for _, name := range slices.Sorted(maps.Keys(p.Constants)) {
		if slices.Contains(reserved, name) {
			c.wrong(join("constants", name), "is the name of a variable that every formula has; want another name")
		}
	}
	if p.Calibrate.Route != "" && p.share() == 0 {
		c.wrong("calibrate.route", "%s is not in load.mix; want a route that is", p.Calibrate.Route)
	}
	if v, err := p.Expected(); err != nil || v < 0 {
		c.wrong("calibrate.expected", "%s; known here are %s", orNegative(err), known(p.designed()))
	}
	if len(c.problems) > 0 {
		return
	}
	for _, pace := range []Pace{Quick, Demo} {
		if _, err := p.Variables(pace, likelyCapacity); err != nil {
			c.wrong("load.rate", "%s; known here are %s", strings.TrimPrefix(err.Error(), "load.rate: "), known(c.rateVariables(pace)))
			return
		}
	}
}

func orNegative(err error) string {
	if err == nil {
		return "is below 0"
	}
	return err.Error()
}

// Values with which formulas are tried before any is measured. They are odd on purpose: no
// formula divides by a difference of theirs.
const (
	likelyCapacity = 157.31
	likelyBaseline = 0.0137
)

// reserved are the names that constants may not have.
var reserved = []string{"baseline", "rate", "scale", "share", "workers", "min", "max"}

func (c *checker) rateVariables(pace Pace) map[string]float64 {
	all := map[string]float64{"scale": c.plan.Timings[pace].Scale}
	maps.Copy(all, c.plan.Constants)
	if c.plan.Calibrate.Route != "" {
		all["C"], all["share"] = likelyCapacity, c.plan.share()
	}
	return all
}

// checkVariables are those of bounds and predictions.
func (c *checker) checkVariables(pace Pace) map[string]float64 {
	all, _ := c.plan.Variables(pace, likelyCapacity) // was looked at before
	all["baseline"] = likelyBaseline
	if c.plan.Calibrate.Route != "" {
		all["C"] = likelyCapacity
	}
	return all
}

func known(variables map[string]float64) string {
	if len(variables) == 0 {
		return "numbers only"
	}
	return strings.Join(slices.Sorted(maps.Keys(variables)), ", ")
}

func (c *checker) query(path, expression string) {
	if expression == "" || c.parser.CheckQuery == nil {
		return
	}
	if err := c.parser.CheckQuery(expression); err != nil {
		c.wrong(path, "is not PromQL: %s", firstLine(err.Error()))
	}
}

// attempts looks at what the standard promises of amplification count.
func (c *checker) attempts() {
	c.query("attempts", c.plan.Attempts)
	c.mixed("attempts_of", c.plan.AttemptsOf)
	c.whole("attempts_of", c.plan.AttemptsOf)
	if c.plan.Attempts == "" && c.has("attempts_of") {
		c.wrong("attempts_of", "goes only with attempts")
	}
}

// mixed refuses routes that nobody takes.
func (c *checker) mixed(path string, routes []string) {
	for _, route := range routes {
		if !slices.Contains(c.plan.Load.Mix.Routes(), route) {
			c.wrong(path, "%s is not in load.mix; want one of %s", route, strings.Join(c.plan.Load.Mix.Routes(), ", "))
		}
	}
}

// whole refuses to count the attempts of some routes where a tenant's requests are not among theirs: they
// lead to attempts as well, and its crowd would be taken for retries of the others.
func (c *checker) whole(path string, routes []string) {
	if len(routes) > 0 && c.plan.tellsApart() {
		c.wrong(path, "leaves out the tenant who is told apart; want all routes, which is what is counted if this is not given")
	}
}

// checks looks at the signature, or at the promises.
func (c *checker) checks(list string, all []Check) {
	for i := range all {
		path := fmt.Sprintf("%s[%d]", list, i)
		for j := range all[:i] {
			if all[i].Name == all[j].Name && meet(all[i].Pace, all[j].Pace) {
				c.wrong(join(path, "name"), "%q is there twice, first on line %d; want another name", all[i].Name, c.placeOf(fmt.Sprintf("%s[%d]", list, j)).line)
			}
		}
		c.one(path, &all[i])
	}
}

// meet says whether two checks are both looked at at some pace.
func meet(a, b Pace) bool { return a == "" || b == "" || a == b }

func (c *checker) one(path string, check *Check) {
	at := join(path, string(check.Measure))
	c.mixed(at, check.Routes)
	if check.Measure == verdict.Attempts {
		c.whole(join(path, "routes"), check.Routes)
	}
	c.query(at, check.Query)
	for _, pace := range []Pace{Quick, Demo} {
		if meet(check.Pace, pace) {
			c.bounds(path, pace, check)
			c.span(path, pace, check)
		}
	}
}

func (c *checker) bounds(path string, pace Pace, check *Check) {
	variables := c.checkVariables(pace)
	for _, b := range []struct {
		member  string
		formula verdict.Formula
	}{{"at_least", check.AtLeast}, {"at_most", check.AtMost}, {"predicted", check.Predicted}} {
		if b.formula == "" {
			continue
		}
		if _, err := b.formula.Eval(variables); err != nil {
			c.wrong(join(path, b.member), "%v; known here are %s", err, known(variables))
		}
	}
}

// span looks at whether anything is left of what a check is about.
func (c *checker) span(path string, pace Pace, check *Check) {
	s, err := c.plan.Pace(pace)
	if err != nil {
		c.wrong(path, "%v", err)
		return
	}
	span := s.span(check.During)
	if length := (span.To - span.From).Seconds(); check.Skip >= length {
		c.wrong(join(path, "skip"), "leaves nothing of the span, which is %gs at %s pace; want less", length, pace)
	}
}

// signature wants something that the off arm must show, at both paces.
func (c *checker) signature() {
	for _, pace := range []Pace{Quick, Demo} {
		checks := c.plan.Checks(pace)
		if len(checks.Signature) == 0 && len(c.plan.Breaks) == 0 {
			c.wrong("signature", "says nothing at %s pace that the off arm must show; want a check, or breaks", pace)
			return
		}
	}
	for i, name := range c.plan.Breaks {
		if !slices.Contains(invariants(), name) {
			c.wrong(fmt.Sprintf("breaks[%d]", i), "%q is no invariant of the audit; want one of %s", name, strings.Join(invariants(), ", "))
		}
	}
}

// invariants are those of the audit.
func invariants() []string {
	return []string{
		string(audit.Money), string(audit.OneCharge), string(audit.StockAdds), string(audit.Promise), string(audit.CapturedWhenSold),
	}
}

// longHarm is one of which all standard promises are made.
const longHarm = time.Hour

// standard looks at promises that take the place of the standard ones.
func (c *checker) standard() {
	for i := range c.plan.Promises {
		own, path := &c.plan.Promises[i], fmt.Sprintf("promises[%d]", i)
		for _, s := range verdict.Standard("x", nil, longHarm) {
			switch {
			case own.Name != s.Name:
			case own.Measure != s.Measure:
				c.wrong(join(path, string(own.Measure)), "is not what the standard promise %s measures; want %s, or another name", s.Name, s.Measure)
			case own.Because == "":
				c.wrong(path, "takes the place of the standard promise %s; want because, a sentence that says why", s.Name)
			}
		}
	}
}

// arms looks at the protections of both.
func (c *checker) arms() {
	for _, arm := range []string{evidence.Off, evidence.On} {
		c.unique("arms."+arm+".disable", c.plan.Arms[arm].Disable)
	}
	if len(c.plan.Shown()) == 0 {
		c.wrong("arms", "do not differ; want a protection in off.disable that is not in on.disable")
	}
}

func (c *checker) unique(path string, names []resilience.Name) {
	for i, n := range names {
		if slices.Contains(names[:i], n) {
			c.wrong(fmt.Sprintf("%s[%d]", path, i), "%s is there twice", n)
		}
	}
}

// carries looks at what is said to carry the drill, and to help.
func (c *checker) carries() {
	for i, carry := range c.plan.Carries {
		path := fmt.Sprintf("carries[%d]", i)
		c.unique(path+".without", carry.Without)
		c.shown(path+".without", carry.Without)
		if !slices.Contains(c.breakable(), carry.Breaks) {
			c.wrong(path+".breaks", "%q is no promise; want one of %s", carry.Breaks, strings.Join(c.breakable(), ", "))
		}
	}
	for path, names := range map[string][]resilience.Name{"helps": c.plan.Helps, "ablate": c.plan.Ablate} {
		c.unique(path, names)
		c.shown(path, names)
	}
	if n := len(c.plan.Ablated()); c.plan.Ablate != nil && n > MaxAblated {
		c.wrong("ablate", "has %d protections; at most %d are allowed", n, MaxAblated)
	}
}

// shown refuses protections that are not those which the drill is about.
func (c *checker) shown(path string, names []resilience.Name) {
	for i, n := range names {
		if !slices.Contains(c.plan.Shown(), n) {
			c.wrong(fmt.Sprintf("%s[%d]", path, i), "%s is not what the on arm has and the off arm lacks; want one of %v", n, c.plan.Shown())
		}
	}
}

// breakable are the promises of both paces, and the invariants.
func (c *checker) breakable() []string {
	var names []string
	for _, p := range slices.Concat(c.plan.Checks(Quick).Promises, c.plan.Checks(Demo).Promises) {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	return append(names, invariants()...)
}

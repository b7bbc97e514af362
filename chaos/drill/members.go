package drill

import (
	"regexp"
	"strings"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
	"brownout/internal/resilience"
	"brownout/loadgen"
)

// Limits of what a file holds.
const (
	maxEntries    = 32 // of the timeline, and of checks
	maxRate       = loadgen.MaxRate
	maxExpression = 1024 // characters of PromQL
	maxFor        = 5 * time.Minute
	minFor        = time.Second
)

// What names and texts look like.
var (
	nameRule     = textRule{most: 40, pattern: regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`), want: "small letters, digits and dashes, as in slow-downstream"}
	lineRule     = textRule{most: 80, pattern: regexp.MustCompile(`^[^\n\t]+$`), want: "one line"}
	sentenceRule = textRule{most: 240, pattern: regexp.MustCompile(`^[^\n\t]+[.!?]$`), want: "one sentence with its full stop"}
	variableRule = textRule{most: 32, pattern: regexp.MustCompile(`^[a-z][a-z0-9_]*$`), want: "small letters, digits and underscores, as in service_time"}
	wordRule     = textRule{most: 64, pattern: regexp.MustCompile(`^[a-z][a-z0-9.-]*$`), want: "small letters, digits, dots and dashes"}
	argRule      = textRule{most: 200, pattern: regexp.MustCompile(`^--[a-z][a-z0-9-]*(=.*)?$`), want: "a flag, as in --workers=2"}
	alertRule    = textRule{most: 40, pattern: regexp.MustCompile(`^[A-Z][A-Za-z]*$`), want: "the name of an alert, as in EventLoopBlocked"}
	promqlRule   = textRule{most: maxExpression}
	familyNames  = []string{"loop", "pool", "downstream", "retry", "overload", "cache", "memory", "client"}
	partNames    = []string{"gateway", "payments", "inventory", "bank-a", "bank-b"}
	calibratable = []string{"bank", "inventory"}
)

func (p *Plan) shape() object {
	p.Timings, p.Arms = map[Pace]Timing{}, map[string]ArmPlan{}
	return object{members: []member{
		{"name", "The drill's name, which is that of its file.", true, text(&p.Name, nameRule)},
		{"title", "What goes wrong, on one line.", true, text(&p.Title, lineRule)},
		{"family", "What kind of failure it is.", true, choice(&p.Family, familyNames...)},
		{"story", "What happens, in three short sentences.", true, list(&p.Story, 3, 3, func(s *string) shape { return text(s, sentenceRule) })},
		{"learn", "What to take home, in a few short sentences.", false, list(&p.Learn, 1, 4, func(s *string) shape { return text(s, sentenceRule) })},
		{"shop", "How the shop is built. What is not said is as brownout up has it.", false, p.Shop.shape()},
		{"load", "What clients do, in both arms.", true, p.Load.shape()},
		{"calibrate", "Whose capacity is measured before the arms, for formulas to use as C.", false, p.Calibrate.shape()},
		{"constants", "Numbers for formulas, by name; durations become seconds, percentages shares.", false,
			dict(&p.Constants, 16, variableRule, func(v *float64) shape { return number(v, -1e12, 1e12) })},
		{"quick", "How long an arm is at quick pace, by which the timeline is written.", true, timing(p, Quick, 12*time.Second, 30*time.Second, false)},
		{"demo", "How long an arm is at demo pace.", true, timing(p, Demo, 30*time.Second, 15*time.Minute, true)},
		{"timeline", "The faults, with times as at quick pace.", true, list(&p.Timeline, 1, maxEntries, func(e *Entry) shape { return e.shape() })},
		{"arms", "What the two arms are without.", true, armsShape(p)},
		{"attempts", "A counter, in PromQL, of the attempts that reach the place where the trigger acts.", false, text(&p.Attempts, promqlRule)},
		{"attempts_of", "The routes whose requests lead to these attempts; all if not given.", false, routesShape{&p.AttemptsOf}},
		{"signature", "What the off arm must show.", false, list(&p.Signature, 0, maxEntries, func(c *Check) shape { return c.shape() })},
		{"promises", "What the on arm must keep, beside recovery, amplification and a clean audit.", true, list(&p.Promises, 1, maxEntries, func(c *Check) shape { return c.shape() })},
		{"breaks", "Invariants of the audit that the off arm may break, and of which it must break one.", false, list(&p.Breaks, 0, 8, func(s *string) shape { return text(s, wordRule) })},
		{"alerts", "What those who watch the off arm are told, at quick pace.", false, optional(&p.Alerts, (*Alerts).shape)},
		{"carries", "Sets of protections without which a promise is broken.", false, list(&p.Carries, 0, 16, func(c *Carry) shape { return c.shape() })},
		{"helps", "Protections that help, and whose lack breaks no promise.", false, protections(&p.Helps)},
		{"ablate", "The protections of which an ablation tries none, each, each pair and all; those that the drill is about if not given.", false, protections(&p.Ablate)},
		{"runbook", "The page dashboards/runbooks/NAME.md; it is the drill's name if not given.", false, text(&p.Runbook, nameRule)},
	}}
}

func (s *Shop) shape() shape {
	return object{members: []member{
		{"bank", "What both banks work on at once.", false, s.Bank.shape()},
		{"inventory", "What inventory works on at once.", false, s.Inventory.shape()},
		{"bcrypt_cost", "What a login costs: it doubles with each step.", false, count(&s.BcryptCost, 4, 14)},
		{"args", "More arguments, by the part that is started with them; no secrets.", false,
			dict(&s.Args, len(partNames), textRule{of: partNames}, func(a *[]string) shape {
				return list(a, 1, 16, func(s *string) shape { return text(s, argRule) })
			})},
		{"links", "Whether all traffic between parts goes through faulty links, as net.* faults need.", false, flag(&s.Links)},
	}}
}

func (c *Capacity) shape() shape {
	return object{members: []member{
		{"service_time", "How long each piece of work keeps a worker.", false, duration(&c.ServiceTime, time.Millisecond, 10*time.Second)},
		{"workers", "How many pieces are worked on at once.", false, count(&c.Workers, 1, 1024)},
	}}
}

func (l *Load) shape() shape {
	return object{members: []member{
		{"rate", "Requests a second, as a formula: C is the calibrated capacity, share the calibrated route's part of the mix.", true, formula(&l.Rate)},
		{"mix", "How often each route is taken, by weight.", true, mixShape{&l.Mix}},
		{"arrivals", "Evenly, or by chance; evenly if not given. Spikes are the fault load.spike.", false, choice(&l.Arrivals, "constant", "poisson")},
		{"patience", "How long clients wait for an answer that is of use to them, by route; default for the others.", true, patienceShape{&l.Patience}},
		{"retry", "How clients try again; they do not if not given.", false, retryShape(&l.Retry)},
		{"customers", "How many log in.", false, count(&l.Customers, 1, 1000)},
		{"warm", "Whether each product is looked at once before the load begins, so that the cache is warm.", false, flag(&l.Warm)},
	}}
}

func retryShape(r *loadgen.Retry) shape {
	return object{members: []member{
		{"align", "Has each pause end at a whole multiple of this since the load began, as of clients whose clocks tick together; not where pauses are drawn at random.", false, duration(&r.Align, 0, time.Minute)},
		{"attempts", "How often a request is sent at most, the first time included.", true, count(&r.Attempts, 1, loadgen.MaxAttempts)},
		{"backoff", "The pause before the second attempt; it doubles with each that follows.", false, duration(&r.Backoff, 0, time.Minute)},
		{"budget", "How many retries each request earns for those of its route, of all clients, in an arm that has retry-budget; not bounded if not given.", false, number(&r.Budget, 0.001, 10)},
		{"jitter", "Whether pauses are drawn at random, from nothing to what they would be, in an arm that has jitter.", false, flag(&r.Jitter)},
	}}
}

func (c *Calibrate) shape() shape {
	return object{
		members: []member{
			{"route", "Whose requests a second are measured.", true, choice(&c.Route, routes()...)},
			{"of", "The part that bounds it, whose workers and service_time formulas may use; bank if not given.", false, choice(&c.Of, calibratable...)},
			{"expected", "What the design says, as in workers / service_time; the run is invalid when it is more than 10 % off.", false, formula(&c.Expected)},
		},
		then: func(*reader, string) {
			if c.Of == "" {
				c.Of = calibratable[0]
			}
		},
	}
}

// timing reads the times of a pace, between the least and the most length. Only a pace that is
// not the file's own has a scale.
func timing(p *Plan, pace Pace, least, most time.Duration, scaled bool) shape {
	t := Timing{Scale: 1}
	members := []member{
		{"warmup", "At the beginning of the load, not looked at.", true, duration(&t.Warmup, 0, time.Minute)},
		{"baseline", "Then, before anything is done to the shop: what all is compared with.", true, duration(&t.Baseline, 3*time.Second, 5*time.Minute)},
		{"length", "Of the whole load, warmup and baseline included.", true, duration(&t.Length, least, most)},
		{"retry", "How clients try again at this pace, in place of the load's.", false, optional(&t.Retry, retryShape)},
	}
	if scaled {
		members = append(members, member{"scale", "By how much the timeline is stretched, from the end of the baseline on; formulas may use it.", false, number(&t.Scale, 1, 60)})
	}
	return object{members: members, then: func(*reader, string) { p.Timings[pace] = t }}
}

func (e *Entry) shape() shape {
	return object{members: []member{
		{"at", "When it begins, from the beginning of the load.", true, duration(&e.At, 0, 30*time.Second)},
		{"for", "How long it is active.", true, duration(&e.For, minFor, maxFor)},
		{"fault", "Its kind, as brownout fault list names it.", true, text(&e.Fault, wordRule)},
		{"on", "Where: a part of the shop, a link, or load for faults of the load generator.", true, choice(&e.On, places()...)},
		{"params", "Parameters of the fault.", false, dict(&e.Params, 16, wordRule, func(s *string) shape { return looseShape{s, 64} })},
		{"toxicity", "The probability of each possible hit; 1 if not given.", false, number(&e.Toxicity, 0, 1)},
		{"first", "Leaves it at the first so many possible hits.", false, count(&e.First, 1, 1_000_000)},
		{"pace", "The only pace that has it.", false, choice(&e.Pace, Quick, Demo)},
	}}
}

func armsShape(p *Plan) shape {
	var off, on ArmPlan
	return object{
		members: []member{
			{"off", "The arm without the protections that the drill is about.", true, off.shape()},
			{"on", "The arm with them.", true, on.shape()},
		},
		then: func(*reader, string) { p.Arms[evidence.Off], p.Arms[evidence.On] = off, on },
	}
}

func (a *ArmPlan) shape() shape {
	return object{members: []member{
		{"disable", "The protections that are switched off.", true, protections(&a.Disable)},
	}}
}

// protections reads a list of names, which are looked up later: the schema lists them.
func protections(to *[]resilience.Name) shape {
	return list(to, 0, len(resilience.Names()), func(n *resilience.Name) shape { return choice(n, resilience.Names()...) })
}

func (c *Carry) shape() shape {
	return object{members: []member{
		{"without", "Protections that are taken from the on arm, all of them.", true, list(&c.Without, 1, 8, func(n *resilience.Name) shape { return choice(n, resilience.Names()...) })},
		{"breaks", "The promise, or the invariant of the audit, that is then broken.", true, text(&c.Breaks, lineRule)},
	}}
}

// routes are all that the mix of a load can have.
func routes() []string { return loadgen.Routes() }

// links are the connections between parts.
func links() []string {
	return []string{
		"gateway-payments", "gateway-inventory", "gateway-redis", "payments-redis", "inventory-redis",
		"payments-bank-a", "payments-bank-b",
	}
}

// places are all where a fault can be injected.
func places() []string {
	return append(append([]string{OnLoad, "redis"}, partNames...), links()...)
}

// family returns the first word of a fault's name.
func family(fault string) string {
	word, _, _ := strings.Cut(fault, ".")
	return word
}

// spans are those that a check may be about.
func spans() []verdict.During {
	return []verdict.During{verdict.Baseline, verdict.Trigger, verdict.After, verdict.Harm, verdict.Whole}
}

// reductions are those that a query may have.
func reductions() []verdict.Reduce {
	return []verdict.Reduce{verdict.Max, verdict.Min, verdict.Mean, verdict.Last, verdict.First, verdict.Rise}
}

package drill

import (
	"strings"
	"time"

	"brownout/chaos/verdict"
)

// measures are the members that say what a check measures: there is exactly one of them.
var measures = []verdict.Measure{
	verdict.Goodput, verdict.Latency, verdict.Refusal, verdict.Recovery, verdict.Attempts, verdict.Query,
}

func measureNames() []string {
	names := make([]string, len(measures))
	for i, m := range measures {
		names[i] = string(m)
	}
	return names
}

func (c *Check) shape() shape {
	var skip, length time.Duration
	return object{
		members: []member{
			{"name", "What is measured, in words; others refer to it by them.", true, text(&c.Name, lineRule)},
			{"goodput", "The routes whose share of good answers is measured, as a share of the baseline's; all for every one.", false, routesShape{&c.Routes}},
			{"latency", "The routes whose latency is measured, refusals left out.", false, routesShape{&c.Routes}},
			{"refusal", "The routes of which is measured how long a refusal takes.", false, routesShape{&c.Routes}},
			{"recovery", "The routes of which is measured how long after the last fault their goodput holds again.", false, routesShape{&c.Routes}},
			{"attempts", "A counter in PromQL, measured for each request scheduled, as a multiple of the baseline's.", false, text(&c.Query, promqlRule)},
			{"query", "An expression in PromQL, over the metrics of the arm.", false, text(&c.Query, promqlRule)},
			{"routes", "The routes whose requests attempts are divided by; all if not given.", false, routesShape{&c.Routes}},
			{"quantile", "Of a latency or a refusal; 99% if not given.", false, number(&c.Quantile, 0.01, 1)},
			{"reduce", "What is made of all values of a query within the span; max if not given.", false, choice(&c.Reduce, reductions()...)},
			{"during", "The span that is looked at; harm if not given.", false, choice(&c.During, spans()...)},
			{"skip", "How much of the span's beginning is left out.", false, duration(&skip, 0, 5*time.Minute)},
			{"for", "How much of what skip leaves of the span is looked at; all of it if not given.", false, duration(&length, time.Second, 5*time.Minute)},
			{"at_least", "The lower bound, a formula.", false, formula(&c.AtLeast)},
			{"at_most", "The upper bound, a formula.", false, formula(&c.AtMost)},
			{"predicted", "What theory says, a formula, to be shown beside what is measured.", false, formula(&c.Predicted)},
			{"within", "How far from what is predicted the measure may be, as a share of it; not judged if not given.", false, number(&c.Within, 0.001, 10)},
			{"pace", "The only pace at which it is looked at.", false, choice(&c.Pace, Quick, Demo)},
			{"because", "Why a promise takes the place of the standard one of its name.", false, text(&c.Because, sentenceRule)},
		},
		oneOf: measureNames(),
		then: func(r *reader, path string) {
			c.Skip, c.For = skip.Seconds(), length.Seconds()
			c.settle(r, path)
		},
	}
}

// settle says which measure it is, and refuses what does not go with it.
func (c *Check) settle(r *reader, path string) {
	for _, m := range measures {
		if r.has(join(path, string(m))) {
			c.Measure = m
		}
	}
	if c.Measure == verdict.Attempts || c.Reduce == verdict.Rise {
		c.Query = bare(c.Query)
	}
	timed := c.Measure == verdict.Latency || c.Measure == verdict.Refusal
	for _, only := range []struct {
		member string
		fits   bool
		with   string
	}{
		{"quantile", timed, "latency and refusal"},
		{"reduce", c.Measure == verdict.Query, "query"},
		{"routes", c.Measure == verdict.Attempts, "attempts"},
		{"during", c.Measure != verdict.Recovery, "measures other than recovery, which counts from the end of the last fault"},
		{"skip", c.Measure != verdict.Recovery, "measures other than recovery, which counts from the end of the last fault"},
		{"for", c.Measure != verdict.Recovery, "measures other than recovery, which counts from the end of the last fault"},
		{"within", c.Predicted != "", "predicted"},
	} {
		if at := join(path, only.member); r.has(at) && !only.fits {
			r.wrong(at, "goes only with %s", only.with)
		}
	}
	if c.AtLeast == "" && c.AtMost == "" && c.Within == 0 {
		r.wrong(path, "has no bound; want at_least, at_most, or predicted and within")
	}
}

// bare takes a sum apart, whose rise is that of its series: of these it is seen when one begins
// anew, or is missing for a moment, and of their sum it is not.
func bare(query string) string {
	inner, ok := strings.CutPrefix(query, "sum(")
	if !ok || !strings.HasSuffix(inner, ")") {
		return query
	}
	inner = strings.TrimSuffix(inner, ")")
	open := 0
	for _, r := range inner {
		switch r {
		case '(':
			open++
		case ')':
			open--
		}
		if open < 0 {
			return query // the bracket at the end is another one's
		}
	}
	return inner
}

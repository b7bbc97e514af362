package loadgen

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Threshold is what a report must hold to, as in "p99<80ms" or "browse.errors<=1%".
type Threshold struct {
	text   string
	route  string // "" for the total
	metric metric
	op     string
	bound  float64 // in the metric's unit
}

// A metric is what a threshold may be about.
type metric struct {
	name string
	unit unit
	of   func(Row) float64
}

// A unit is what a metric's figures are.
type unit int

const (
	latency unit = iota // in ns; written as a duration
	share               // from 0 to 1 of what was scheduled; written as a percentage
	rate                // requests a second
)

// metrics lists all there are, in the order of reports.
func metrics() []metric {
	return []metric{
		{"p50", latency, func(r Row) float64 { return float64(r.Latency.P50) }},
		{"p90", latency, func(r Row) float64 { return float64(r.Latency.P90) }},
		{"p99", latency, func(r Row) float64 { return float64(r.Latency.P99) }},
		{"p99.9", latency, func(r Row) float64 { return float64(r.Latency.P999) }},
		{"max", latency, func(r Row) float64 { return float64(r.Latency.Max) }},
		{"mean", latency, func(r Row) float64 { return float64(r.Latency.Mean) }},
		{"errors", share, func(r Row) float64 { return r.Errors }},
		{"refused", share, func(r Row) float64 { return r.share(r.Refused) }},
		{"unknown", share, func(r Row) float64 { return r.share(r.Unknown) }},
		{"unsent", share, func(r Row) float64 { return r.share(r.Unsent) }},
		{"rate", rate, func(r Row) float64 { return r.Rate }},
		{"throughput", rate, func(r Row) float64 { return r.Throughput }},
	}
}

func (r Row) share(n int64) float64 { return float64(n) / float64(r.Scheduled) }

// ParseThreshold reads [ROUTE.]METRIC OPERATOR BOUND, where the operator is one of < <=
// > >=, and the bound has the metric's unit:
//
//	p50 p90 p99 p99.9 max mean       a duration: 80ms
//	errors refused unknown unsent    a share of what was scheduled: 1%
//	rate throughput                  requests a second: 290
func ParseThreshold(text string) (Threshold, error) {
	t, err := parseThreshold(text)
	if err != nil {
		return t, fmt.Errorf("threshold %q: %w", text, err)
	}
	return t, nil
}

func parseThreshold(text string) (Threshold, error) {
	place := strings.IndexAny(text, "<>")
	if place < 0 {
		return Threshold{}, errors.New("no <, <=, > or >=")
	}
	subject, op, bound := text[:place], text[place:place+1], text[place+1:]
	if after, equal := strings.CutPrefix(bound, "="); equal {
		op, bound = op+"=", after
	}
	t := Threshold{text: text, op: op}
	var err error
	if t.route, t.metric, err = parseSubject(strings.TrimSpace(subject)); err != nil {
		return t, err
	}
	t.bound, err = t.metric.parseBound(strings.TrimSpace(bound))
	return t, err
}

// parseSubject splits a route from a metric. Both may have dots: a route is a host when
// the load goes to a URL.
func parseSubject(text string) (string, metric, error) {
	var names []string
	for _, m := range metrics() {
		if text == m.name {
			return "", m, nil
		}
		if route, found := strings.CutSuffix(text, "."+m.name); found && route != "" {
			return route, m, nil
		}
		names = append(names, m.name)
	}
	list := strings.Join(names, " ")
	return "", metric{}, fmt.Errorf("%q is no metric: want one of %s, behind a route and a dot if it is about one", text, list)
}

func (m metric) parseBound(text string) (float64, error) {
	switch m.unit {
	case latency:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("%q is no bound for %s: want a time, as in 80ms", text, m.name)
		}
		return float64(d), nil
	case share:
		number, found := strings.CutSuffix(text, "%")
		percentage, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if !found || err != nil || !(percentage >= 0 && percentage <= 100) {
			return 0, fmt.Errorf("%q is no bound for %s: want a share from 0%% to 100%%", text, m.name)
		}
		return percentage / 100, nil
	}
	bound, err := strconv.ParseFloat(text, 64)
	if err != nil || !(bound >= 0) {
		return 0, fmt.Errorf("%q is no bound for %s: want requests a second, as in 290", text, m.name)
	}
	return bound, nil
}

// Route returns the route that it is about, "" for all.
func (t Threshold) Route() string { return t.route }

// String returns the threshold as it was written.
func (t Threshold) String() string { return t.text }

// A Judgement is whether a report held to a threshold.
type Judgement struct {
	Threshold Threshold
	Held      bool
	// Unknown says that agents were lost, so that the figure is not that of the whole load. Then the threshold is not held.
	Unknown bool
	// Figure is what the threshold is about, in words; without any request of its
	// route there is none, and then the threshold is not held.
	Figure string
}

// String says it on a line.
func (j Judgement) String() string {
	outcome := "failed"
	switch {
	case j.Held:
		outcome = "held"
	case j.Unknown:
		outcome = "unknown"
	}
	return fmt.Sprintf("%-7s %s (%s)", outcome, j.Threshold, j.Figure)
}

// Judge looks the threshold's figure up in a report.
func (t Threshold) Judge(r Report) Judgement {
	j := Judgement{Threshold: t, Unknown: len(r.Lost) > 0, Figure: "no requests"}
	if row, found := t.row(r); found && row.Scheduled > 0 && (t.metric.unit != latency || row.Sent > 0) {
		value := t.metric.of(row)
		j.Held, j.Figure = !j.Unknown && t.holds(value), t.metric.word(value)
	}
	if j.Unknown {
		j.Figure += fmt.Sprintf(" without %d of %d agents", len(r.Lost), r.Agents)
	}
	return j
}

func (t Threshold) row(r Report) (Row, bool) {
	if t.route == "" {
		return r.Total, true
	}
	i := slices.IndexFunc(r.Routes, func(row Row) bool { return row.Route == t.route })
	if i < 0 {
		return Row{}, false
	}
	return r.Routes[i], true
}

func (t Threshold) holds(value float64) bool {
	switch t.op {
	case "<":
		return value < t.bound
	case "<=":
		return value <= t.bound
	case ">":
		return value > t.bound
	}
	return value >= t.bound
}

func (m metric) word(value float64) string {
	switch m.unit {
	case latency:
		return short(time.Duration(value))
	case share:
		return percent(value)
	}
	return fmt.Sprintf("%.1f/s", value)
}

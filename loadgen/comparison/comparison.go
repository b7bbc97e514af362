package comparison

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"brownout/loadgen"
)

// A Result is what came of a load, and what it is called.
type Result struct {
	Name   string
	Report loadgen.Report
}

// A Verdict says what a difference means.
type Verdict string

// The verdicts, on the second of two results.
const (
	Worse  Verdict = "worse"       // slower, or with more errors
	Better Verdict = "better"      // faster, or with fewer errors
	Unsure Verdict = "cannot tell" // it may be chance
)

// A Comparison has two results side by side.
type Comparison struct {
	First  Side  `json:"first"`
	Second Side  `json:"second"`
	Routes []Row `json:"routes"` // by name, those of both; then the total, unless there is one route only
	// Notes say what makes the two hard to compare.
	Notes []string `json:"notes,omitempty"`
}

// A Side is one of the results.
type Side struct {
	Name      string  `json:"name"`
	Seconds   float64 `json:"seconds"`
	Scheduled int64   `json:"scheduled"`
	Due       float64 `json:"due_per_second"`
	Done      float64 `json:"done_per_second"`
	Agents    int     `json:"agents,omitempty"` // that sent it, if there were several
}

// A Row is what differs for a route.
type Row struct {
	Route    string    `json:"route"`
	Measures []Measure `json:"measures"`
}

// A Measure is one figure of a route: a latency in seconds, or a share.
type Measure struct {
	Name   string  `json:"name"` // p50, p90, p99, p99.9, errors
	First  float64 `json:"first"`
	Second float64 `json:"second"`
	// Difference is the second less the first. Low and High are the ends of its interval of 99 %, if there is one.
	Difference float64  `json:"difference"`
	Low        *float64 `json:"low,omitempty"`
	High       *float64 `json:"high,omitempty"`
	// LowShare and HighShare are the ends of that of the second's part of the first, less 1; of latencies only.
	LowShare  *float64 `json:"low_share,omitempty"`
	HighShare *float64 `json:"high_share,omitempty"`
	Verdict   Verdict  `json:"verdict"`
}

// Compare puts two results side by side. An error says which cannot be read.
func Compare(first, second Result) (Comparison, error) {
	c := Comparison{First: sideOf(first), Second: sideOf(second), Notes: notes(first, second)}
	pairs := pairsOf(first.Report, second.Report)
	for _, p := range pairs {
		row, err := p.row(first.Name, second.Name)
		if err != nil {
			return Comparison{}, err
		}
		c.Routes = append(c.Routes, row)
	}
	return c, nil
}

func sideOf(r Result) Side {
	s := Side{Name: r.Name, Seconds: r.Report.Seconds, Scheduled: r.Report.Total.Scheduled, Done: r.Report.Total.Throughput, Agents: r.Report.Agents}
	if s.Seconds > 0 {
		s.Due = float64(s.Scheduled) / s.Seconds
	}
	return s
}

// alike is how much the rates of two loads may differ that are said to be of the same.
const alike = 0.02

func notes(first, second Result) (all []string) {
	for _, r := range []Result{first, second} {
		if r.Report.Interrupted {
			all = append(all, r.Name+" was interrupted")
		}
		for _, l := range r.Report.Lost {
			all = append(all, r.Name+": "+l.String())
		}
		if unsent := r.Report.Total.Unsent; unsent > 0 {
			all = append(all, fmt.Sprintf("%s: %d requests were not sent, and have no latency", r.Name, unsent))
		}
		if s := r.Report.Schedule; s != nil && s.Behind {
			all = append(all, r.Name+": the generator fell behind its schedule, which is in all latencies")
		}
		if n := r.Report.Clients; n > 0 {
			all = append(all, fmt.Sprintf("%s had no schedule, but %d clients who waited for their answers: its latencies say little", r.Name, n))
		}
		if r.Report.Total.Histogram == "" && r.Report.Total.Sent > 0 {
			all = append(all, r.Name+" has no histograms: its quantiles are without intervals")
		}
	}
	a, b := sideOf(first), sideOf(second)
	if math.Abs(a.Due-b.Due) > alike*max(a.Due, b.Due) {
		all = append(all, fmt.Sprintf("the loads were not alike: %.1f requests a second were due, and %.1f", a.Due, b.Due))
	}
	if math.Abs(a.Seconds-b.Seconds) > alike*max(a.Seconds, b.Seconds) {
		all = append(all, fmt.Sprintf("the loads were not alike: one took %.3g s, and one %.3g s, so what is slow at first has another part in each", a.Seconds, b.Seconds))
	}
	if n, m := max(a.Agents, 1), max(b.Agents, 1); n != m {
		all = append(all, fmt.Sprintf("the loads were not sent alike: number of processes %d, and %d", n, m))
	}
	for _, name := range only(first.Report, second.Report) {
		all = append(all, fmt.Sprintf("only %s has the route %.64q", first.Name, name))
	}
	for _, name := range only(second.Report, first.Report) {
		all = append(all, fmt.Sprintf("only %s has the route %.64q", second.Name, name))
	}
	return all
}

// only names the routes of one report that another has not.
func only(of, in loadgen.Report) (names []string) {
	for _, r := range of.Routes {
		if !slices.ContainsFunc(in.Routes, func(o loadgen.Row) bool { return o.Route == r.Route }) {
			names = append(names, r.Route)
		}
	}
	return names
}

// A pair is what came of the same route in two loads.
type pair struct{ first, second loadgen.Row }

func pairsOf(first, second loadgen.Report) (pairs []pair) {
	for _, r := range first.Routes {
		if i := slices.IndexFunc(second.Routes, func(o loadgen.Row) bool { return o.Route == r.Route }); i >= 0 {
			pairs = append(pairs, pair{r, second.Routes[i]})
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.first.Route, b.first.Route) })
	if len(pairs) == 1 && len(first.Routes) == 1 && len(second.Routes) == 1 {
		return pairs
	}
	return append(pairs, pair{first.Total, second.Total})
}

// quantiles are those that are compared, as a row has them.
var quantiles = []struct {
	name string
	q    float64
	of   func(loadgen.Row) float64
}{
	{"p50", .5, func(r loadgen.Row) float64 { return r.Latency.P50.Seconds() }},
	{"p90", .9, func(r loadgen.Row) float64 { return r.Latency.P90.Seconds() }},
	{"p99", .99, func(r loadgen.Row) float64 { return r.Latency.P99.Seconds() }},
	{"p99.9", .999, func(r loadgen.Row) float64 { return r.Latency.P999.Seconds() }},
}

// errorsName is that of the measure that is a share.
const errorsName = "errors"

// row compares a pair. An error says which of the two results, whose names are told, cannot be read.
func (p pair) row(first, second string) (Row, error) {
	var histograms [2]*hdrhistogram.Histogram
	for i, side := range []struct {
		name string
		row  loadgen.Row
	}{{first, p.first}, {second, p.second}} {
		var err error
		if histograms[i], err = side.row.Latencies(); err != nil {
			return Row{}, fmt.Errorf("%s: %w", side.name, err)
		}
	}
	r := Row{Route: p.first.Route}
	for _, of := range quantiles {
		if p.first.Sent == 0 || p.second.Sent == 0 {
			continue
		}
		a, hasA := quantile(histograms[0], of.q)
		b, hasB := quantile(histograms[1], of.q)
		r.Measures = append(r.Measures, measureOf(of.name, of.of(p.first), of.of(p.second), a.inSeconds(), b.inSeconds(), hasA && hasB))
	}
	a, hasA := share(max(p.first.Scheduled-p.first.Acknowledged, 0), p.first.Scheduled)
	b, hasB := share(max(p.second.Scheduled-p.second.Acknowledged, 0), p.second.Scheduled)
	r.Measures = append(r.Measures, measureOf(errorsName, p.first.Errors, p.second.Errors, a, b, hasA && hasB))
	return r, nil
}

// inSeconds makes seconds of ns.
func (i interval) inSeconds() interval { return interval{i.Low / 1e9, i.High / 1e9} }

// measureOf compares two figures, with an interval if each has one.
func measureOf(name string, first, second float64, a, b interval, known bool) Measure {
	m := Measure{Name: name, First: first, Second: second, Difference: second - first, Verdict: Unsure}
	if !known {
		return m
	}
	low, high := b.Low-a.High, b.High-a.Low
	m.Low, m.High = &low, &high
	if name != errorsName && a.Low > 0 {
		lowShare, highShare := b.Low/a.High-1, b.High/a.Low-1
		m.LowShare, m.HighShare = &lowShare, &highShare
	}
	switch {
	case low > 0:
		m.Verdict = Worse
	case high < 0:
		m.Verdict = Better
	}
	return m
}

// WriteJSON writes the comparison for programs.
func (c Comparison) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(c)
}

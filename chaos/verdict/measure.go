package verdict

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"brownout/chaos/evidence"
)

// endless is a recovery that did not come.
const endless = -1

// spanOf returns the span of an arm that a check is about.
func spanOf(a *evidence.Arm, c *Check) (evidence.Span, error) {
	span, err := named(a, c.During)
	if err != nil {
		return span, err
	}
	span.From += time.Duration(c.Skip * float64(time.Second))
	if c.For > 0 {
		span.To = min(span.To, span.From+time.Duration(c.For*float64(time.Second)))
	}
	if span.From >= span.To {
		return span, fmt.Errorf("nothing is left of %q", c.During)
	}
	return span, nil
}

func named(a *evidence.Arm, d During) (evidence.Span, error) {
	switch d {
	case Baseline:
		return a.Baseline, nil
	case Whole:
		return evidence.Span{From: a.Baseline.From, To: a.Length.To}, nil
	}
	end, any := a.LastFault()
	if !any {
		return evidence.Span{}, errors.New("there was no fault")
	}
	begin := slices.MinFunc(a.Faults, func(x, y evidence.Fault) int { return int(x.Active.From - y.Active.From) }).Active.From
	// A fault is a little late. The window in which it begins is the first of the harm, and
	// that in which it ends belongs to what the most of it is.
	begin, end = begin.Truncate(evidence.WindowLength), end.Round(evidence.WindowLength)
	end = max(end, begin+evidence.WindowLength)
	switch d {
	case Trigger:
		return evidence.Span{From: begin, To: end}, nil
	case After:
		return evidence.Span{From: end, To: a.Length.To}, nil
	case Harm, "":
		return evidence.Span{From: begin, To: a.Length.To}, nil
	}
	return evidence.Span{}, fmt.Errorf("there is no span %q", d)
}

// latency returns a quantile over a span, in seconds.
func latency(a *evidence.Arm, c *Check, span evidence.Span) (float64, error) {
	var sum evidence.Histogram
	for i := range a.Windows {
		w := &a.Windows[i]
		if !span.Holds(w.Start) {
			continue
		}
		for name, t := range w.Routes {
			if len(c.Routes) > 0 && !slices.Contains(c.Routes, name) {
				continue
			}
			if c.Measure == Refusal {
				sum.Merge(t.Refusal)
			} else {
				sum.Merge(t.Latency)
			}
		}
	}
	if sum.Count() == 0 {
		return 0, errors.New("there was no such request")
	}
	q := c.Quantile
	if q == 0 {
		q = 0.99
	}
	return sum.Quantile(q).Seconds(), nil
}

// lag is how old the newest value of a metric may be.
const lag = 500 * time.Millisecond

// query reduces the points of all series of an expression within a span.
func query(a *evidence.Arm, c *Check, span evidence.Span) (float64, error) {
	graphs, asked := a.Queries[c.Query]
	if !asked {
		return 0, fmt.Errorf("%s was not asked", c.Query)
	}
	if c.During == After {
		span.From += lag
	}
	var all []float64
	for _, g := range graphs {
		if v, ok := reduce(g.Points, c.Reduce, span); ok {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return 0, fmt.Errorf("%s has no value then", c.Query)
	}
	switch c.Reduce {
	case Rise:
		return sum(all), nil
	case Min:
		return slices.Min(all), nil
	case Mean:
		return sum(all) / float64(len(all)), nil
	}
	return slices.Max(all), nil
}

// reduce makes one value of the points of a series within a span.
func reduce(points []evidence.Point, how Reduce, span evidence.Span) (float64, bool) {
	var values []float64
	var before *float64 // what it was when the span began, nil if it was not there
	for _, p := range points {
		switch {
		case math.IsNaN(p.Value):
		case p.At < span.From, how == Rise && p.At == span.From:
			before = &p.Value
		case p.At <= span.To:
			values = append(values, p.Value)
		}
	}
	if len(values) == 0 {
		return 0, false
	}
	switch how {
	case Min:
		return slices.Min(values), true
	case Mean:
		return sum(values) / float64(len(values)), true
	case First:
		return values[0], true
	case Last:
		return values[len(values)-1], true
	case Rise:
		return rise(values, before), true
	}
	return slices.Max(values), true
}

// rise adds up the steps upwards of a counter, from what it was before, so that spans which follow
// each other have all steps between them; a fall is one that began anew. One that was not there
// before began at nothing.
func rise(values []float64, before *float64) (total float64) {
	last := 0.0
	if before != nil {
		last = *before
	}
	for _, v := range values {
		if v >= last {
			total += v - last
		} else {
			total += v
		}
		last = v
	}
	return total
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}

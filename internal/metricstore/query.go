package metricstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// Bounds of queries.
const (
	maxQueries      = 4
	maxQueryTime    = 10 * time.Second
	maxQuerySamples = 5_000_000
	maxSteps        = 11_000
	lookback        = 10 // intervals without a sample after which a series is not seen any more
)

// A Point is a value at a time.
type Point struct {
	T time.Time // to the millisecond
	V float64
}

// A Series is what a query found of one set of labels; a scalar has none. Its points are in
// the order of time.
type Series struct {
	Labels map[string]string // __name__ is the name of the metric, if it has one
	Points []Point
}

func newEngine(interval time.Duration) *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		MaxSamples:               maxQuerySamples,
		Timeout:                  maxQueryTime,
		LookbackDelta:            lookback * interval,
		NoStepSubqueryIntervalFn: func(int64) int64 { return interval.Milliseconds() },
		EnableAtModifier:         true,
		EnableNegativeOffset:     true,
		Parser:                   parser.NewParser(parser.Options{}),
	})
}

// Query evaluates an expression at one time, now if that is zero. A range selector, as
// "up[1m]", brings the samples as they were scraped; any other expression at most one point
// a series. An expression that makes no sense is a *SyntaxError.
func (s *Store) Query(ctx context.Context, expr string, at time.Time) ([]Series, error) {
	if at.IsZero() {
		at = time.Now()
	}
	if err := Validate(expr); err != nil {
		return nil, err
	}
	return s.evaluate(ctx, expr, func(ctx context.Context) (promql.Query, error) {
		return s.engine.NewInstantQuery(ctx, s.db, nil, expr, at)
	})
}

// QueryRange evaluates an expression, which must be no range selector, at from and each step
// after that, up to to. Where an expression has no value it has no point. An expression that
// makes no sense is a *SyntaxError.
func (s *Store) QueryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]Series, error) {
	switch {
	case step < time.Millisecond:
		return nil, fmt.Errorf("metricstore: a step of %v is less than a millisecond", step)
	case to.Before(from):
		return nil, fmt.Errorf("metricstore: the range ends at %v, before it begins at %v", to, from)
	case to.Sub(from)/step >= maxSteps:
		return nil, fmt.Errorf("metricstore: %v in steps of %v: more than %d", to.Sub(from), step, maxSteps)
	}
	if err := validateRange(expr); err != nil {
		return nil, err
	}
	return s.evaluate(ctx, expr, func(ctx context.Context) (promql.Query, error) {
		return s.engine.NewRangeQuery(ctx, s.db, nil, expr, from, to, step)
	})
}

// evaluate runs a query when there is a slot for it.
func (s *Store) evaluate(ctx context.Context, expr string, prepare func(context.Context) (promql.Query, error)) ([]Series, error) {
	ctx, done, err := s.use(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, s.failure(expr, context.Cause(ctx))
	}
	query, err := prepare(ctx)
	if err != nil {
		return nil, s.failure(expr, err)
	}
	defer query.Close()
	found, err := plain(query.Exec(ctx))
	if err != nil {
		return nil, s.failure(expr, err)
	}
	return found, nil
}

// failure says which expression could not be evaluated, and why.
func (s *Store) failure(expr string, err error) error {
	if s.ctx.Err() != nil {
		return ErrClosed
	}
	return fmt.Errorf("metricstore: %.200q: %w", expr, err)
}

// plain copies a result out of the memory of the engine.
func plain(result *promql.Result) ([]Series, error) {
	if result.Err != nil {
		return nil, result.Err
	}
	switch value := result.Value.(type) {
	case promql.Scalar:
		return []Series{{Labels: map[string]string{}, Points: []Point{point(value.T, value.V)}}}, nil
	case promql.Vector:
		return plainVector(value)
	case promql.Matrix:
		return plainMatrix(value)
	default:
		return nil, fmt.Errorf("the result is a %s", result.Value.Type())
	}
}

// errHistogram cannot happen: the text format has no native histograms.
var errHistogram = errors.New("the result is a native histogram")

func plainVector(vector promql.Vector) ([]Series, error) {
	found := make([]Series, len(vector))
	for i, sample := range vector {
		if sample.H != nil {
			return nil, errHistogram
		}
		found[i] = Series{Labels: sample.Metric.Map(), Points: []Point{point(sample.T, sample.F)}}
	}
	return found, nil
}

func plainMatrix(matrix promql.Matrix) ([]Series, error) {
	found := make([]Series, len(matrix))
	for i, series := range matrix {
		if len(series.Histograms) > 0 {
			return nil, errHistogram
		}
		found[i] = Series{Labels: series.Metric.Map(), Points: make([]Point, len(series.Floats))}
		for j, p := range series.Floats {
			found[i].Points[j] = point(p.T, p.F)
		}
	}
	return found, nil
}

func point(milliseconds int64, v float64) Point { return Point{T: time.UnixMilli(milliseconds), V: v} }

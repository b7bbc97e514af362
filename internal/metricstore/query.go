package metricstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql"
)

// Bounds of queries.
const (
	maxQueries   = 4
	maxQueryTime = 10 * time.Second
	maxSteps     = 11_000
	lookback     = 10 // intervals without a sample after which a series is not seen any more
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

func newEngine(c Config) *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		MaxSamples:               c.MaxQuerySamples,
		Timeout:                  maxQueryTime,
		LookbackDelta:            lookback * c.Interval,
		NoStepSubqueryIntervalFn: func(int64) int64 { return c.Interval.Milliseconds() },
		EnableAtModifier:         true,
		EnableNegativeOffset:     true,
		Parser:                   newParser(),
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
	free, err := s.slot(ctx)
	if err != nil {
		return nil, s.failure(expr, err)
	}
	defer free()
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

// slot waits until one more query may be under way; free gives it back.
func (s *Store) slot(ctx context.Context) (free func(), err error) {
	select {
	case s.slots <- struct{}{}:
		return func() { <-s.slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
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

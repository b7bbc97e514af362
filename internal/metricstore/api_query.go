package metricstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"
)

// answerQuery evaluates an expression at one time: /api/v1/query.
func (s *Store) answerQuery(ctx context.Context, r *request) error {
	at, err := r.time("time", time.Now().UnixMilli())
	if err != nil {
		return err
	}
	return s.answerWith(ctx, r, func(ctx context.Context, expr string) (promql.Query, error) {
		return s.engine.NewInstantQuery(ctx, s.db, nil, expr, time.UnixMilli(at))
	})
}

// answerQueryRange evaluates an expression at each step of a range: /api/v1/query_range.
func (s *Store) answerQueryRange(ctx context.Context, r *request) error {
	from, to, step, err := r.steps()
	if err != nil {
		return err
	}
	return s.answerWith(ctx, r, func(ctx context.Context, expr string) (promql.Query, error) {
		return s.engine.NewRangeQuery(ctx, s.db, nil, expr, from, to, step)
	})
}

// steps reads start, end and step.
func (r *request) steps() (from, to time.Time, step time.Duration, err error) {
	start, err := parseTime(r.form.Get("start"))
	if err != nil {
		return from, to, step, invalid("start", err)
	}
	end, err := parseTime(r.form.Get("end"))
	if err != nil {
		return from, to, step, invalid("end", err)
	}
	if step, err = r.duration("step"); err != nil {
		return from, to, step, err
	}
	from, to = time.UnixMilli(start), time.UnixMilli(end)
	return from, to, step, checkSteps(start, end, step)
}

// checkSteps bounds the points that each series has.
func checkSteps(start, end int64, step time.Duration) error {
	switch {
	case end < start:
		return invalid("end", errors.New("end timestamp must not be before start time"))
	case step <= 0:
		return invalid("step", errors.New("zero or negative query resolution step widths are not accepted. Try a positive integer"))
	case step < time.Millisecond:
		return invalid("step", fmt.Errorf("%v is less than a millisecond", step))
	case (end-start)/step.Milliseconds() > maxSteps:
		return &failure{badData, errors.New("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")}
	}
	return nil
}

// A preparer makes the query of an expression.
type preparer func(ctx context.Context, expr string) (promql.Query, error)

// answerWith answers with the result of a query, when there is a slot for it. Waiting counts as a part of its time.
func (s *Store) answerWith(ctx context.Context, r *request, prepare preparer) error {
	limit, err := r.limit("limit", maxListed)
	if err != nil {
		return err
	}
	most, err := r.timeout()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	free, err := s.slot(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return promql.ErrQueryTimeout("query queue")
	}
	if err != nil {
		return err
	}
	defer free()
	return r.evaluate(ctx, prepare, limit)
}

// timeout reads the time that a query may take: no more than maxQueryTime.
func (r *request) timeout() (time.Duration, error) {
	if r.form.Get("timeout") == "" {
		return maxQueryTime, nil
	}
	asked, err := r.duration("timeout")
	if err == nil && asked <= 0 {
		err = invalid("timeout", fmt.Errorf("timeout must be positive, got %v", asked))
	}
	return min(maxQueryTime, asked), err
}

// evaluate runs the query that was sent, and answers.
func (r *request) evaluate(ctx context.Context, prepare preparer, limit int) error {
	expr := r.form.Get("query")
	if len(expr) > maxExpression {
		return invalid("query", errTooLong)
	}
	query, err := prepare(ctx, expr)
	if err != nil {
		return invalid("query", err)
	}
	defer query.Close()
	result := query.Exec(ctx)
	if result.Err != nil {
		return result.Err
	}
	r.sendResult(result, limit)
	return nil
}

// sendResult answers with the value of a query, before its memory is used again.
func (r *request) sendResult(result *promql.Result, limit int) {
	value, notes := cut(result.Value, limit, result.Warnings)
	r.send(func(out *jsonStream) {
		out.raw(`{"resultType":`).text(string(value.Type())).raw(`,"result":`)
		out.result(value)
		out.raw(`}`)
	}, notes)
}

// cut leaves a value with a limited number of series.
func cut(value parser.Value, limit int, notes annotations.Annotations) (parser.Value, annotations.Annotations) {
	switch v := value.(type) {
	case promql.Vector:
		return truncated(v, limit, notes)
	case promql.Matrix:
		return truncated(v, limit, notes)
	}
	return value, notes
}

// result adds the value of a query.
func (s *jsonStream) result(value parser.Value) {
	switch v := value.(type) {
	case promql.Vector:
		s.vector(v)
	case promql.Matrix:
		s.matrix(v)
	case promql.Scalar:
		s.point(v.T, v.V)
	case promql.String:
		s.raw(`[`).time(v.T).raw(`,`).text(v.V).raw(`]`)
	default: // the language has no other types
		s.raw(`null`)
	}
}

// vector adds samples. There are no native histograms: neither format of targets has them.
func (s *jsonStream) vector(vector promql.Vector) {
	separator := ``
	s.raw(`[`)
	for _, sample := range vector {
		s.raw(separator).raw(`{"metric":`).labels(sample.Metric).raw(`,"value":`).point(sample.T, sample.F).raw(`}`)
		separator = `,`
	}
	s.raw(`]`)
}

// matrix adds series of points.
func (s *jsonStream) matrix(matrix promql.Matrix) {
	separator := ``
	s.raw(`[`)
	for _, series := range matrix {
		s.raw(separator).raw(`{"metric":`).labels(series.Metric).raw(`,"values":`)
		s.points(series.Floats)
		s.raw(`}`)
		separator = `,`
	}
	s.raw(`]`)
}

func (s *jsonStream) points(points []promql.FPoint) {
	separator := `[`
	for _, p := range points {
		s.raw(separator).point(p.T, p.F)
		separator = `,`
	}
	if len(points) == 0 {
		s.raw(separator)
	}
	s.raw(`]`)
}

// answerExemplars lists the exemplars of the series that an expression selects, when there is a slot for it:
// /api/v1/query_exemplars.
func (s *Store) answerExemplars(ctx context.Context, r *request) error {
	from, to, err := r.between()
	if err != nil {
		return err
	}
	expr := r.form.Get("query")
	if len(expr) > maxExpression {
		return invalid("query", errTooLong)
	}
	parsed, err := newParser().ParseExpr(expr)
	if err != nil {
		return &failure{badData, err}
	}
	free, err := s.slot(ctx)
	if err != nil {
		return err
	}
	defer free()
	found, err := s.exemplars(ctx, parsed, from, to)
	if err != nil {
		return err
	}
	r.send(func(out *jsonStream) { out.exemplars(found) }, annotations.Annotations{})
	return nil
}

func (s *Store) exemplars(ctx context.Context, expr parser.Expr, from, to int64) ([]exemplar.QueryResult, error) {
	selectors := parser.ExtractSelectors(expr)
	if len(selectors) == 0 {
		return nil, nil
	}
	querier, err := s.db.ExemplarQuerier(ctx)
	if err != nil {
		return nil, err
	}
	return querier.Select(from, to, selectors...)
}

func (s *jsonStream) exemplars(found []exemplar.QueryResult) {
	separator := ``
	s.raw(`[`)
	for _, series := range found {
		s.raw(separator).raw(`{"seriesLabels":`).labels(series.SeriesLabels).raw(`,"exemplars":[`)
		between := ``
		for _, e := range series.Exemplars {
			s.raw(between).raw(`{"labels":`).labels(e.Labels).raw(`,"value":`).number(e.Value).raw(`,"timestamp":`).time(e.Ts).raw(`}`)
			between = `,`
		}
		s.raw(`]}`)
		separator = `,`
	}
	s.raw(`]`)
}

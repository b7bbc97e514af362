package metricstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/util/annotations"
)

// Bounds of requests to the API.
const (
	maxForm      = 256 << 10 // bytes of a body
	maxSelectors = 64        // match[] of a request
	maxListed    = 20_000    // series, names or values of an answer
	maxNotes     = 10        // warnings, and infos, of an answer
	maxRequest   = 30 * time.Second
)

// Handler answers as a Prometheus server does, so that Grafana and promtool can be pointed at it:
//
//	/api/v1/query, query_range, query_exemplars          GET and POST
//	/api/v1/series, labels                               GET and POST
//	/api/v1/label/{name}/values, metadata, targets, rules, alerts, status/buildinfo, status/config
//	/-/healthy, /-/ready
//
// It asks nobody who he is, and changes nothing.
func (s *Store) Handler() http.Handler {
	mux := http.NewServeMux()
	for path, answer := range map[string]answerer{
		"query": s.answerQuery, "query_range": s.answerQueryRange, "query_exemplars": s.answerExemplars,
		"series": s.answerSeries, "labels": s.answerLabels,
	} {
		mux.Handle("GET /api/v1/"+path, s.serve(answer))
		mux.Handle("POST /api/v1/"+path, s.serve(answer))
	}
	for path, answer := range map[string]answerer{
		"label/{name}/values": s.answerLabelValues, "metadata": s.answerMetadata, "targets": s.answerTargets,
		"rules": s.answerRules, "alerts": s.answerAlerts, "status/buildinfo": answerBuild, "status/config": s.answerConfig,
	} {
		mux.Handle("GET /api/v1/"+path, s.serve(answer))
	}
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "healthy\n") })
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ready\n") })
	return bounded(mux)
}

// bounded ends the connection of a client that does not take its answer: a query has its memory and its slot until then.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(maxRequest)) // all connections can
		next.ServeHTTP(w, r)
	})
}

// An answerer answers a request, or returns why not; then it has sent nothing.
type answerer func(context.Context, *request) error

// serve makes a handler of an answerer. While it works, the database stays open.
func (s *Store) serve(answer answerer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, done, err := s.use(r.Context())
		if err != nil {
			fail(w, &failure{unavailable, err})
			return
		}
		defer done()
		asked, err := newRequest(w, r)
		if err == nil {
			err = answer(ctx, asked)
		}
		if err != nil {
			fail(w, asFailure(err))
		}
	})
}

// A failure is an error of a kind that has a name and a status.
type failure struct {
	kind kind
	err  error
}

// Error implements error.
func (f *failure) Error() string { return f.err.Error() }

// A kind of failure, as Prometheus has them.
type kind struct {
	name   string
	status int
}

var (
	badData     = kind{"bad_data", http.StatusBadRequest}
	execution   = kind{"execution", http.StatusUnprocessableEntity}
	canceled    = kind{"canceled", 499} // nginx' number for a client that has left
	timedOut    = kind{"timeout", http.StatusServiceUnavailable}
	unavailable = kind{"unavailable", http.StatusServiceUnavailable}
	internal    = kind{"internal", http.StatusInternalServerError}
)

// asFailure says of which kind an error of the engine or the database is.
func asFailure(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	if _, ok := errors.AsType[promql.ErrStorage](err); ok {
		return &failure{internal, err}
	}
	_, late := errors.AsType[promql.ErrQueryTimeout](err)
	_, gone := errors.AsType[promql.ErrQueryCanceled](err)
	switch {
	case late || errors.Is(err, context.DeadlineExceeded):
		return &failure{timedOut, err}
	case gone || errors.Is(err, context.Canceled):
		return &failure{canceled, err}
	}
	return &failure{execution, err}
}

// invalid says what is wrong with a parameter.
func invalid(parameter string, err error) error {
	return &failure{badData, fmt.Errorf("invalid parameter %q: %w", parameter, err)}
}

// fail answers with a failure.
func fail(w http.ResponseWriter, f *failure) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.kind.status)
	out := &jsonStream{to: w}
	out.raw(`{"status":"error","errorType":`).text(f.kind.name).raw(`,"error":`).text(f.Error()).raw(`}`)
	out.flush()
}

// A request is what is asked of the API, and where the answer goes.
type request struct {
	form  url.Values
	name  string // of the label, where the path has one
	reply http.ResponseWriter
}

func newRequest(w http.ResponseWriter, r *http.Request) (*request, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, &failure{badData, fmt.Errorf("error parsing form values: %w", err)}
	}
	return &request{form: r.Form, name: r.PathValue("name"), reply: w}, nil
}

// send answers with what data writes, one JSON value, and with the notes on a query.
func (r *request) send(data func(*jsonStream), notes annotations.Annotations) {
	warnings, infos := notes.AsStrings(r.form.Get("query"), maxNotes, maxNotes)
	r.reply.Header().Set("Content-Type", "application/json")
	out := &jsonStream{to: r.reply}
	out.raw(`{"status":"success","data":`)
	data(out)
	out.member("warnings", warnings).member("infos", infos).raw(`}`)
	out.flush()
}

// sendValue answers with a value that encodes itself.
func (r *request) sendValue(value any, notes annotations.Annotations) {
	r.send(func(out *jsonStream) { out.value(value) }, notes)
}

// time reads a time in seconds since 1970 or in RFC 3339, to the millisecond; without one it is def.
func (r *request) time(parameter string, def int64) (int64, error) {
	text := r.form.Get(parameter)
	if text == "" {
		return def, nil
	}
	at, err := parseTime(text)
	if err != nil {
		err = invalid(parameter, fmt.Errorf("invalid time value for '%s': %w", parameter, err))
	}
	return at, err
}

func parseTime(text string) (int64, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(seconds) {
		return int64(math.Round(min(max(seconds*1000, -farAway), farAway))), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UnixMilli(), nil
	}
	return 0, fmt.Errorf("cannot parse %q to a valid timestamp", text)
}

// farAway is later than all times, in milliseconds since 1970, and -farAway is earlier.
const farAway = math.MaxInt64 / 4

// between reads the times of what is listed: all, unless they are given.
func (r *request) between() (from, to int64, err error) {
	if from, err = r.time("start", -farAway); err == nil {
		to, err = r.time("end", farAway)
	}
	if err == nil && to < from {
		err = &failure{badData, errors.New("end timestamp must not be before start timestamp")}
	}
	return from, to, err
}

// duration reads a duration in seconds or as in "1m30s".
func (r *request) duration(parameter string) (time.Duration, error) {
	text := r.form.Get(parameter)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(seconds) < math.MaxInt64/1e9 {
		return time.Duration(seconds * float64(time.Second)), nil
	}
	d, err := model.ParseDuration(text)
	if err != nil {
		return 0, invalid(parameter, fmt.Errorf("cannot parse %q to a valid duration", text))
	}
	return time.Duration(d), nil
}

// limit reads how many results are wanted; without a number, or with one that is 0 or higher than most, it is most.
func (r *request) limit(parameter string, most int) (int, error) {
	text := r.form.Get(parameter)
	if text == "" {
		return most, nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return 0, invalid(parameter, err)
	case n < 0:
		return 0, invalid(parameter, fmt.Errorf("%s must be non-negative", parameter))
	case n == 0:
		return most, nil
	}
	return min(n, most), nil
}

// selectors reads match[].
func (r *request) selectors() ([][]*labels.Matcher, error) {
	texts := r.form["match[]"]
	if len(texts) > maxSelectors {
		return nil, invalid("match[]", fmt.Errorf("%d selectors are more than %d", len(texts), maxSelectors))
	}
	var all [][]*labels.Matcher
	for _, text := range texts {
		matchers, err := parseSelector(text)
		if err != nil {
			return nil, invalid("match[]", err)
		}
		all = append(all, matchers)
	}
	return all, nil
}

func parseSelector(text string) ([]*labels.Matcher, error) {
	if len(text) > maxExpression {
		return nil, errTooLong
	}
	matchers, err := newParser().ParseMetricSelector(text)
	if err != nil {
		return nil, err
	}
	for _, m := range matchers {
		if !m.Matches("") {
			return matchers, nil
		}
	}
	return nil, errors.New("match[] must contain at least one non-empty matcher")
}

var errTooLong = fmt.Errorf("the expression is longer than %d bytes", maxExpression)

// truncated cuts a list off, and notes that it did.
func truncated[S ~[]T, T any](all S, limit int, notes annotations.Annotations) (S, annotations.Annotations) {
	if len(all) <= limit {
		return all, notes
	}
	return all[:limit], notes.Add(errors.New("results truncated due to limit"))
}

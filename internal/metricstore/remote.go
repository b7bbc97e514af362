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
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxAnswer bounds what a Prometheus server may answer, in bytes.
const maxAnswer = 32 << 20

// A Remote asks a Prometheus server what a Store would be asked. Any goroutine may call its methods.
type Remote struct {
	url    string
	client *http.Client
}

// NewRemote returns one for a server, as in "http://prometheus:9090". The server need not be there yet.
func NewRemote(server string) (*Remote, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("metricstore: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("metricstore: %q: want the URL of a Prometheus server", server)
	}
	return &Remote{strings.TrimSuffix(u.String(), "/") + "/api/v1/", &http.Client{Timeout: maxQueryTime, CheckRedirect: noRedirect}}, nil
}

// Query is as Store.Query. Native histograms are left out.
func (r *Remote) Query(ctx context.Context, expr string, at time.Time) ([]Series, error) {
	if err := Validate(expr); err != nil {
		return nil, err
	}
	form := url.Values{"query": {expr}}
	if !at.IsZero() {
		form.Set("time", seconds(at))
	}
	return r.query(ctx, "query", form)
}

// QueryRange is as Store.QueryRange. Native histograms are left out.
func (r *Remote) QueryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]Series, error) {
	if err := validateRange(expr); err != nil {
		return nil, err
	}
	return r.query(ctx, "query_range", url.Values{
		"query": {expr}, "start": {seconds(from)}, "end": {seconds(to)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
}

func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64)
}

// Alerts is as Store.Alerts. The error says why the server does not answer.
func (r *Remote) Alerts(ctx context.Context) ([]Alert, error) {
	var found struct {
		Alerts []alertAnswer `json:"alerts"`
	}
	if err := r.ask(ctx, "alerts", nil, &found); err != nil {
		return nil, fmt.Errorf("metricstore: alerts: %w", err)
	}
	all := []Alert{}
	for _, a := range found.Alerts {
		value, err := strconv.ParseFloat(a.Value, 64)
		if err != nil {
			value = math.NaN()
		}
		all = append(all, Alert{
			Name: a.Labels["alertname"], Firing: a.State == "firing", Labels: a.Labels, Annotations: a.Annotations, Value: value, Since: a.ActiveAt,
		})
	}
	sortAlerts(all)
	return all, nil
}

// query asks for the value of an expression.
func (r *Remote) query(ctx context.Context, path string, form url.Values) ([]Series, error) {
	var found struct {
		ResultType string         `json:"resultType"`
		Result     jsontext.Value `json:"result"`
	}
	if err := r.ask(ctx, path, form, &found); err != nil {
		return nil, fmt.Errorf("metricstore: %.200q: %w", form.Get("query"), err)
	}
	if found.ResultType == "scalar" {
		var p wirePoint
		err := json.Unmarshal(found.Result, &p)
		return []Series{{Labels: map[string]string{}, Points: []Point{Point(p)}}}, err
	}
	var series []wireSeries
	if err := json.Unmarshal(found.Result, &series); err != nil {
		return nil, fmt.Errorf("metricstore: %.200q: %w", form.Get("query"), err)
	}
	return plainSeries(series), nil
}

// A wireSeries is a series as the API tells of it: with one value, or with several.
type wireSeries struct {
	Metric map[string]string `json:"metric"`
	Value  *wirePoint        `json:"value"`
	Values []wirePoint       `json:"values"`
}

// plainSeries returns those that have points, which a native histogram has not.
func plainSeries(all []wireSeries) []Series {
	plain := []Series{}
	for _, s := range all {
		if s.Value != nil {
			s.Values = append(s.Values, *s.Value)
		}
		if len(s.Values) == 0 {
			continue
		}
		points := make([]Point, len(s.Values))
		for i, p := range s.Values {
			points[i] = Point(p)
		}
		plain = append(plain, Series{Labels: s.Metric, Points: points})
	}
	return plain
}

// A wirePoint is a point as the API tells of it: [1700000000.5,"1"].
type wirePoint Point

// UnmarshalJSON implements json.Unmarshaler.
func (p *wirePoint) UnmarshalJSON(text []byte) error {
	var pair [2]jsontext.Value
	if err := json.Unmarshal(text, &pair); err != nil {
		return err
	}
	var at float64
	var value string
	if err := errors.Join(json.Unmarshal(pair[0], &at), json.Unmarshal(pair[1], &value)); err != nil {
		return err
	}
	v, err := strconv.ParseFloat(value, 64)
	*p = wirePoint(point(int64(math.Round(at*1000)), v))
	return err
}

// ask posts a form, or gets what needs none, and reads the data of the answer.
func (r *Remote) ask(ctx context.Context, path string, form url.Values, data any) error {
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, r.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := r.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return err
	}
	if len(text) > maxAnswer {
		return fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	return unwrap(text, response.Status, data)
}

// unwrap reads the data of an answer, or the error that it is.
func unwrap(text []byte, status string, data any) error {
	var answer struct {
		Status string         `json:"status"`
		Data   jsontext.Value `json:"data"`
		Error  string         `json:"error"`
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Status == "" {
		return fmt.Errorf("what answers with status %s is no Prometheus server", status)
	}
	if answer.Status != "success" {
		return errors.New(answer.Error)
	}
	return json.Unmarshal(answer.Data, data)
}

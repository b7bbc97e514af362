package metricstore_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/metricstore"
)

// A remote answers what the store itself answers.
func TestARemoteAnswersAsItsServer(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := open(t, func(c *metricstore.Config) { c.Dir, c.Interval = dir, time.Second })
		l.serve(t, "gateway:80", text("x{kind=\"a\"} 1.5\nx{kind=\"ü\\\"\"} +Inf\ny NaN\n"))
		l.set(target("gateway"))
		time.Sleep(20 * time.Second)
	})
	l := open(t, func(c *metricstore.Config) { c.Dir, c.Interval = dir, time.Second })
	server := httptest.NewServer(l.Handler())
	defer server.Close()
	remote, err := metricstore.NewRemote(server.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(start+10, 250e6)
	for _, expr := range []string{"x", "x[5s]", "1", "-y", "none", "sum by (kind) (x)", "x + on() x", "rate(x)", "x{"} {
		want, wantErr := l.Query(t.Context(), expr, at)
		got, gotErr := remote.Query(t.Context(), expr, at)
		if fmt.Sprint(got) != fmt.Sprint(want) || (gotErr == nil) != (wantErr == nil) {
			t.Errorf("%s: %v, %v; the store says %v, %v", expr, got, gotErr, want, wantErr)
		}
		want, wantErr = l.QueryRange(t.Context(), expr, at, at.Add(3*time.Second), 500*time.Millisecond)
		got, gotErr = remote.QueryRange(t.Context(), expr, at, at.Add(3*time.Second), 500*time.Millisecond)
		if fmt.Sprint(got) != fmt.Sprint(want) || (gotErr == nil) != (wantErr == nil) {
			t.Errorf("range of %s: %v, %v; the store says %v, %v", expr, got, gotErr, want, wantErr)
		}
	}
	if found, err := remote.Query(t.Context(), "vector(1)", time.Time{}); err != nil || len(found) != 1 || time.Since(found[0].Points[0].T).Abs() > time.Hour {
		t.Errorf("now: %v, %v", found, err)
	}
}

func TestARemoteHasTheAlertsOfItsServer(t *testing.T) {
	answer := `{"status":"success","data":{"alerts":[
		{"labels":{"alertname":"B","job":"gateway"},"annotations":{"summary":"s"},"state":"pending","activeAt":"2000-01-01T00:00:01Z","value":"7e+00"},
		{"labels":{"alertname":"C"},"annotations":{},"state":"firing","activeAt":"2000-01-01T00:00:02Z","value":"NaN"}]}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }))
	defer server.Close()
	remote, err := metricstore.NewRemote(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	got, err := remote.Alerts(t.Context())
	want := metricstore.Alert{
		Name: "B", Labels: map[string]string{"alertname": "B", "job": "gateway"}, Annotations: map[string]string{"summary": "s"}, Value: 7, Since: time.Unix(start+1, 0).UTC(),
	}
	if err != nil || len(got) != 2 || got[0].Name != "C" || !got[0].Firing || !reflect.DeepEqual(got[1], want) {
		t.Errorf("%+v, %v", got, err)
	}
	server.Close()
	if got, err := remote.Alerts(t.Context()); err == nil || len(got) > 0 {
		t.Errorf("of no server: %+v", got)
	}
}

func TestServersThatAreNone(t *testing.T) {
	for _, server := range []string{"", "prometheus:9090", "ftp://prometheus", "http://a:b@prometheus", "http://prometheus?x=y", "http://\x00"} {
		if _, err := metricstore.NewRemote(server); err == nil {
			t.Errorf("%q was taken", server)
		}
	}
	for body, want := range map[string]string{
		"<html>": "no Prometheus server", "{}": "no Prometheus server", `{"status":"error","error":"overloaded"}`: "overloaded",
		`{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}`: "invalid syntax",
		strings.Repeat(" ", 32<<20+1): "longer than",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		remote, err := metricstore.NewRemote(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := remote.Query(t.Context(), "x", time.Time{}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"x"`) {
			t.Errorf("%.30q: %v, want %q", body, err, want)
		}
		server.Close()
	}
}

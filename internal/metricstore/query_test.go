package metricstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"brownout/internal/metricstore"
)

// The whole way, over TCP, with a registry as services have one.
func TestARegistryOverTCP(t *testing.T) {
	reg := prometheus.NewRegistry()
	orders := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "orders_total", Help: "Orders."}, []string{"status"})
	latency := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "latency_seconds", Help: "Latency.", Buckets: []float64{0.1, 1}})
	reg.MustRegister(orders, latency)
	scraped := make(chan struct{})
	metrics := promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" || r.Method != http.MethodGet {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		orders.WithLabelValues("ok").Add(10)
		latency.Observe(0.05)
		metrics.ServeHTTP(w, r)
		select {
		case scraped <- struct{}{}:
		case <-r.Context().Done(): // the test has seen enough
		}
	}))
	defer server.Close()
	l := open(t, func(c *metricstore.Config) {
		c.Interval = time.Second
		c.Dial = (&net.Dialer{}).DialContext
	})
	l.set(metricstore.Target{Job: "gateway", URL: server.URL, Token: "secret", Labels: map[string]string{"instance": "0"}})
	var found []metricstore.Series
	for len(found) == 0 || len(found[0].Points) < 2 {
		<-scraped
		found = l.query(`orders_total{status="ok"}[1h]`)
	}
	want := map[string]string{"__name__": "orders_total", "status": "ok", "job": "gateway", "instance": "0"}
	points := found[0].Points
	if len(found) != 1 || !reflect.DeepEqual(found[0].Labels, want) || points[1].V < points[0].V+10 {
		t.Errorf("found %v", found)
	}
	median, err := l.Query(t.Context(), `histogram_quantile(0.5, sum by (le) (latency_seconds_bucket))`, points[1].T)
	if err != nil || len(median) != 1 || median[0].Points[0].V != 0.05 {
		t.Errorf("median %v, %v", median, err)
	}
}

func TestQueryRange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, func(c *metricstore.Config) { c.Interval = time.Second })
		handler, counter := registry("orders_total")
		l.serve(t, "gateway:80", handler)
		l.set(target("gateway"))
		from := time.Now()
		for range 10 {
			counter.Inc()
			time.Sleep(time.Second)
		}
		found, err := l.QueryRange(t.Context(), `sum(orders_total)`, from, from.Add(9*time.Second), 3*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		want := []metricstore.Series{{Labels: map[string]string{}, Points: []metricstore.Point{
			{T: from.Add(3 * time.Second).Local(), V: 3}, {T: from.Add(6 * time.Second).Local(), V: 6}, {T: from.Add(9 * time.Second).Local(), V: 9},
		}}}
		if fmt.Sprint(found) != fmt.Sprint(want) {
			t.Errorf("found %v, want %v", found, want)
		}
		found, err = l.QueryRange(t.Context(), `scalar(orders_total) * 2`, from.Add(9*time.Second), from.Add(9*time.Second), time.Second)
		if err != nil || len(found) != 1 || len(found[0].Points) != 1 || found[0].Points[0].V != 18 {
			t.Errorf("found %v, %v", found, err)
		}
	})
}

func TestRangesThatAreRefused(t *testing.T) {
	l := open(t)
	at := time.Unix(1e9, 0)
	tests := []struct {
		name, expr string
		from, to   time.Time
		step       time.Duration
		want       string
	}{
		{"no step", "up", at, at.Add(time.Hour), 0, "step of 0s"},
		{"small step", "up", at, at.Add(time.Hour), time.Microsecond, "step of 1µs"},
		{"backwards", "up", at, at.Add(-time.Second), time.Second, "before it begins"},
		{"too many steps", "up", at, at.Add(11_000 * time.Second), time.Second, "more than 11000"},
		{"range selector", " up[1m]", at, at, time.Second, "line 1, column 2"},
		{"syntax", "up{", at, at, time.Second, "line 1, column 4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := l.QueryRange(t.Context(), tt.expr, tt.from, tt.to, tt.step)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestQueriesThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t)
		l.serve(t, "gateway:80", text(`a{x="1"} 1`+"\n"+`a{x="2"} 2`+"\n"))
		l.set(target("gateway"))
		time.Sleep(time.Second)
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		tests := []struct {
			name, expr string
			ctx        context.Context
			want       string
		}{
			{"many to many", `a + on(job) a`, t.Context(), `"a + on(job) a": found duplicate series`},
			{"too many samples", `sum_over_time(vector(1)[5000001ms:1ms])`, t.Context(), `too many samples`},
			{"canceled", `a`, canceled, `"a": `},
			{"syntax", `a +`, t.Context(), "line 1, column 4, at the end: "},
		}
		for _, tt := range tests {
			_, err := l.Query(tt.ctx, tt.expr, time.Time{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
			}
		}
	})
}

func TestAClosedStoreAnswersNothing(t *testing.T) {
	store, err := metricstore.Open(metricstore.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Query(t.Context(), "up", time.Time{}); !errors.Is(err, metricstore.ErrClosed) {
		t.Errorf("Query: %v", err)
	}
	if _, err := store.QueryRange(t.Context(), "up", time.Unix(0, 0), time.Unix(1, 0), time.Second); !errors.Is(err, metricstore.ErrClosed) {
		t.Errorf("QueryRange: %v", err)
	}
	if err := store.Snapshot(t.TempDir()); !errors.Is(err, metricstore.ErrClosed) {
		t.Errorf("Snapshot: %v", err)
	}
}

func TestCloseEndsQueries(t *testing.T) {
	l := open(t)
	ended := make(chan error)
	for range 8 {
		go func() {
			var err error
			for err == nil {
				_, err = l.Query(context.Background(), `count_over_time(vector(1)[100000ms:1ms])`, time.Time{})
			}
			ended <- err
		}()
	}
	if err := l.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		if err := <-ended; !errors.Is(err, metricstore.ErrClosed) {
			t.Errorf("error %v, want ErrClosed", err)
		}
	}
}

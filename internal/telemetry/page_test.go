package telemetry_test

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"brownout/internal/telemetry"
)

// The formats that are asked for.
const (
	plainText   = "text/plain;version=0.0.4"
	openMetrics = "application/openmetrics-text;version=1.0.0"
	protobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
)

// look asks a handler for metrics.
func look(h http.Handler, target, accept string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func textOf(t *testing.T, r *http.Response) string {
	t.Helper()
	all, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// All lines are those that Prometheus' own library would have written.
func TestPageIsWhatTheLibraryShows(t *testing.T) {
	reg := telemetry.NewRegistry("a")
	telemetry.NewHistograms(reg, "ours_seconds", "With \"quotes\", a \\ and\na second line.", nil, "b", "a").Of(`x"\`+"\n", "y").Observe(ms)
	telemetry.NewHistograms(reg, "ours_alone_seconds", "Without a label.", telemetry.Growing(ms, 10, 3)).Of()
	telemetry.NewHistograms(reg, "ours_unused_seconds", "Without a histogram.", nil, "a")
	telemetry.Register(reg, prometheus.NewCounter(prometheus.CounterOpts{Name: "ours_total", Help: "No histogram,\nbut \\ and \"."})).Inc()
	telemetry.Register(reg, prometheus.NewCounter(prometheus.CounterOpts{Name: "ours", Help: "A name that OpenMetrics wants to end otherwise."})).Add(1e9)
	gauges := telemetry.Register(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ours_gauge", ConstLabels: prometheus.Labels{"c": "always"}}, []string{"b", "a"}))
	for value, label := range map[float64]string{0.25: `x"\`, math.Inf(1): "\n", math.Inf(-1): "y", -1: "", 1e21: "z"} {
		gauges.WithLabelValues(label, "ü").Set(value)
	}
	gauges.WithLabelValues("nan", "").Set(math.NaN())
	telemetry.Register(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ours_unused", Help: "Without a gauge."}, []string{"a"}))
	telemetry.Register(reg, prometheus.NewSummary(prometheus.SummaryOpts{Name: "ours_summary_seconds", Help: "The library's.", Objectives: map[float64]float64{0.5: 0.1}})).Observe(3)
	telemetry.Register(reg, prometheus.NewHistogram(prometheus.HistogramOpts{Name: "ours_library_seconds", Help: "The library's, too."})).Observe(3)
	tr, _ := tracing(t, telemetry.TracingConfig{})
	traced := telemetry.NewHistograms(reg, "ours_traced_seconds", "With examples.", nil, "route")
	a, b := traced.Of("a"), traced.Of("b")
	a.Observe(3 * ms)
	a.ObserveTraced(15*ms, tr.Start(sampled, "a", at(0)))
	b.ObserveTraced(time.Second, tr.Start(sampled, "b", at(0)))
	b.ObserveTraced(time.Hour, tr.Start(sampled, "b", at(0)))
	theirs := promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true})
	for _, accept := range []string{"", plainText, openMetrics} {
		got, want := look(reg.Handler(), "/metrics", accept), look(theirs, "/metrics", accept)
		for _, header := range []string{"Content-Type", "Vary"} {
			if got.Header.Get(header) != want.Header.Get(header) {
				t.Errorf("%q: %s is %q, want %q", accept, header, got.Header.Get(header), want.Header.Get(header))
			}
		}
		a, b := textOf(t, got), textOf(t, want)
		if length := got.Header.Get("Content-Length"); length != strconv.Itoa(len(a)) {
			t.Errorf("%q: the length is %s, and there are %d bytes", accept, length, len(a))
		}
		if strings.HasSuffix(b, "# EOF\n") != strings.HasSuffix(a, "# EOF\n") {
			t.Errorf("%q: it does not end as it should", accept)
		}
		if a, b := ours(a), ours(b); !slices.Equal(a, b) {
			t.Errorf("%q: got\n%s\nwant\n%s", accept, strings.Join(a, ""), strings.Join(b, ""))
		}
		if a, b := namesOf(a), namesOf(b); !slices.Equal(a, b) {
			t.Errorf("%q: metrics %q, want %q", accept, a, b)
		}
	}
}

// ours are the chapters of a page, sorted as their lines are, whose figures do not change from look to look.
func ours(page string) []string {
	chapters := slices.DeleteFunc(strings.Split(strings.TrimSuffix(page, "# EOF\n"), "# HELP "), func(chapter string) bool {
		return !strings.HasPrefix(chapter, "ours")
	})
	for i, chapter := range chapters {
		chapters[i] = strings.Join(slices.Sorted(strings.Lines(chapter)), "")
	}
	slices.Sort(chapters)
	return chapters
}

// namesOf are the names of all metrics of a page, sorted.
func namesOf(page string) (names []string) {
	for line := range strings.Lines(page) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Who asks for one metric by its name, or for protobuf, is answered as well.
func TestPageKnowsNamesAndProtobuf(t *testing.T) {
	reg := telemetry.NewRegistry("a")
	telemetry.NewLoopMetrics(reg).LoopDelay(ms)
	if names := namesOf(textOf(t, look(reg.Handler(), "/metrics?name[]=eventloop_delay_seconds", plainText))); !slices.Equal(names, []string{"eventloop_delay_seconds histogram\n"}) {
		t.Errorf("the metrics are %q", names)
	}
	r := look(reg.Handler(), "/metrics", protobuf)
	if format := r.Header.Get("Content-Type"); !strings.HasPrefix(format, "application/vnd.google.protobuf;") {
		t.Errorf("the format is %q", format)
	}
}

// A gate is a collector that lets nobody go before it is opened.
type gate struct {
	prometheus.Collector
	came chan struct{}
	open chan struct{}
}

func (g *gate) Collect(to chan<- prometheus.Metric) {
	g.came <- struct{}{}
	<-g.open
	g.Collector.Collect(to)
}

func TestLooksAtOnceAreBounded(t *testing.T) {
	reg := telemetry.NewRegistry("a")
	g := &gate{prometheus.NewGauge(prometheus.GaugeOpts{Name: "a", Help: "b"}), make(chan struct{}), make(chan struct{})}
	telemetry.Register[prometheus.Collector](reg, g)
	h, answered := reg.Handler(), make(chan int)
	for range 4 {
		go func() { answered <- look(h, "/metrics", plainText).StatusCode }()
		<-g.came
	}
	if status := look(h, "/metrics", plainText).StatusCode; status != http.StatusServiceUnavailable {
		t.Errorf("the fifth is answered %d", status)
	}
	close(g.open)
	for range 4 {
		if status := <-answered; status != http.StatusOK {
			t.Errorf("one of the four is answered %d", status)
		}
	}
}

// A service that fails to collect something says so, and not half of it.
func TestPageOfWhatCannotBeCollected(t *testing.T) {
	reg := telemetry.NewRegistry("a")
	telemetry.Register[prometheus.Collector](reg, twice{prometheus.NewGauge(prometheus.GaugeOpts{Name: "a", Help: "b"})})
	if r := look(reg.Handler(), "/metrics", plainText); r.StatusCode != http.StatusInternalServerError || !strings.Contains(textOf(t, r), "collected before") {
		t.Errorf("answered %d", r.StatusCode)
	}
}

// Twice is a collector that tells everything twice.
type twice struct{ prometheus.Collector }

func (c twice) Collect(to chan<- prometheus.Metric) {
	c.Collector.Collect(to)
	c.Collector.Collect(to)
}

// What was registered is shown, once, whoever asks for it again, and stays.
func TestRegistryKeepsWhatItHas(t *testing.T) {
	reg := telemetry.NewRegistry("a")
	first := telemetry.NewHistograms(reg, "ours_seconds", "Ours.", nil)
	if telemetry.NewHistograms(reg, "ours_seconds", "Ours.", nil) != first {
		t.Error("there are two of one name")
	}
	if one := first.Of(); first.Of() != one {
		t.Error("there are two of one combination of labels")
	}
	if reg.Unregister(first) {
		t.Error("it is gone")
	}
	if page := textOf(t, look(reg.Handler(), "/metrics", plainText)); strings.Count(page, "ours_seconds_count 0\n") != 1 {
		t.Errorf("it is not shown once: %s", page)
	}
}

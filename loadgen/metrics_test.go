package loadgen_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// script is a server that answers each request with what comes next: a status after a time, or
// nothing for 0.
func script(answers ...reply) doer {
	next := make(chan reply, len(answers))
	for _, a := range answers {
		next <- a
	}
	return func(_ *fasthttp.Request, answer *fasthttp.Response, deadline time.Time) error {
		a := <-next
		answer.Reset()
		time.Sleep(a.after)
		if a.status == 0 {
			time.Sleep(time.Until(deadline))
			return fasthttp.ErrTimeout
		}
		answer.SetStatusCode(a.status)
		return nil
	}
}

type reply struct {
	status int
	after  time.Duration
}

const second = time.Second

func patience() evidence.Patience {
	return evidence.Patience{Default: time.Minute, Routes: map[string]time.Duration{"shop.test": second}}
}

func expectMetrics(t *testing.T, reg *prometheus.Registry, want string, names ...string) {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(want) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	if err := testutil.GatherAndCompare(reg, strings.NewReader(b.String()), names...); err != nil {
		t.Error(err)
	}
}

func TestMetricsTellWhatCameOfEachRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		a := loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(.1, 70*second), Scenario: fixed(t), // one after the other has ended
			Doer:    script(reply{200, second}, reply{201, second + 1}, reply{404, 0}, reply{503, 2 * second}, reply{500, 0}, reply{200, 0}, reply{0, 0}),
			Metrics: loadgen.NewMetrics(reg, patience(), []string{"shop.test"}),
		})
		attack(t.Context(), a)
		expectMetrics(t, reg, `
			# HELP brownout_load_samples_total Attempts that ended, by outcome: good, late for the client's patience, refused, or failed, which is without an answer, too, and never sent.
			# TYPE brownout_load_samples_total counter
			brownout_load_samples_total{outcome="failed",route="(other)"} 0
			brownout_load_samples_total{outcome="good",route="(other)"} 0
			brownout_load_samples_total{outcome="late",route="(other)"} 0
			brownout_load_samples_total{outcome="refused",route="(other)"} 0
			brownout_load_samples_total{outcome="failed",route="shop.test"} 2
			brownout_load_samples_total{outcome="good",route="shop.test"} 2
			brownout_load_samples_total{outcome="late",route="shop.test"} 1
			brownout_load_samples_total{outcome="refused",route="shop.test"} 2
			# HELP brownout_load_scheduled_total Requests that came due; of several agents, once they have ended.
			# TYPE brownout_load_scheduled_total counter
			brownout_load_scheduled_total{route="(other)"} 0
			brownout_load_scheduled_total{route="shop.test"} 7
			`, "brownout_load_samples_total", "brownout_load_scheduled_total")
		if n := observed(t, reg, "brownout_load_latency_seconds", "shop.test"); n != 5 {
			t.Errorf("%d latencies, want those of the five that were not refused", n)
		}
	})
}

// observed is how often the histogram of a route was told something.
func observed(t *testing.T, g prometheus.Gatherer, name, route string) uint64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && m.GetLabel()[0].GetValue() == route {
				return m.GetHistogram().GetSampleCount()
			}
		}
	}
	t.Fatalf("there is no %s of %s", name, route)
	return 0
}

// What is due is scheduled at once, though its end may be far.
func TestMetricsCountWhatIsUnderWayAsScheduled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		a := loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(10, second), Scenario: fixed(t), Doer: answerAfter(3 * second), MaxInFlight: 4,
			Metrics: loadgen.NewMetrics(reg, patience(), nil),
		})
		samples := a.Attack(t.Context())
		time.Sleep(2 * second)
		expectMetrics(t, reg, `
			# HELP brownout_load_scheduled_total Requests that came due; of several agents, once they have ended.
			# TYPE brownout_load_scheduled_total counter
			brownout_load_scheduled_total{route="(other)"} 10
			`, "brownout_load_scheduled_total")
		for range samples {
		}
		expectMetrics(t, reg, `
			# HELP brownout_load_samples_total Attempts that ended, by outcome: good, late for the client's patience, refused, or failed, which is without an answer, too, and never sent.
			# TYPE brownout_load_samples_total counter
			brownout_load_samples_total{outcome="failed",route="(other)"} 6
			brownout_load_samples_total{outcome="good",route="(other)"} 0
			brownout_load_samples_total{outcome="late",route="(other)"} 4
			brownout_load_samples_total{outcome="refused",route="(other)"} 0
			`, "brownout_load_samples_total")
	})
}

// Each attempt is a sample, and all of them are one request.
func TestMetricsCountAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		a := loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(1, second), Scenario: fixed(t), Retry: loadgen.Retry{Attempts: 3, Backoff: time.Millisecond},
			Doer:    script(reply{503, 0}, reply{503, 0}, reply{200, 0}),
			Metrics: loadgen.NewMetrics(reg, patience(), nil),
		})
		attack(t.Context(), a)
		for name, want := range map[string]float64{"brownout_load_samples_total": 3, "brownout_load_scheduled_total": 1} {
			if got := sumOf(t, reg, name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
	})
}

func sumOf(t *testing.T, g prometheus.Gatherer, name string) (sum float64) {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// What two processes tell is shown as one would have shown it.
func TestMetricsAddUpPulses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alone, together := prometheus.NewRegistry(), prometheus.NewRegistry()
		metrics, merged := loadgen.NewMetrics(alone, patience(), []string{"shop.test"}), loadgen.NewMetrics(together, patience(), []string{"shop.test"})
		for range 2 {
			pulses := loadgen.NewPulses(patience(), func(encoded func() loadgen.Pulse) bool { return merged.Merge(encoded()) == nil })
			run := loadgen.Run{Progress: pulses, Engine: loadgen.NewAttacker(loadgen.AttackerConfig{
				Pacer: loadgen.Constant(1, 8*second), Scenario: pausing{fixed(t), 3, 1500 * time.Millisecond}, Retry: loadgen.Retry{Attempts: 2, Backoff: time.Millisecond},
				Doer:    inTurn(reply{200, second / 3}, reply{201, second * 4 / 3}, reply{404, 0}, reply{503, 0}, reply{500, 0}, reply{0, 0}),
				Metrics: metrics, Timeout: 4400 * time.Millisecond, // no bound of a bucket, as to 3 digits it is on either side
			})}
			if _, err := run.Do(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := merged.Merge(pulses.Rest()); err != nil {
				t.Error(err)
			}
		}
		got, want := shown(t, together), shown(t, alone)
		if got != want || !strings.Contains(want, "brownout_load_late_starts_total 2\n") {
			t.Errorf("%s\nwant %s", got, want)
		}
	})
}

// inTurn is a server of some answers, of which the first follows the last.
func inTurn(answers ...reply) doer {
	var count atomic.Int64
	return func(request *fasthttp.Request, answer *fasthttp.Response, deadline time.Time) error {
		return script(answers[int(count.Add(1)-1)%len(answers)])(request, answer, deadline)
	}
}

// shown are all metrics of a registry, without the sums of histograms, which are not exact, and those of
// native ones.
func shown(t *testing.T, g prometheus.Gatherer) string {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if h := m.GetHistogram(); h != nil {
				*h = dto.Histogram{SampleCount: h.SampleCount, Bucket: h.Bucket}
			}
		}
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// A generator that stalls says so.
func TestLateStartsAreCounted(t *testing.T) {
	for _, tt := range []struct {
		pause time.Duration
		late  float64
	}{{10 * time.Millisecond, 0}, {11 * time.Millisecond, 1}, {250 * time.Millisecond, 3}} {
		synctest.Test(t, func(t *testing.T) {
			reg := prometheus.NewRegistry()
			attack(t.Context(), loadgen.NewAttacker(loadgen.AttackerConfig{
				Pacer: loadgen.Constant(10, second), Doer: answerAfter(0),
				// The fourth is looked for when the third was due.
				Scenario: pausing{fixed(t), 3, 100*time.Millisecond + tt.pause},
				Metrics:  loadgen.NewMetrics(reg, patience(), nil),
			}))
			if got := sumOf(t, reg, "brownout_load_late_starts_total"); got != tt.late {
				t.Errorf("a pause of %v: %v late starts, want %v", tt.pause, got, tt.late)
			}
		})
	}
}

func TestUsualPatienceIsOfEveryRoute(t *testing.T) {
	p := loadgen.UsualPatience()
	for route := range p.Routes {
		if !strings.Contains(fmt.Sprint(loadgen.Routes()), route) {
			t.Errorf("%s is no route", route)
		}
	}
	if p.Of(loadgen.RouteBrowse) >= p.Of(loadgen.RouteCheckout) || p.Default <= 0 {
		t.Errorf("who looks waits %v, who buys %v", p.Of(loadgen.RouteBrowse), p.Of(loadgen.RouteCheckout))
	}
}

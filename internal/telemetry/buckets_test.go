package telemetry_test

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"brownout/internal/telemetry"
)

// histogramOf returns the only histogram of a name.
func histogramOf(t *testing.T, g prometheus.Gatherer, name string) *dto.Histogram {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetHistogram()
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

func TestDurationsAreNativeWithClassicBucketsBeside(t *testing.T) {
	reg := prometheus.NewRegistry()
	requests := telemetry.NewHTTPMetrics(reg, nil)
	calls, jobs, turns := telemetry.NewClientMetrics(reg), telemetry.NewPoolMetrics(reg), telemetry.NewLoopMetrics(reg)
	for _, d := range []time.Duration{ms, 2 * ms, time.Minute} {
		requests.Observe("a", 200, d)
		calls.Observe("a", "b", 1, "ok", d)
		jobs.JobDone("a", d, d)
		turns.LoopDelay(d)
	}
	for _, name := range []string{
		"brownout_http_request_duration_seconds", "brownout_client_attempt_duration_seconds",
		"pool_wait_seconds", "pool_run_seconds", "eventloop_delay_seconds",
	} {
		h := histogramOf(t, reg, name)
		if h.GetSchema() != 3 || len(h.GetPositiveSpan()) != 3 {
			t.Errorf("%s: schema %d, %d spans, want 8 buckets to each factor of 2, three of them in use", name, h.GetSchema(), len(h.GetPositiveSpan()))
		}
		if n := len(h.GetBucket()); n != 18 || h.GetBucket()[n-1].GetCumulativeCount() != 2 || h.GetSampleCount() != 3 {
			t.Errorf("%s: classic buckets %v", name, h.GetBucket())
		}
	}
}

// What is too short or too long for a bucket of its own is counted all the same.
func TestNativeBucketsAreBounded(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := telemetry.NewLoopMetrics(reg)
	const observed = 401
	m.LoopDelay(-time.Second)
	d := 1.0 // ns
	for range observed - 1 {
		m.LoopDelay(time.Duration(d))
		d *= 1.1
	}
	h := histogramOf(t, reg, "eventloop_delay_seconds")
	if n := len(h.GetPositiveDelta()); n < 250 || n > 256 {
		t.Errorf("%d buckets are shown", n)
	}
	if h.GetSampleCount() != observed || h.GetSampleSum() < 1e7 {
		t.Errorf("%d delays of %v s are left", h.GetSampleCount(), h.GetSampleSum())
	}
}

// A histogram counts as one of client_golang's does.
func TestHistogramIsThatOfClientGolang(t *testing.T) {
	bounds := telemetry.Growing(ms, 2, 14)
	inSeconds := make([]float64, len(bounds))
	for i, b := range bounds {
		inSeconds[i] = b.Seconds()
	}
	rapid.Check(t, func(t *rapid.T) {
		ours := telemetry.NewHistograms(nil, "a", "b", bounds).Of()
		theirs := prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "a", Help: "b", Buckets: inSeconds, NativeHistogramBucketFactor: 1.1, NativeHistogramZeroThreshold: 1.0 / (1 << 20),
		})
		edge := rapid.SampledFrom(append(bounds, 0, time.Microsecond, time.Second/8, time.Hour))
		anything := rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "ns"))
		})
		for _, d := range rapid.SliceOfN(rapid.OneOf(edge, anything), 1, 100).Draw(t, "durations") {
			times := rapid.IntRange(1, 3).Draw(t, "times")
			ours.ObserveMany(d, int64(times-1))
			ours.Observe(d)
			for range times {
				theirs.Observe(d.Seconds())
			}
		}
		a, b := shown(t, ours), shown(t, theirs)
		if math.Abs(a.GetSampleSum()-b.GetSampleSum()) > 1e-6 {
			t.Errorf("the sum is %v, want %v", a.GetSampleSum(), b.GetSampleSum())
		}
		for _, h := range []*dto.Histogram{a, b} {
			h.SampleSum, h.CreatedTimestamp = nil, nil
		}
		if !proto.Equal(a, b) {
			t.Errorf("got  %v\nwant %v", a, b)
		}
	})
}

func shown(t *rapid.T, m prometheus.Metric) *dto.Histogram {
	var to dto.Metric
	if err := m.Write(&to); err != nil {
		t.Fatal(err)
	}
	return to.GetHistogram()
}

// Whoever asks for too few labels has made a mistake.
func TestHistogramsOfTheWrongLabels(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it is made")
		}
	}()
	telemetry.NewHistograms(nil, "a", "b", nil, "route").Of()
}

// Whoever sees how long requests took finds one that took so long.
func TestKeptTracesAreExamples(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := telemetry.NewHTTPMetrics(reg, nil)
	tr, _ := tracing(t, telemetry.TracingConfig{})
	for _, c := range []struct {
		header string
		status int
		kept   bool
	}{{unsampled, 200, false}, {unsampled, 503, true}, {sampled, 200, true}} {
		x := tr.Start(c.header, "a", at(0))
		if kept := x.End(at(ms), c.status, nil); kept != c.kept {
			t.Errorf("%d of %s: kept %v, want %v", c.status, c.header, kept, c.kept)
		}
		if x.End(at(ms), c.status, nil) {
			t.Error("a trace was kept twice")
		}
	}
	x := tr.Start(sampled, "a", at(0))
	m.Observe("a", 200, 100*ms)
	m.ObserveTraced("a", 200, 15*ms, x)
	h := histogramOf(t, reg, "brownout_http_request_duration_seconds")
	for _, b := range h.GetBucket() {
		example := b.GetExemplar()
		if (example != nil) != (b.GetUpperBound() == .02) {
			t.Errorf("the bucket up to %v has the example %v", b.GetUpperBound(), example)
		}
		if example != nil && (len(example.GetLabel()) != 1 || example.GetLabel()[0].GetName() != "trace_id" || example.GetLabel()[0].GetValue() != callersTrace || example.GetValue() != .015) {
			t.Errorf("the example is %v", example)
		}
	}
	if h.GetSampleCount() != 2 || len(h.GetExemplars()) != 1 {
		t.Errorf("%d requests, %d examples of the native histogram", h.GetSampleCount(), len(h.GetExemplars()))
	}
	expect(t, reg, "brownout_http_requests_total{route=other,status=200}", 2)
}

// A trace that nobody takes is none to look for.
func TestTracesThatGoNowhereAreNotKept(t *testing.T) {
	tr, err := telemetry.NewTracing(telemetry.TracingConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if tr.Start(sampled, "a", at(0)).End(at(time.Hour), 500, nil) {
		t.Error("a trace was kept, and there is no place for it")
	}
	if (*telemetry.Trace)(nil).End(at(0), 500, nil) {
		t.Error("no trace was kept")
	}
}

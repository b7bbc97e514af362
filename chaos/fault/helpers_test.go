package fault_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/chaos/fault"
	"brownout/internal/shop"
)

// A text is a buffer that any goroutine may write to.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// started is a kind that does nothing but give its injections away.
func started(to *[]*fault.Injection) fault.Kind {
	return fault.Kind{
		Name: "test.fault", Summary: "Breaks nothing.",
		Params: []fault.Param{
			{Name: "for", Help: "h", Type: fault.Duration, Default: "1s", Min: "10ms", Max: "1m"},
			{Name: "jobs", Help: "h", Type: fault.Int, Default: "4", Min: "1", Max: "8"},
			{Name: "size", Help: "h", Type: fault.Bytes, Default: "1MiB", Max: "1GB"},
			{Name: "share", Help: "h", Type: fault.Ratio, Default: "0.5", Max: "1"},
			{Name: "how", Help: "h", Type: fault.Choice, Default: "slept", Choices: []string{"slept", "burned"}},
			{Name: "route", Help: "h", Type: fault.Text},
		},
		Start: func(i *fault.Injection) error { *to = append(*to, i); return nil },
	}
}

// An injected is an injector with what it tells.
type injected struct {
	*fault.Injector
	t        testing.TB
	log      text
	registry *prometheus.Registry
}

// injector makes an injector of kinds.
func injector(t testing.TB, kinds ...fault.Kind) *injected {
	in := &injected{t: t, registry: prometheus.NewRegistry()}
	in.Injector = fault.New(fault.Config{Kinds: kinds, Metrics: in.registry, Log: slog.New(slog.NewTextHandler(&in.log, nil))})
	return in
}

// inject begins a fault with parameters as in "for=1s jobs=3", for a minute unless the spec
// says otherwise.
func (in *injected) inject(name, params string, s fault.Spec) fault.Status {
	in.t.Helper()
	s.Fault, s.Params = name, paramsOf(params)
	if s.TTL == 0 {
		s.TTL = time.Minute
	}
	status, err := in.Inject(s)
	if err != nil {
		in.t.Fatalf("%s %s: %v", name, params, err)
	}
	return status
}

func paramsOf(text string) map[string]string {
	params := map[string]string{}
	for pair := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(pair, "=")
		params[name] = value
	}
	return params
}

// metric returns a sample of a kind.
func (in *injected) metric(name, kind string) float64 {
	in.t.Helper()
	families, err := in.registry.Gather()
	if err != nil {
		in.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && m.GetLabel()[0].GetValue() == kind {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	in.t.Errorf("no metric %s of %s", name, kind)
	return 0
}

// hits returns how often injections of a kind have hit.
func (in *injected) hits(kind string) int { return int(in.metric("chaos_fault_hits_total", kind)) }

// refusal checks that an error is one of a code at a place.
func refusal(t testing.TB, name string, err error, code shop.Code, pointer string) {
	t.Helper()
	e, _ := err.(*shop.Error)
	if e == nil || e.Code != code || e.Pointer != pointer {
		t.Errorf("%s: %v, want %s at %q", name, err, code, pointer)
	}
}

// virtually runs a test in virtual time.
func virtually(t *testing.T, fn func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, fn)
}

package resilience_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/resilience"
)

func TestNames(t *testing.T) {
	names := resilience.Names()
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names are not sorted and different: %v", names)
	}
	for _, n := range names {
		if help := n.Help(); !strings.HasSuffix(help, ".") || strings.Count(help, ".") != 1 {
			t.Errorf("%s: the help is not one sentence: %q", n, help)
		}
	}
	if help := resilience.Name("none").Help(); help != "" {
		t.Errorf("an unknown name has help: %q", help)
	}
}

func TestAllStartOnButTheLearningLimit(t *testing.T) {
	r := newMeasured()
	for _, n := range resilience.Names() {
		want := 1.0
		if n == resilience.AdaptiveLimit {
			want = 0
		}
		if on := r.Switch(n).On(); on != (want == 1) {
			t.Errorf("%s starts on: %v", n, on)
		}
		r.check(t, "enabled{"+string(n)+"}", want)
	}
}

func TestSet(t *testing.T) {
	r := newMeasured()
	if err := r.Set(map[resilience.Name]bool{resilience.Breaker: false, resilience.Stale: false, resilience.Jitter: true}); err != nil {
		t.Fatal(err)
	}
	off := []resilience.Name{resilience.Breaker, resilience.Stale, resilience.AdaptiveLimit}
	for _, s := range r.States() {
		if s.On == slices.Contains(off, s.Name) || s.On != r.Switch(s.Name).On() || s.Help != s.Name.Help() {
			t.Errorf("wrong state: %+v", s)
		}
	}
	r.check(t, "enabled{breaker}", 0)
	r.check(t, "enabled{jitter}", 1)
	set(t, r.Registry, resilience.Breaker, true)
	r.check(t, "enabled{breaker}", 1)
}

func TestSetIsAllOrNothing(t *testing.T) {
	r := resilience.NewRegistry(nil)
	for _, c := range []struct{ name, want string }{
		{"shield", `unknown protection "shield"`},
		{"", `unknown protection ""`},
		{"\x00", `unknown protection "\x00"`},
		{strings.Repeat("x", 65), `unknown protection "` + strings.Repeat("x", 64) + `…"`},
	} {
		err := r.Set(map[resilience.Name]bool{resilience.Breaker: false, resilience.Name(c.name): true})
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: got %v, want %s", c.name, err, c.want)
		}
		if !r.Switch(resilience.Breaker).On() {
			t.Errorf("%q: the other name was set", c.name)
		}
	}
}

func TestSwitchUnknown(t *testing.T) {
	r := resilience.NewRegistry(nil)
	if reason := panics(func() { r.Switch("shield") }); reason != `resilience: no protection "shield"` {
		t.Errorf("panics with %v", reason)
	}
}

func TestOnChange(t *testing.T) {
	r := resilience.NewRegistry(nil)
	var told []bool
	r.Switch(resilience.Jitter).OnChange(func(on bool) { told = append(told, on) })
	for _, on := range []bool{true, false, false, true} {
		set(t, r, resilience.Jitter, on)
	}
	set(t, r, resilience.Stale, false)
	if want := []bool{true, false, true}; !reflect.DeepEqual(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// What listens is told in one order by whoever sets, so the last word is the state.
func TestOnChangeOfManySetters(t *testing.T) {
	r := resilience.NewRegistry(nil)
	s := r.Switch(resilience.Jitter)
	last := false
	s.OnChange(func(on bool) { last = on })
	var setters sync.WaitGroup
	for i := range 8 {
		setters.Go(func() {
			for j := range 100 {
				set(t, r, resilience.Jitter, (i+j)%2 == 0)
			}
		})
	}
	setters.Wait()
	if last != s.On() {
		t.Errorf("told %v last, but it is %v", last, s.On())
	}
}

func TestDetails(t *testing.T) {
	r := resilience.NewRegistry(nil)
	resilience.NewBreaker(r, "bank-b", resilience.BreakerConfig{})
	resilience.NewBreaker(r, "bank-a", resilience.BreakerConfig{})
	resilience.NewBreaker(r, "bank-a", resilience.BreakerConfig{})
	for _, s := range r.States() {
		var want []string
		if s.Name == resilience.Breaker {
			want = []string{"bank-a: closed", "bank-b: closed"}
		}
		if !slices.Equal(s.Details, want) {
			t.Errorf("%s: details %q, want %q", s.Name, s.Details, want)
		}
	}
}

func TestSameTargetTwice(t *testing.T) {
	r := newMeasured()
	for range 2 {
		if err := resilience.NewQueueBound(r.Registry, "requests", 1).Admit(1); err != nil {
			t.Error(err)
		}
	}
	r.check(t, "admissions_total{queue-bound,requests}", 2)
}

func TestTargetsAreBounded(t *testing.T) {
	r := newMeasured()
	for i := range 70 {
		q := resilience.NewQueueBound(r.Registry, fmt.Sprint("q", i), 1)
		checkRejected(t, q.Admit(2), fmt.Sprintf("queue-bound: q%d: full", i))
	}
	r.check(t, "rejections_total{queue-bound,full,q63}", 1)
	r.check(t, "rejections_total{queue-bound,full,q64}", 0)
	r.check(t, "rejections_total{queue-bound,full,(other)}", 6)
}

func TestTwoRegistriesOfOneProcess(t *testing.T) {
	metrics := prometheus.NewRegistry()
	for _, service := range []string{"gateway", "payments"} {
		resilience.NewRegistry(prometheus.WrapRegistererWith(prometheus.Labels{"service": service}, metrics))
	}
	if reason := panics(func() {
		resilience.NewRegistry(prometheus.WrapRegistererWith(prometheus.Labels{"service": "payments"}, metrics))
	}); reason == nil {
		t.Error("a third with the labels of the second does not panic")
	}
}

func TestDecisionsDoNotAllocate(t *testing.T) {
	r := resilience.NewRegistry(nil)
	queue := resilience.NewQueueBound(r, "requests", 10)
	gate := resilience.NewPriority(r, "requests", 10)
	limit := resilience.NewRateLimit(r, resilience.RateConfig{Burst: 1_000_000})
	gateSwitch := r.Switch(resilience.Jitter)
	stale := resilience.NewStale(r, "catalogue")
	deadline := resilience.NewDeadline(r, resilience.DeadlineConfig{})
	for name, decide := range map[string]func(){
		"Switch.On":                    func() { gateSwitch.On() },
		"QueueLimit.Admit":             func() { queue.Admit(1) },
		"QueueLimit.Admit, refused":    func() { queue.Admit(11) },
		"PriorityGate.Admit":           func() { gate.Admit(resilience.Batch, 1) },
		"PriorityGate.Admit, refused":  func() { gate.Admit(resilience.Batch, 11) },
		"Limiter.Allow":                func() { limit.Allow("customer") },
		"StaleGate.Allow":              func() { stale.Allow() },
		"Deadliner.Budget":             func() { deadline.Budget("1500", 0) },
		"Deadliner.Budget, from route": func() { deadline.Budget("", 1) },
	} {
		if n := testing.AllocsPerRun(100, decide); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

package resilience_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

// onLoop runs main as a task of a loop in a bubble of virtual time, until the loop is
// idle. The bubble fails the test if a goroutine is left over.
func onLoop(t *testing.T, main func(t *loop.Task)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if err := runTask(main); err != nil {
			t.Error(err)
		}
	})
}

// checkInBubble checks a property in a bubble of virtual time. The property may draw and
// fail there, but not in a task: a task of runTask leaves its findings to it.
func checkInBubble(t *testing.T, property func(r *rapid.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ rapid.TB }{t}, property) // so that it does not ask t for its deadline, which is of real time
	})
}

// runTask runs main as a task of a loop of its own until that is idle.
func runTask(main func(t *loop.Task)) error {
	l := loop.New(loop.Config{ExitWhenIdle: true})
	return l.Run(func() { l.Spawn(context.Background(), "main", main) })
}

// spawn starts a task with the context of another.
func spawn(t *loop.Task, fn func(t *loop.Task)) *loop.Task {
	return t.Loop().Spawn(t.Context(), "spawned", fn)
}

// set turns one protection.
func set(t interface{ Fatal(...any) }, r *resilience.Registry, n resilience.Name, on bool) {
	if err := r.Set(map[resilience.Name]bool{n: on}); err != nil {
		t.Fatal(err)
	}
}

// random is a source of chance that is the same each time.
func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// measured is a registry and what its metrics say.
type measured struct {
	*resilience.Registry
	metrics *prometheus.Registry
}

func newMeasured() measured {
	metrics := prometheus.NewRegistry()
	return measured{resilience.NewRegistry(metrics), metrics}
}

// metric returns the value of a series, as in "breaker_state{breaker,bank-a}": its label values
// are in the order of their names. Of one that is not there, it is 0.
func (m measured) metric(t testing.TB, series string) float64 {
	t.Helper()
	families, err := m.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, s := range f.GetMetric() {
			var labels []string
			for _, l := range s.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			name := strings.TrimPrefix(f.GetName(), "brownout_protection_") + "{" + strings.Join(labels, ",") + "}"
			if name == series {
				return s.GetCounter().GetValue() + s.GetGauge().GetValue()
			}
		}
	}
	return 0
}

func (m measured) check(t testing.TB, series string, want float64) {
	t.Helper()
	if got := m.metric(t, series); got != want {
		t.Errorf("%s is %v, want %v", series, got, want)
	}
}

// checkRejected checks that an error is a Rejection that reads so; "" means no error.
func checkRejected(t testing.TB, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("got %v, want no error", err)
		}
		return
	}
	if e, ok := errors.AsType[*resilience.Rejection](err); !ok || e.Error() != want {
		t.Errorf("got %v, want the rejection %s", err, want)
	}
}

// panics returns what fn panics with, nil if it does not.
func panics(fn func()) (reason any) {
	defer func() { reason = recover() }()
	fn()
	return nil
}

// errWork is what goes wrong.
var errWork = errors.New("the work went wrong")

// eventually is far longer than anything takes here.
const eventually = time.Hour

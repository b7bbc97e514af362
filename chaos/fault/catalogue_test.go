package fault_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/service"
)

// Every kind that a process can have is taken with its defaults, and leaves no goroutine
// when it is cleared; every other one is refused with the reason.
func TestTheCatalogueBeginsAndEnds(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	l, p, f := loop.New(loop.Config{Grace: -1}), pool.New(pool.Config{}), &fault.Filter{}
	routed(f, service.Simulate(l, service.SimulateConfig{}))
	in := injector(t, fault.Catalogue(fault.Host{Loop: l, Pool: p, Filter: f})...)
	ended := make(chan error, 1)
	go func() { ended <- l.Run(nil) }()
	for _, k := range in.Kinds() {
		spec := fault.Spec{Fault: k.Name, TTL: time.Minute}
		if k.Missing != "" {
			if _, err := in.Inject(spec); err == nil || !strings.Contains(err.Error(), k.Missing) {
				t.Errorf("%s: %v", k.Name, err)
			}
			continue
		}
		if _, err := in.Inject(spec); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
		in.ClearAll()
	}
	for _, k := range in.Kinds() {
		if k.Missing == "" && k.Name != "fd.exhaust" { // all at once, while the process has descriptors
			in.inject(k.Name, "", fault.Spec{})
		}
	}
	in.ClearAll()
	l.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	p.Close()
	until(func() bool { return runtime.NumGoroutine() <= goroutines })
}

func TestTheCatalogueIsTheSameEverywhere(t *testing.T) {
	names := func(h fault.Host) (all []string) {
		for _, k := range fault.Catalogue(h) {
			all = append(all, k.Name)
		}
		return all
	}
	none := names(fault.Host{})
	if full := names(fault.Host{Loop: loop.New(loop.Config{}), Filter: &fault.Filter{}}); !slices.Equal(none, full) || !slices.IsSorted(none) {
		t.Errorf("%v, and %v", none, full)
	}
	for _, want := range strings.Fields(`loop.block loop.tick-storm loop.promise-storm loop.timer-storm pool.hog pool.nest
		http.latency http.error http.hang heap.leak heap.churn goroutine.leak cpu.burn fd.exhaust proc.kill proc.pause
		redis.flush redis.down msg.poison bank.slow bank.error bank.lost-reply cache.flush cache.expire capacity.cut
		load.spike client.retry client.slow-reader`) {
		if !slices.Contains(none, want) {
			t.Errorf("there is no %s", want)
		}
	}
}

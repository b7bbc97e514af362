package fault_test

import (
	"testing"
	"time"

	"brownout/chaos/fault"
)

func TestLatencyIsAdded(t *testing.T) {
	atFront(t, func(f *front) {
		f.begins("http.latency", "route=ping latency=700ms", fault.Spec{})
		f.expect("slow", "/v1/ping", 200, 700*time.Millisecond)
		f.expect("as fast as ever", "/v1/other", 200, 0)
		if n := f.hits("http.latency"); n != 1 {
			t.Errorf("%d hits", n)
		}
		f.ClearAll()
		f.begins("http.latency", "latency=1m", fault.Spec{})
		f.expect("its deadline holds", "/v1/other", 504, time.Second)
		time.AfterFunc(300*time.Millisecond, f.ClearAll)
		f.expect("interrupted", "/v1/other", 200, 300*time.Millisecond)
		f.begins("http.latency", "latency=0s", fault.Spec{})
		f.expect("none", "/v1/other", 200, 0)
	})
}

func TestLatencyJitters(t *testing.T) {
	atFront(t, func(f *front) {
		f.begins("http.latency", "latency=100ms jitter=50ms", fault.Spec{Seed: 1})
		least, most := time.Hour, time.Duration(0)
		for range 200 {
			_, took := f.ask("/v1/ping")
			least, most = min(least, took), max(most, took)
		}
		if least < 50*time.Millisecond || most > 150*time.Millisecond || most-least < 80*time.Millisecond {
			t.Errorf("from %v to %v", least, most)
		}
	})
}

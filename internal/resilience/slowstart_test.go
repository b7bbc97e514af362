package resilience_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/resilience"
)

// A herd calls a downstream 300 times a second, and whoever was refused comes back every
// half a second, all of them on the beat.
type herd struct {
	downstream *resilience.Downstream
	waiting    int
	tenths     []int // the calls that got through, by 100 ms
}

// graze lets time pass in which all calls end so.
func (h *herd) graze(lasts time.Duration, end error) {
	const step = 10 * time.Millisecond
	for at := time.Duration(0); at < lasts; at += step {
		come := 3
		if at%(500*time.Millisecond) == 0 {
			come, h.waiting = come+h.waiting, 0
		}
		if at%(100*time.Millisecond) == 0 {
			h.tenths = append(h.tenths, 0)
		}
		for range come {
			if pass(h.downstream, resilience.End{Err: end}) != nil || end != nil {
				h.waiting++
			} else {
				h.tenths[len(h.tenths)-1]++
			}
		}
		time.Sleep(step)
	}
}

// peak is the most of the tenths that got through, over what is usual.
func (h *herd) peak() float64 {
	const usual = 30
	most := 0
	for _, n := range h.tenths {
		most = max(most, n)
	}
	return float64(most) / usual
}

// After an outage of 5 s, 1500 come back at once: the drill herd.
func TestHerd(t *testing.T) {
	for _, on := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r := newMeasured()
			d := resilience.NewDownstream(r.Registry, "bank-a", resilience.DownstreamConfig{})
			set(t, r.Registry, resilience.SlowStart, on)
			h := &herd{downstream: d}
			h.graze(20*time.Second, nil)
			r.check(t, "rejections_total{slow-start,early,bank-a}", 0)
			h.graze(5*time.Second, errAway)
			h.tenths = nil
			h.graze(9*time.Second, nil)
			if got := h.peak(); on && got > 2 || !on && got < 10 {
				t.Errorf("with slow-start %v, the peak is %.1f times what is usual: %v", on, got, h.tenths)
			}
			if refused := r.metric(t, "rejections_total{slow-start,early,bank-a}"); on != (refused > 0) {
				t.Errorf("with slow-start %v, %v calls are too early", on, refused)
			}
		})
	}
}

// Without a herd, all calls get through again soon.
func TestRampEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newMeasured()
		d := resilience.NewDownstream(r.Registry, "bank-a", resilience.DownstreamConfig{})
		traffic(d, 10*time.Second, well)
		traffic(d, 5*time.Second, always(errAway))
		if refused := traffic(d, 3*time.Second, well); refused < 50 || refused > 200 {
			t.Errorf("in the first 3 s, %d of 300 calls are refused", refused)
		}
		if rate := r.metric(t, "slow_start_calls_per_second{bank-a}"); rate <= 0 || rate > 150 {
			t.Errorf("while it climbs, %v calls a second pass, want more than none, and 150 at most", rate)
		}
		if refused := traffic(d, time.Minute, well); refused != 0 {
			t.Errorf("after 3 s, %d calls are refused", refused)
		}
		r.check(t, "slow_start_calls_per_second{bank-a}", 0)
	})
}

// The rate climbs from a fifth of what is usual to one and a half times that.
func TestRamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := resilience.NewSlowStart(resilience.NewRegistry(nil), "bank-a", resilience.RampConfig{})
		calls := func(lasts time.Duration) (passed int) {
			for at := time.Duration(0); at < lasts; at += time.Millisecond {
				if a.Admit(true) == nil {
					passed++
				}
				time.Sleep(time.Millisecond)
			}
			return passed
		}
		for range 5000 { // 100 a second are usual
			time.Sleep(10 * time.Millisecond)
			_ = a.Admit(true)
		}
		a.Begin()
		for i, want := range []int{42, 85, 128, 150, 150, 150, 150, 150, 150, 150, 1000} { // it ends after 10 s, if all the same too many call
			if got := calls(time.Second); got < want-4 || got > want+4 {
				t.Errorf("in second %d, %d of 1000 calls pass, want about %d", i+1, got, want)
			}
		}
	})
}

// Where nobody knows what is usual, as after a start while the downstream was away, nobody
// is kept out.
func TestNoRampWithoutAUsualRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newMeasured()
		d := resilience.NewDownstream(r.Registry, "bank-a", resilience.DownstreamConfig{})
		traffic(d, 5*time.Second, always(errAway))
		time.Sleep(time.Second) // the breaker lets a probe through
		if refused := traffic(d, 10*time.Second, well); refused != 0 {
			t.Errorf("%d of 1000 calls are refused", refused)
		}
		traffic(d, 5*time.Second, always(errAway)) // and what is usual was learnt meanwhile
		time.Sleep(time.Second)
		if refused := traffic(d, 3*time.Second, well); refused < 50 {
			t.Errorf("after a second outage, %d of 300 calls are refused", refused)
		}
	})
}

// Who was refused and has come back since is not waited for any more.
func TestRampForgetsWhoCameBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := resilience.NewSlowStart(resilience.NewRegistry(nil), "bank-a", resilience.RampConfig{})
		for range 1000 { // 100 a second are usual
			time.Sleep(10 * time.Millisecond)
			_ = a.Admit(true)
		}
		a.Begin()
		_ = a.Admit(true) // takes what there is at first
		refusal := func() time.Duration {
			e, ok := errors.AsType[*resilience.Rejection](a.Admit(true))
			if !ok {
				t.Fatal("a call passes without a token")
			}
			return e.RetryAfter
		}
		for range 49 {
			refusal()
		}
		if first := refusal(); first != 50*time.Second/20 {
			t.Errorf("the fiftieth, at 20 a second, is told to come in %v", first)
		}
		for range 50 {
			time.Sleep(50 * time.Millisecond)
			if err := a.Admit(true); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = a.Admit(true), a.Admit(true) // what the bucket holds
		if later := refusal(); later > 50*time.Millisecond {
			t.Errorf("when they are back, one is told to come in %v", later)
		}
	})
}

// A store has no slow-start, and its metrics promise none.
func TestUnrampedDownstream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newMeasured()
		d := resilience.NewDownstream(r.Registry, "redis", resilience.DownstreamConfig{Unramped: true})
		traffic(d, 10*time.Second, well)
		traffic(d, 5*time.Second, always(errAway))
		time.Sleep(time.Second)
		if refused := traffic(d, 3*time.Second, well); refused != 0 {
			t.Errorf("%d calls are refused", refused)
		}
		families, err := r.metrics.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, s := range f.GetMetric() {
				if labels := fmt.Sprint(s.GetLabel()); strings.Contains(labels, `"slow-start"`) && strings.Contains(labels, `"redis"`) {
					t.Errorf("there is a %s of %s", f.GetName(), labels)
				}
			}
		}
	})
}

// To refuse the end of what has begun would undo it.
func TestWhatEndsWorkIsNotTooEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newMeasured()
		d := resilience.NewDownstream(r.Registry, "bank-a", resilience.DownstreamConfig{})
		traffic(d, 5*time.Second, well)
		traffic(d, 5*time.Second, always(errAway))
		time.Sleep(2 * time.Second)
		if err := pass(d, resilience.End{}); err != nil { // the probe, which closes the breaker
			t.Fatal(err)
		}
		refused := 0
		for range 100 {
			if pass(d, resilience.End{}) != nil {
				refused++
			}
			p, err := d.Enter(false)
			if err != nil {
				t.Fatal(err)
			}
			p.End(resilience.End{})
		}
		if refused < 50 {
			t.Errorf("%d of 100 new calls are too early", refused)
		}
	})
}

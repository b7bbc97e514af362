package resilience_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

func TestWhatIsSlow(t *testing.T) {
	const fast, slow = 500 * time.Millisecond, 501 * time.Millisecond
	for _, c := range []struct {
		name string
		end  resilience.End
		want string // after 10 calls that end so
	}{
		{"quick", resilience.End{Took: fast}, "closed"},
		{"slow, and good all the same", resilience.End{Took: slow}, "open"},
		{"slow and bad", resilience.End{Took: slow, Err: errWork}, "open"},
		{"left when it was slow already", resilience.End{Took: slow, Err: context.Canceled}, "open"},
		{"quick and bad", resilience.End{Took: fast, Err: errWork}, "closed"},
		{"left in time", resilience.End{Took: fast, Err: context.Canceled}, "closed"},
		{"never sent", resilience.End{Took: -1, Err: loop.ErrFull}, "closed"},
		{"too late to be sent", resilience.End{Took: -1, Err: context.DeadlineExceeded}, "closed"},
	} {
		b := resilience.NewSlowBreaker(resilience.NewRegistry(nil), "bank-a", resilience.SlowConfig{})
		for range 10 {
			done, err := b.Allow()
			checkRejected(t, err, "")
			done(b.Judge(c.end))
		}
		if got := b.State(); got != c.want {
			t.Errorf("%s: it is %s, want %s", c.name, got, c.want)
		}
	}
}

// A downstream that gets slow without failing is found out within one window of its
// first slow answer, and no other breaker sees anything: the drill slow-outage.
func TestSlowOutage(t *testing.T) {
	for _, on := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r := newMeasured()
			d := resilience.NewDownstream(r.Registry, "bank-a", resilience.DownstreamConfig{})
			set(t, r.Registry, resilience.SlowBreaker, on)
			calls := func(lasts, takes time.Duration) (refused int) {
				const gap = 10 * time.Millisecond
				for at := time.Duration(0); at < lasts; at += gap {
					if pass(d, resilience.End{Took: takes}) != nil {
						refused++
					}
					time.Sleep(gap)
				}
				return refused
			}
			if refused := calls(time.Minute, 20*time.Millisecond); refused != 0 {
				t.Errorf("%d quick calls are refused", refused)
			}
			passed := 1000 - calls(10*time.Second, 700*time.Millisecond)
			if on && passed > 300 || !on && passed != 1000 {
				t.Errorf("with the protection %v, %d of 1000 slow calls pass", on, passed)
			}
			if on {
				r.check(t, "breaker_state{slow-breaker,bank-a}", 2)
			}
			r.check(t, "breaker_state{breaker,bank-a}", 0)
			r.check(t, "breaker_state{ratio-breaker,bank-a}", 0)
			time.Sleep(time.Second + 1)
			checkRejected(t, pass(d, resilience.End{Took: time.Millisecond}), "")
			r.check(t, "breaker_state{slow-breaker,bank-a}", 0)
		})
	}
}

// What waited here until its time was over says nothing of the downstream, good or bad.
func TestWhatWasNeverSentHidesNoSlowness(t *testing.T) {
	b := resilience.NewSlowBreaker(resilience.NewRegistry(nil), "bank-a", resilience.SlowConfig{})
	for range 15 {
		done, _ := b.Allow()
		done(b.Judge(resilience.End{Took: -1, Err: context.DeadlineExceeded}))
	}
	for range 10 {
		done, _ := b.Allow()
		done(b.Judge(resilience.End{Took: time.Second}))
	}
	if b.State() != "open" {
		t.Errorf("it is %s", b.State())
	}
}

package resilience_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/resilience"
)

func TestQueueBound(t *testing.T) {
	r := newMeasured()
	q := resilience.NewQueueBound(r.Registry, "requests", 3)
	for depth, want := range []string{"", "", "", "", "queue-bound: requests: full", "queue-bound: requests: full"} {
		checkRejected(t, q.Admit(depth), want)
	}
	r.check(t, "admissions_total{queue-bound,requests}", 4)
	r.check(t, "rejections_total{queue-bound,full,requests}", 2)
	set(t, r.Registry, resilience.QueueBound, false)
	checkRejected(t, q.Admit(1_000_000), "")
	r.check(t, "admissions_total{queue-bound,requests}", 4)
}

func TestPriority(t *testing.T) {
	r := newMeasured()
	for _, c := range []struct {
		limit      int
		importance resilience.Importance
		most       int
		reason     string
	}{
		{10, resilience.Critical, 10, "critical"},
		{10, resilience.Normal, 8, "normal"},
		{10, resilience.Batch, 5, "batch"},
		{10, 77, 8, "normal"},
		{10, -1, 8, "normal"},
		{1, resilience.Batch, 1, "batch"},
		{0, resilience.Critical, 1, "critical"},
	} {
		p := resilience.NewPriority(r.Registry, "requests", c.limit)
		checkRejected(t, p.Admit(c.importance, c.most), "")
		checkRejected(t, p.Admit(c.importance, c.most+1), "priority: requests: "+c.reason)
	}
	r.check(t, "rejections_total{priority,normal,requests}", 3)
	set(t, r.Registry, resilience.QueueBound, false)
	checkRejected(t, resilience.NewPriority(r.Registry, "requests", 1).Admit(resilience.Critical, 100), "")
	set(t, r.Registry, resilience.QueueBound, true)
	set(t, r.Registry, resilience.Priority, false)
	checkRejected(t, resilience.NewPriority(r.Registry, "requests", 1).Admit(resilience.Batch, 100), "")
}

func TestImportance(t *testing.T) {
	var zero resilience.Importance
	if got := fmt.Sprint(zero, resilience.Critical, resilience.Batch, resilience.Importance(9)); got != "normal critical batch Importance(9)" {
		t.Error(got)
	}
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newMeasured()
		l := resilience.NewRateLimit(r.Registry, resilience.RateConfig{Rate: 4, Burst: 2})
		allow := func(key, want string) { t.Helper(); checkRejected(t, l.Allow(key), want) }
		allow("ada", "")
		allow("ada", "")
		allow("ada", "ratelimit: clients: too-fast")
		allow("bob", "")
		time.Sleep(150 * time.Millisecond)
		err := l.Allow("ada")
		if e, ok := errors.AsType[*resilience.Rejection](err); !ok || e.RetryAfter != 100*time.Millisecond {
			t.Errorf("150 ms into the 250 ms of a token: %+v", err)
		}
		time.Sleep(100 * time.Millisecond)
		allow("ada", "")
		allow("ada", "ratelimit: clients: too-fast")
		time.Sleep(eventually)
		allow("ada", "")
		allow("ada", "")
		allow("ada", "ratelimit: clients: too-fast")
		r.check(t, "rejections_total{ratelimit,too-fast,clients}", 4)
		set(t, r.Registry, resilience.RateLimit, false)
		allow("ada", "")
	})
}

func TestRateLimitForgetsTheLongestSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := resilience.NewRateLimit(resilience.NewRegistry(nil), resilience.RateConfig{Rate: 1, Burst: 1, Keys: 2})
		for i, c := range []struct{ key, want string }{
			{"ada", ""},
			{"bob", ""},
			{"ada", "ratelimit: clients: too-fast"}, // now bob was silent for longer
			{"eve", ""},
			{"ada", "ratelimit: clients: too-fast"},
			{"bob", ""}, // forgotten for eve
			{"eve", ""}, // forgotten for bob
			{"bob", "ratelimit: clients: too-fast"},
		} {
			if err := l.Allow(c.key); (err != nil) != (c.want != "") {
				t.Errorf("step %d, %s: %v, want %q", i, c.key, err, c.want)
			}
		}
	})
}

func TestTTL(t *testing.T) {
	r := resilience.NewRegistry(nil)
	ttl := resilience.NewTTL(r, random())
	lowest, highest := eventually, time.Duration(0)
	for range 1000 {
		d := ttl.Expiry(10 * time.Second)
		lowest, highest = min(lowest, d), max(highest, d)
	}
	if lowest < 8*time.Second || lowest > 8100*time.Millisecond || highest > 12*time.Second || highest < 11900*time.Millisecond {
		t.Errorf("lifetimes are from %v to %v, want all of 8 to 12 s", lowest, highest)
	}
	set(t, r, resilience.TTLJitter, false)
	if d := ttl.Expiry(10 * time.Second); d != 10*time.Second {
		t.Errorf("without jitter it is %v", d)
	}
}

func TestStale(t *testing.T) {
	r := newMeasured()
	s := resilience.NewStale(r.Registry, "catalogue")
	if !s.Allow() {
		t.Error("an old answer is not allowed")
	}
	set(t, r.Registry, resilience.Stale, false)
	if s.Allow() {
		t.Error("an old answer is allowed while the protection is off")
	}
	r.check(t, "admissions_total{stale,catalogue}", 1)
}

func TestFailover(t *testing.T) {
	r := newMeasured()
	f := resilience.NewFailover(r.Registry, "authorise")
	for _, c := range []struct{ n, on, off int }{{-1, 0, 0}, {0, 0, 0}, {1, 1, 1}, {3, 3, 1}} {
		set(t, r.Registry, resilience.Failover, true)
		on := f.Candidates(c.n)
		set(t, r.Registry, resilience.Failover, false)
		if off := f.Candidates(c.n); on != c.on || off != c.off {
			t.Errorf("of %d: %d on and %d off, want %d and %d", c.n, on, off, c.on, c.off)
		}
	}
	f.Used()
	r.check(t, "admissions_total{failover,authorise}", 1)
}

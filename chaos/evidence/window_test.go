package evidence_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brownout/chaos/evidence"
)

func TestQuantileIsWithinOnePercent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h evidence.Histogram
		d := time.Duration(rapid.Int64Range(int64(2*time.Microsecond), int64(time.Hour)).Draw(t, "latency"))
		h.Add(d)
		if off := math.Abs(float64(h.Quantile(0.5))/float64(d) - 1); off > 0.0101 {
			t.Fatalf("%v is told as %v", d, h.Quantile(0.5))
		}
	})
}

func TestQuantilesAreThoseOfAllThatWasMerged(t *testing.T) {
	var sum evidence.Histogram
	for i := 1; i <= 100; i++ {
		var h evidence.Histogram
		h.Add(time.Duration(i) * time.Millisecond)
		sum.Merge(h)
	}
	for _, tt := range []struct {
		q    float64
		want time.Duration
	}{{0, time.Millisecond}, {0.5, 50 * time.Millisecond}, {0.99, 99 * time.Millisecond}, {1, 100 * time.Millisecond}} {
		if got := sum.Quantile(tt.q); math.Abs(float64(got)/float64(tt.want)-1) > 0.0101 {
			t.Errorf("quantile %v: %v, want %v", tt.q, got, tt.want)
		}
	}
	if n := sum.Count(); n != 100 {
		t.Errorf("%d were counted", n)
	}
	if q := (evidence.Histogram{}).Quantile(0.5); q != 0 {
		t.Errorf("of nothing: %v", q)
	}
}

func TestDigestCountsByWhenRequestsWereDue(t *testing.T) {
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const ms = time.Millisecond
	patience := evidence.Patience{Default: 100 * ms, Routes: map[string]time.Duration{"checkout": time.Second}}
	d := evidence.NewDigest(began, patience)
	for _, s := range []struct {
		route   string
		due     time.Duration
		late    time.Duration // sent after it was due
		latency time.Duration
		outcome evidence.Outcome
		attempt int
	}{
		{"browse", -ms, 0, 10 * ms, evidence.Acknowledged, 0},
		{"browse", 0, 0, 100 * ms, evidence.Acknowledged, 0},
		{"browse", 0, 0, 101 * ms, evidence.Acknowledged, 0},
		{"checkout", 1500 * ms, 0, 999 * ms, evidence.Acknowledged, 0},
		{"browse", 2000 * ms, 5 * ms, 8 * ms, evidence.Refused, 1},
		{"browse", 2000 * ms, 20 * ms, 60 * ms, evidence.Unknown, 2},
		{"browse", 2000 * ms, 60 * ms, 99 * ms, evidence.Acknowledged, 3},
		{"browse", 2999 * ms, 0, 0, evidence.Unsent, 0},
	} {
		due := began.Add(s.due)
		d.Add(&evidence.Sample{Route: s.route, Intended: due, Sent: due.Add(s.late), Latency: s.latency, Outcome: s.outcome, Attempt: s.attempt})
	}
	w := d.Windows()
	if len(w) != 3 || w[2].Start != 2*time.Second {
		t.Fatalf("%d windows: %+v", len(w), w)
	}
	if b := w[0].Routes["browse"]; b.Scheduled != 3 || b.Good != 2 || b.Acknowledged != 3 {
		t.Errorf("the first second: %+v", b)
	}
	if c := w[1].Routes["checkout"]; c.Scheduled != 1 || c.Good != 1 || w[1].Routes["browse"] != nil {
		t.Errorf("the second second: %+v", c)
	}
	b := w[2].Routes["browse"]
	if b.Scheduled != 2 || b.Good != 1 || b.Attempts != 3 || b.Refused != 1 || b.Unknown != 1 || b.Unsent != 1 {
		t.Errorf("the third second: %+v", b)
	}
	if b.Latency.Count() != 2 || b.Refusal.Count() != 1 || b.Refusal.Quantile(1) > 4*ms {
		t.Errorf("its latencies: %+v, refusals %v", b.Latency, b.Refusal.Quantile(1))
	}
	sum := &evidence.Tally{}
	sum.Merge(b)
	sum.Merge(w[0].Routes["browse"])
	if sum.Scheduled != 5 || sum.Good != 3 || sum.Attempts != 6 || sum.Latency.Count() != 5 {
		t.Errorf("merged: %+v", sum)
	}
}

func TestDigestTellsTenantsApart(t *testing.T) {
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := evidence.NewDigest(began, evidence.Patience{Default: time.Minute, Routes: map[string]time.Duration{"checkout": time.Second}}, "t-1", "t-3")
	for _, s := range []struct {
		route, tenant string
		latency       time.Duration
	}{{"browse", "", 1}, {"browse", "t-1", 1}, {"checkout", "t-1", 1}, {"checkout", "t-1", 2 * time.Second}, {"checkout", "t-2", 1}, {"checkout", "t-3", 1}} {
		d.Add(&evidence.Sample{Route: s.route, Tenant: s.tenant, Intended: began, Sent: began, Latency: s.latency, Outcome: evidence.Acknowledged})
	}
	routes := d.Windows()[0].Routes
	for name, want := range map[string]int64{"browse": 1, "browse@t-1": 1, "checkout@t-1": 1, "checkout": 1, "checkout@t-3": 1} {
		if r := routes[name]; r == nil || r.Good != want {
			t.Errorf("%s: %+v, want %d good", name, r, want)
		}
	}
	if len(routes) != 5 || routes["checkout@t-1"].Scheduled != 2 {
		t.Errorf("%d routes: %v", len(routes), routes)
	}
}

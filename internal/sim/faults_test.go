package sim_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/internal/resilience"
	"brownout/internal/sim"
)

// faults returns the events of what goes wrong.
func faults() []sim.Event {
	return []sim.Event{
		sim.RequestLost, sim.RequestLate, sim.RequestTwice, sim.ReplyLost, sim.ReplyLate, sim.ConnectionRefused, sim.ConnectionReset,
		sim.StoreFailed, sim.StoreReplyLost, sim.Crash,
	}
}

// In a storm everything happens that can.
func TestFaultsBite(t *testing.T) {
	var lock sync.Mutex
	total := sim.Stats{}
	runSeeds(t, 40, sim.Config{Faults: sim.Storm()}, func(_ *testing.T, _ uint64, r sim.Result) {
		lock.Lock()
		defer lock.Unlock()
		total.Add(r.Stats)
	})
	for _, e := range sim.Events() {
		t.Logf("%6d %s", total[e], e)
		if total[e] == 0 {
			t.Errorf("no %s", e)
		}
	}
}

// Each fault is what it says, and does not come with others. But whatever makes callers
// wait can make them leave, and what comes then is late.
func TestEachFaultAlone(t *testing.T) {
	for _, tt := range []struct {
		name   string
		faults sim.Faults
		want   []sim.Event
		may    []sim.Event
	}{
		{"none", sim.Faults{}, nil, nil},
		{"lost requests", sim.Faults{LostRequests: 0.1}, []sim.Event{sim.RequestLost}, nil},
		{"lost replies", sim.Faults{LostReplies: 0.1}, []sim.Event{sim.ReplyLost}, nil},
		{"repeated", sim.Faults{Repeated: 0.1}, []sim.Event{sim.RequestTwice}, nil},
		{"slow", sim.Faults{Slow: 0.1}, []sim.Event{sim.RequestLate, sim.ReplyLate}, nil},
		{"stores", sim.Faults{StoreFailures: 0.1}, []sim.Event{sim.StoreFailed, sim.StoreReplyLost}, nil},
		{"crashes", sim.Faults{Crashes: 20}, []sim.Event{sim.Crash, sim.ConnectionRefused}, []sim.Event{sim.ConnectionReset}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := run(t, sim.Config{Seed: 3, Faults: tt.faults, Requests: 120})
			wantClean(t, 3, r)
			for _, e := range tt.want {
				if r.Stats[e] == 0 {
					t.Errorf("no %s", e)
				}
				delete(r.Stats, e)
			}
			for _, e := range append(tt.may, sim.RequestLate, sim.ReplyLate) {
				delete(r.Stats, e)
			}
			for _, e := range faults() {
				if r.Stats[e] > 0 {
					t.Errorf("%d %s", r.Stats[e], e)
				}
			}
		})
	}
}

// Where nothing goes wrong, everybody gets an answer, and the first bank does everything.
func TestAQuietShop(t *testing.T) {
	total := sim.Stats{}
	for seed := range uint64(5) {
		r := run(t, sim.Config{Seed: seed})
		wantClean(t, seed, r)
		total.Add(r.Stats)
	}
	for _, e := range append(faults(), sim.Unknown, sim.Cancelled, sim.SecondBank) {
		if total[e] > 0 {
			t.Errorf("%d %s", total[e], e)
		}
	}
	for _, e := range []sim.Event{sim.Bought, sim.GivenBack, sim.OutOfStock, sim.Declined, sim.KeyInFlight, sim.KeyMismatch} {
		if total[e] == 0 {
			t.Errorf("no %s", e)
		}
	}
}

// The journal is one of chaos/evidence, and its times are those of the bubble.
func TestJournal(t *testing.T) {
	r := run(t, sim.Config{Seed: 1, Faults: sim.Storm()})
	began, end := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2000, 1, 1, 0, 1, 0, 0, time.UTC)
	seen := map[int64]bool{}
	for s, err := range evidence.ReadJournal("journal", bytes.NewReader(r.Journal)) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[s.Seq] || s.Sent.Before(began) || s.Sent.After(end) || s.Latency <= 0 || s.Latency > 3*time.Second {
			t.Errorf("%+v", s)
		}
		seen[s.Seq] = true
	}
	if len(seen) < sim.DefaultRequests/2 {
		t.Errorf("%d requests", len(seen))
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, tt := range []struct {
		config sim.Config
		want   string
	}{
		{sim.Config{Customers: -1}, "Customers"},
		{sim.Config{Customers: sim.MaxCustomers + 1}, "Customers"},
		{sim.Config{Requests: sim.MaxRequests + 1}, "Requests"},
		{sim.Config{Duration: time.Millisecond}, "Duration"},
		{sim.Config{Settle: -1}, "Settle"},
		{sim.Config{Faults: sim.Faults{Slow: 1.1}}, "Slow"},
		{sim.Config{Faults: sim.Faults{LostReplies: -0.1}}, "LostReplies"},
		{sim.Config{Faults: sim.Faults{Crashes: -1}}, "Crashes"},
		{sim.Config{Off: []resilience.Name{"luck"}}, `"luck"`},
	} {
		if _, err := sim.Run(tt.config); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want one that names %s", tt.config, err, tt.want)
		}
	}
}

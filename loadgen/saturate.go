package loadgen

import (
	"context"
	"sync"
	"time"

	"brownout/chaos/evidence"
)

// A Saturation finds out how much a server can do: a closed loop of clients, each of which sends
// its next request when the last one has been answered, so that there is always work and never
// more than Clients of it. It says nothing of latency.
type Saturation struct {
	Scenario Scenario
	Doer     Doer
	Clients  int
	// Warmup is left out of the count, and Length is what is counted after it.
	Warmup, Length time.Duration
	// Timeout bounds each request; 5 seconds if 0.
	Timeout time.Duration
}

// turnedAway is how long a client stays away that got nothing. One that came again at once would
// have the server say no all the time, and measure how fast it does that.
const turnedAway = 50 * time.Millisecond

// MaxClients bounds the clients of a saturation.
const MaxClients = 1000

// Measure returns how many requests were acknowledged a second. Each is a sample that tell
// is given, one at a time. An error says that ctx was done before.
func (s *Saturation) Measure(ctx context.Context, tell func(*evidence.Sample)) (rate float64, err error) {
	began := time.Now()
	from := began.Add(s.Warmup)
	until := from.Add(s.Length)
	var mu sync.Mutex // over the scenario, tell, and what follows
	var seq, done int64
	next := func() shot {
		mu.Lock()
		defer mu.Unlock()
		seq++
		return shot{seq: seq - 1, due: time.Now(), action: s.Scenario.Next(seq - 1)}
	}
	note := func(sample *evidence.Sample) {
		mu.Lock()
		defer mu.Unlock()
		if at := sample.Intended.Add(sample.Latency); sample.Outcome == evidence.Acknowledged && !at.Before(from) && at.Before(until) {
			done++
		}
		tell(sample)
	}
	var all sync.WaitGroup
	for range min(max(s.Clients, 1), MaxClients) {
		all.Go(func() { s.client(ctx, until, next, note) })
	}
	all.Wait()
	return float64(done) / s.Length.Seconds(), ctx.Err()
}

// client sends one request after the other.
func (s *Saturation) client(ctx context.Context, until time.Time, next func() shot, note func(*evidence.Sample)) {
	timeout := s.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	w := worker{config: &AttackerConfig{Doer: s.Doer, Timeout: timeout}}
	for ctx.Err() == nil && time.Now().Before(until) {
		shot := next()
		sample := w.send(shot, shot.due.Add(timeout), 1)
		note(&sample)
		if sample.Outcome != evidence.Acknowledged {
			pause(ctx, turnedAway)
		}
	}
}

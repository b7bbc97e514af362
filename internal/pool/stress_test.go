package pool_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"brownout/internal/pool"
)

const (
	stressRounds     = 30
	stressSubmitters = 6
	stressJobs       = 100 // of each submitter
	stressWorkers    = 4
)

// A gauge counts what is inside, and complains if that is ever too much.
type gauge struct {
	inside atomic.Int32
	bound  int32
}

func (g *gauge) enter(t *testing.T) {
	if n := g.inside.Add(1); n > g.bound {
		t.Errorf("%d at once, the bound is %d", n, g.bound)
	}
}

func (g *gauge) leave() { g.inside.Add(-1) }

// A stress is one round: submitters, a Configure that flaps, contexts that are
// cancelled at random and a Close in the middle.
type stress struct {
	t       *testing.T
	pool    *pool.Pool
	classes []*pool.Class // the last one's share flaps, below its gauge's bound
	gauges  []*gauge
	all     gauge

	refused atomic.Int64 // with ErrFull
	endings [stressSubmitters][stressJobs]ending
}

// An ending is what became of one job.
type ending struct {
	taken      bool
	runs, ends atomic.Int32 // ends counts runs and drops
}

func TestEveryJobEndsOnce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for round := range uint64(stressRounds) {
		newStress(t).round(seed, round)
	}
}

func newStress(t *testing.T) *stress {
	s := &stress{t: t, pool: pool.New(pool.Config{Workers: stressWorkers})}
	s.all.bound = stressWorkers
	for i, name := range []string{"one", "two", "flapping"} {
		s.gauges = append(s.gauges, &gauge{bound: int32(i + 1)})
		s.classes = append(s.classes, s.pool.Class(name, pool.ClassConfig{Share: i + 1, Queue: 40}))
	}
	return s
}

func (s *stress) round(seed, round uint64) {
	var submitters, flapping sync.WaitGroup
	half := make(chan bool, stressSubmitters)
	for i := range stressSubmitters {
		submitters.Go(func() { s.submit(i, rand.New(rand.NewPCG(seed, round*stressSubmitters+uint64(i))), half) })
	}
	stop := make(chan bool)
	flapping.Go(func() { s.flap(stop) })
	for range 1 + round%stressSubmitters {
		<-half
	}
	s.pool.Close()
	submitters.Wait()
	close(stop)
	flapping.Wait()
	s.check()
}

func (s *stress) flap(stop chan bool) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
			s.classes[2].Configure(pool.ClassConfig{Share: 1 + i%3, Queue: 1 + i%40})
			s.pool.SetDropExpired(i%4 != 0)
			s.pool.Stats()
			runtime.Gosched()
		}
	}
}

// submit submits one submitter's jobs, and says when half of them are.
func (s *stress) submit(submitter int, random *rand.Rand, half chan bool) {
	for i := range stressJobs {
		if i == stressJobs/2 {
			half <- true
		}
		ctx, cancel := context.WithCancel(context.Background())
		s.submitOne(ctx, &s.endings[submitter][i], random.IntN(3), random.IntN(50))
		if random.IntN(2) == 0 {
			defer cancel()
		} else {
			cancel()
		}
		if random.IntN(8) == 0 {
			runtime.Gosched()
		}
	}
}

func (s *stress) submitOne(ctx context.Context, e *ending, class, yields int) {
	err := s.classes[class].Submit(ctx, job{
		name: "stress",
		run: func(context.Context) {
			s.inside(class, yields)
			e.runs.Add(1)
			e.ends.Add(1)
		},
		drop: func(err error) {
			s.inside(class, 0)
			if !errors.Is(err, context.Canceled) {
				s.t.Errorf("dropped because of %v", err)
			}
			e.ends.Add(1)
		},
	})
	switch {
	case err == nil:
		e.taken = true
	case errors.Is(err, pool.ErrFull):
		s.refused.Add(1)
	case !errors.Is(err, pool.ErrClosed):
		s.t.Errorf("refused because of %v", err)
	}
}

// inside is what a job does on its worker.
func (s *stress) inside(class, yields int) {
	s.all.enter(s.t)
	s.gauges[class].enter(s.t)
	for range yields {
		runtime.Gosched()
	}
	s.gauges[class].leave()
	s.all.leave()
}

// check holds what became of the jobs against what Submit said and the pool counted.
func (s *stress) check() {
	s.t.Helper()
	var run, dropped, refused uint64
	for i := range s.endings {
		for j := range s.endings[i] {
			e := &s.endings[i][j]
			if ends := e.ends.Load(); e.taken != (ends == 1) || ends > 1 {
				s.t.Fatalf("a job ended %d times; taken: %t", ends, e.taken)
			}
			run += uint64(e.runs.Load())
			dropped += uint64(e.ends.Load() - e.runs.Load())
		}
	}
	refused = uint64(s.refused.Load())
	stats := s.pool.Stats()
	for _, c := range stats.Classes {
		run, dropped, refused = run-c.Completed, dropped-c.Expired, refused-c.Refused
		if c.Running != 0 || c.Queued != 0 {
			s.t.Errorf("left behind: %+v", c)
		}
	}
	if run != 0 || dropped != 0 || refused != 0 {
		s.t.Errorf("%d run, %d dropped, %d refused beyond what was counted: %+v", int64(run), int64(dropped), int64(refused), stats)
	}
}

package loop

import (
	"context"
	"math/rand/v2"
	"time"
)

// Simulated is an Executor without goroutines: a job runs on the loop itself,
// as a timer, after a delay drawn from a seeded source. Under testing/synctest
// the same seed then gives the same run, event for event. It stands in for a
// worker pool and, in a [Group], for the goroutines of [Go].
type Simulated struct {
	loop    *Loop
	config  SimulatedConfig
	random  *rand.Rand
	running int
	waiting []simulatedJob
}

// SimulatedConfig says how a simulated executor works.
type SimulatedConfig struct {
	// Workers bounds the jobs that run at once; 0 means no bound.
	Workers int
	// Queue bounds the jobs that wait for a worker; those over it are refused
	// with ErrFull. 0 means no bound.
	Queue int
	// Seed makes the delays.
	Seed uint64
	// Delay draws how long a job takes. Nil means between 1 and 10 ms.
	Delay func(*rand.Rand) time.Duration
}

type simulatedJob struct {
	ctx context.Context
	job Job
}

// NewSimulated makes a simulated executor of the loop.
func NewSimulated(l *Loop, config SimulatedConfig) *Simulated {
	if config.Delay == nil {
		config.Delay = func(r *rand.Rand) time.Duration {
			return time.Millisecond + time.Duration(r.Int64N(int64(9*time.Millisecond)))
		}
	}
	return &Simulated{loop: l, config: config, random: rand.New(rand.NewPCG(config.Seed, 0))}
}

// Submit runs the job after a delay, once a worker is free. On the loop only.
func (s *Simulated) Submit(ctx context.Context, job Job) error {
	j := simulatedJob{ctx, job}
	switch {
	case s.config.Workers <= 0 || s.running < s.config.Workers:
		s.start(j)
	case s.config.Queue > 0 && len(s.waiting) >= s.config.Queue:
		return ErrFull
	default:
		s.waiting = append(s.waiting, j)
	}
	return nil
}

// Configure changes the bounds while jobs run and wait: more workers start waiting
// jobs at once, fewer interrupt nothing. See SimulatedConfig. On the loop only.
func (s *Simulated) Configure(workers, queue int) {
	s.config.Workers, s.config.Queue = workers, queue
	s.admit()
}

func (s *Simulated) start(j simulatedJob) {
	s.running++
	s.loop.SetTimeout(j.job.Name(), s.config.Delay(s.random), func() { s.end(j) })
}

// end runs the job, whose time has passed, and starts the next one. As in a
// pool, a job whose context is done by the time a worker is free is dropped.
func (s *Simulated) end(j simulatedJob) {
	j.job.Run(j.ctx)
	s.running--
	s.admit()
}

// admit starts waiting jobs while there are workers.
func (s *Simulated) admit() {
	for len(s.waiting) > 0 && (s.config.Workers <= 0 || s.running < s.config.Workers) {
		next := s.waiting[0]
		s.waiting = s.waiting[1:]
		if err := expired(next.ctx); err != nil {
			next.job.Drop(err)
			continue
		}
		s.start(next)
	}
}

// expired is why the work of a context need not be begun any more.
func expired(ctx context.Context) error {
	if d, ok := ctx.Deadline(); ok && ctx.Err() == nil && !time.Now().Before(d) {
		return context.DeadlineExceeded
	}
	return context.Cause(ctx)
}

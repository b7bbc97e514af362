package pool

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultWorkers is the size of a pool unless told otherwise, as in libuv.
const DefaultWorkers = 4

// DefaultQueue is the bound of a class's queue unless told otherwise.
const DefaultQueue = 1024

// Unbounded, as a class's queue, refuses nothing while memory lasts.
const Unbounded = -1

// maxClasses bounds the classes of a pool: a class is a kind of work, not a user.
const maxClasses = 64

// What the pool refuses. Callers tell them apart with [errors.Is].
var (
	// ErrFull refuses a job because the queue of its class is full.
	ErrFull = errors.New("pool: queue full")
	// ErrClosed refuses a job because the pool is closed.
	ErrClosed = errors.New("pool: closed")
)

// A Job is a unit of work. Exactly one of Run and Drop is called, exactly once,
// on a goroutine of the pool; neither is if Submit refuses the job.
//
// It is an alias so that a class of the pool fits any interface of the same
// shape, wherever that is declared.
type Job = interface {
	// Name says what it is, for reports.
	Name() string
	// Run does the work. Its context carries the mark by which Do recognises
	// that it was called from a worker.
	Run(ctx context.Context)
	// Drop says that the work will not be done, and why.
	Drop(err error)
}

// Config says how a pool works. The zero value is a pool of DefaultWorkers.
type Config struct {
	// Workers is the number of goroutines that run jobs.
	Workers int
	// Observer, if any, is told of every job.
	Observer Observer
	// OnNested, if any, is told when a job waits for a job of its own pool. It
	// is called on the worker that is about to wait.
	OnNested func(Nested)
}

// An Observer is told of jobs, on the goroutine of the worker. It must not block.
type Observer interface {
	// JobDone tells how long a job of a class waited in the queue and ran.
	JobDone(class string, wait, run time.Duration)
	// JobDropped tells that a job was dropped unstarted after waiting.
	JobDropped(class string, wait time.Duration, reason error)
}

// A Pool runs jobs on a fixed number of workers. Any goroutine may call its
// methods. Make one with [New], and end it with Close.
type Pool struct {
	config Config
	epoch  time.Time
	ended  sync.WaitGroup

	mu      sync.Mutex
	workers []*worker
	idle    []*worker // the last to fall idle is the first to be used: its stack is warm
	classes []*Class
	taken   uint64 // jobs queued so far, the order among classes
	nested  int    // workers that wait for a job of this pool
	closed  bool

	keepExpired atomic.Bool
}

// New starts a pool.
func New(config Config) *Pool {
	if config.Workers <= 0 {
		config.Workers = DefaultWorkers
	}
	p := &Pool{config: config, epoch: time.Now()}
	for range config.Workers {
		w := &worker{pool: p, handoff: make(chan struct{}, 1)}
		w.plain = &workerContext{context.Background(), w}
		p.workers = append(p.workers, w)
	}
	p.idle = slices.Clone(p.workers) // from now on, not from when their goroutines have begun
	for _, w := range p.workers {
		p.ended.Go(w.run)
	}
	return p
}

// Close refuses new jobs, lets the workers finish those that were taken, and
// returns when the last worker has ended.
func (p *Pool) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		for _, w := range p.idle {
			close(w.handoff)
		}
		p.idle = nil
	}
	p.mu.Unlock()
	p.ended.Wait()
}

// SetDropExpired says whether a job whose context is done by the time a worker
// takes it is dropped unstarted. That is the default; without it, work is done
// for callers that have left.
func (p *Pool) SetDropExpired(drop bool) {
	p.keepExpired.Store(!drop)
}

// clock counts nanoseconds since New, monotonic.
func (p *Pool) clock() int64 { return int64(time.Since(p.epoch)) }

// pick finds the job to be taken next: of those at the front of the classes that may
// start one, the one that has waited longest. First come, first served, except where a
// share holds a class back, or a class serves its newest job first. It is nil if there is
// none. p.mu is held.
func (p *Pool) pick(now int64) (best *entry) {
	for _, c := range p.classes {
		if c.queue.empty() || !c.mayStart() {
			continue
		}
		if e := c.front(now); best == nil || e.order < best.order {
			best = e
		}
	}
	if best != nil {
		best = best.class.ripe(best, now)
	}
	return best
}

// serve hands jobs to idle workers as long as there are both. p.mu is held.
func (p *Pool) serve() {
	for len(p.idle) > 0 {
		e := p.pick(p.clock())
		if e == nil {
			return
		}
		p.handOver(e)
		e.class.remove(e)
	}
}

// handOver gives a job to an idle worker, of which there must be one. The send
// never blocks, for an idle worker's channel is empty; it is done under p.mu
// because that measured faster than doing it after. p.mu is held.
func (p *Pool) handOver(e *entry) {
	w := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	w.enter(e, e.queued)
	w.handoff <- struct{}{}
}

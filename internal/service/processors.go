package service

import (
	"context"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"brownout/internal/pool"
)

// restAfter is how long the pool must have had nothing to do before its processors are taken
// back.
const restAfter = time.Second

// processors set GOMAXPROCS by whether the worker pool is in use.
//
// While it is, each worker and four more goroutines may hold a processor at a time, so that
// the kernel shares the cores, within a few milliseconds, and not Go's scheduler, whose
// time slice is 10 ms: with 4 jobs of 60 ms on 2 cores the p99 of HTTP was 125 ms with
// 2 processors and 5 ms with 8.
//
// While it is not, so many only cost: goroutines that could follow each other at once
// are spread over threads that wait for a core. With all work on one core, the p99 at
// saturation was three times as long with 8 processors as with 1.
type processors struct {
	rest, work int
	fixed      bool        // by the environment
	busy       func() bool // whether the pool runs anything
	raised     atomic.Bool
	last       atomic.Int64 // when a job was last submitted, in ns since 1970
	wake       chan struct{}
}

func newProcessors(workers int, busy func() bool) *processors {
	p := &processors{
		rest:  runtime.GOMAXPROCS(0),
		work:  workers + 4,
		fixed: os.Getenv("GOMAXPROCS") != "",
		busy:  busy,
		wake:  make(chan struct{}, 1),
	}
	p.rest = min(p.rest, p.work)
	return p
}

// run sets GOMAXPROCS until ctx is done.
func (p *processors) run(ctx context.Context) {
	if p.fixed {
		return
	}
	for {
		select {
		case <-p.wake:
		case <-ctx.Done():
			return
		}
		runtime.GOMAXPROCS(p.work)
		p.raised.Store(true)
		for resting := false; !resting; resting = p.rested() {
			if !p.awaitRest(ctx) {
				return
			}
			p.raised.Store(false) // from here on, a job wakes again
		}
		runtime.GOMAXPROCS(p.rest)
	}
}

// rested says whether nothing was submitted while the pool was found at rest.
func (p *processors) rested() bool {
	return time.Since(time.Unix(0, p.last.Load())) >= restAfter
}

// awaitRest waits until the pool has had nothing to do for a while.
func (p *processors) awaitRest(ctx context.Context) bool {
	timer := time.NewTimer(restAfter)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
		if p.busy() {
			p.last.Store(time.Now().UnixNano())
		}
		quiet := time.Since(time.Unix(0, p.last.Load()))
		if quiet >= restAfter {
			return true
		}
		timer.Reset(restAfter - quiet)
	}
}

// submitted says that the pool has something to do. Any goroutine may call it.
func (p *processors) submitted() {
	p.last.Store(time.Now().UnixNano())
	if p.raised.Load() {
		return
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// A watchedClass is a class of the pool that tells when it has something to do.
type watchedClass struct {
	tracedClass
	processors *processors
}

// Submit implements loop.Executor.
func (c watchedClass) Submit(ctx context.Context, job pool.Job) error {
	c.processors.submitted()
	return c.tracedClass.Submit(ctx, job)
}

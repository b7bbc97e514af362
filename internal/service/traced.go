package service

import (
	"context"
	"sync/atomic"
	"time"

	"brownout/internal/pool"
	"brownout/internal/telemetry"
)

// A tracedClass is a class of the worker pool that tells the trace of a request how long
// its job waited for a worker, and how long it ran.
type tracedClass struct{ *pool.Class }

// Submit implements loop.Executor.
func (c tracedClass) Submit(ctx context.Context, job pool.Job) error {
	trace := telemetry.FromContext(ctx)
	if trace == nil {
		return c.Class.Submit(ctx, job)
	}
	traced := &tracedJob{Job: job, trace: trace, submitted: time.Now()}
	if request, ok := ctx.Value(requestKey{}).(*requestContext); ok {
		request.submits(ctx, traced)
	}
	return c.Class.Submit(ctx, traced)
}

type tracedJob struct {
	pool.Job
	trace     *telemetry.Trace
	submitted time.Time
	ended     atomic.Int64 // in Unix nanoseconds; 0 if it has not run to its end
}

// Run runs the job and notes it.
func (j *tracedJob) Run(ctx context.Context) {
	began := time.Now()
	j.trace.Wait("pool", j.submitted, began)
	defer func() {
		now := time.Now()
		j.ended.Store(now.UnixNano())
		j.trace.Work("pool", began, now)
	}()
	j.Job.Run(ctx)
}

// Drop drops the job and notes how long it waited for nothing.
func (j *tracedJob) Drop(err error) {
	j.trace.Wait("pool", j.submitted, time.Now())
	j.Job.Drop(err)
}

// awaited notes how long the outcome waited for the loop, until its task ran again.
func (j *tracedJob) awaited(now time.Time) {
	if ended := j.ended.Load(); ended != 0 {
		j.trace.Queued("loop", time.Unix(0, ended), now)
	}
}

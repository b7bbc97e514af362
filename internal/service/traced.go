package service

import (
	"context"
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
	return c.Class.Submit(ctx, &tracedJob{job, trace, time.Now()})
}

type tracedJob struct {
	pool.Job
	trace     *telemetry.Trace
	submitted time.Time
}

// Run runs the job and notes it.
func (j *tracedJob) Run(ctx context.Context) {
	began := time.Now()
	j.trace.Wait("pool", j.submitted, began)
	defer func() { j.trace.Work("pool", began, time.Now()) }()
	j.Job.Run(ctx)
}

// Drop drops the job and notes how long it waited for nothing.
func (j *tracedJob) Drop(err error) {
	j.trace.Wait("pool", j.submitted, time.Now())
	j.Job.Drop(err)
}

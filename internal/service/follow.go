package service

import (
	"context"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/telemetry"
)

// A requestContext carries the trace of a request, and notes in it when its task works
// and when it waits for the loop. It also knows for how long there is somebody to work for.
type requestContext struct {
	context.Context
	trace   *telemetry.Trace
	task    *loop.Task            // that of the request itself
	ran     time.Time             // since when the task runs; zero while it waits
	leaves  time.Time             // when the caller does; zero if it has not said
	job     *tracedJob            // the last one that the task has submitted, until it runs again
	refused *resilience.Rejection // the last refusal that was noted
}

// Value finds the trace, and the context itself.
func (c *requestContext) Value(key any) any {
	switch key {
	case telemetry.ContextKey:
		return c.trace
	case requestKey{}:
		return c
	}
	return c.Context.Value(key)
}

// TaskRuns implements loop.Follower.
func (c *requestContext) TaskRuns() {
	c.ran = time.Now()
	if c.job != nil {
		c.job.awaited(c.ran)
		c.job = nil
	}
}

// TaskWaits implements loop.Follower.
func (c *requestContext) TaskWaits() { c.end(time.Now()) }

// submits tells of a job that is submitted with a context, if that is the one of the request's own task, and not of
// one that it has spawned. On the loop only.
func (c *requestContext) submits(ctx context.Context, j *tracedJob) {
	if c.task.Context() == ctx {
		c.job = j
	}
}

// end notes the stretch of work that ends now, if one was under way. Of a request that
// was never begun, whose context is nil, there is none.
func (c *requestContext) end(now time.Time) {
	if c != nil && !c.ran.IsZero() {
		c.trace.Work("loop", c.ran, now)
		c.ran = time.Time{}
	}
}

package service

import (
	"context"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/shop"
)

// requestKey finds the context of a request in that of its task.
type requestKey struct{}

// callerLeaves returns when the request's caller will have left, by what it said when it came;
// zero if it said nothing. It does not matter whether the deadline protection is on: what
// is done for nobody is done for nobody.
func (x *exchange) callerLeaves() time.Time {
	wait, told := resilience.Told(x.Header(shop.HeaderDeadline))
	if !told {
		return time.Time{}
	}
	return x.Received.Add(wait)
}

// hasLeft says whether the caller whom a task works for had left by a time. Callers who have
// not said how long they wait never leave, nor does what a service does of its own accord.
func hasLeft(ctx context.Context, by time.Time) bool {
	c, ok := ctx.Value(requestKey{}).(*requestContext)
	return ok && !c.leaves.IsZero() && by.After(c.leaves)
}

package loadgen

import (
	"sync/atomic"
	"time"
)

// An Insistence is a while in which clients try again in another way than their Retry says. Which failures
// they try again after, how pauses are spread, and the budget, are still those of the Retry.
type Insistence struct {
	From, To time.Duration // since the load began
	Attempts int           // in place of Retry.Attempts
	Backoff  time.Duration // in place of Retry.Backoff

	retries atomic.Int64
}

// Retries returns how many retries were decided on while it went on. Any goroutine may call it.
func (i *Insistence) Retries() int64 { return i.retries.Load() }

// retry returns how clients try again at a time since the load began, and the insistence that has them do
// so, nil if there is none: of several, the first.
func (c *AttackerConfig) retry(since time.Duration) (Retry, *Insistence) {
	r := c.Retry
	for _, i := range c.Insistences {
		if since >= i.From && since < i.To {
			r.Attempts, r.Backoff = i.Attempts, i.Backoff
			return r, i
		}
	}
	return r, nil
}

// retries says whether any request may be sent again.
func (c *AttackerConfig) retries() bool { return c.Retry.Attempts > 1 || len(c.Insistences) > 0 }

package loadgen

import (
	"context"
	"time"
)

// margin is left of a wait for the fine sleep at its end. It is more than a timer of Go
// is late by on an idle machine, which is about a millisecond.
const margin = 2 * time.Millisecond

// waitUntil waits for a time to come and reports whether it did before ctx was done.
// sleep does the last bit, which cannot be interrupted.
func waitUntil(ctx context.Context, due time.Time, sleep func(time.Duration)) bool {
	if early := time.Until(due) - margin; early > 0 {
		timer := time.NewTimer(early)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
	}
	if rest := time.Until(due); rest > 0 {
		sleep(rest)
	}
	return ctx.Err() == nil
}

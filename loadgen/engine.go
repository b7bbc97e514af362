package loadgen

import (
	"context"
	"time"

	"brownout/chaos/evidence"
)

// An Engine sends a load, once.
type Engine interface {
	// Send sends it from now on, until its schedule has ended or ctx is done and all requests in flight
	// have an outcome. It tells each sample as it ends, one at a time; none is to be kept beyond that. An error says
	// that no load could be sent.
	Send(ctx context.Context, tell func(*evidence.Sample)) (Course, error)
}

// A Course is how a load went.
type Course struct {
	Length   time.Duration // for which requests came due
	Complete bool          // as long as was asked for
	// Clients is how many clients waited for their answers before they asked again; 0 if requests were due by a schedule.
	Clients int
}

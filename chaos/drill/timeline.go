package drill

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/fault"
	"brownout/internal/shop"
)

const (
	// leaseTime is when a fault ends by itself if its drill is gone, and renewal how often
	// the drill says that it is not.
	leaseTime = 5 * time.Second
	renewal   = time.Second
	// grace is by how much the time to live of a fault exceeds what its drill wants: it is
	// there for a drill that hangs.
	grace = 10 * time.Second
	// askTime bounds each word with a port.
	askTime = 3 * time.Second
)

// A port is where the faults of one process are injected: a fault.Client, mostly.
type port interface {
	Inject(context.Context, fault.Spec) (fault.Status, error)
	Renew(ctx context.Context, id string) (fault.Status, error)
	Clear(ctx context.Context, id string) (fault.Status, error)
}

// An act is one fault of a timeline.
type act struct {
	at, length time.Duration // since the load began
	on         string        // as the drill's file names it
	spec       fault.Spec    // its TTL and lease are the timeline's
	port       port
}

// A timeline injects the faults of an arm when they are due, and ends them.
type timeline struct {
	acts  []act
	began time.Time   // of the load
	tell  func(Event) // one call at a time

	mu sync.Mutex // over tell
}

func (t *timeline) say(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tell(e)
}

// run returns when all acts are over, or ctx is done; no fault is active then, unless its
// evidence says so.
func (t *timeline) run(ctx context.Context) []evidence.Fault {
	faults := make([]evidence.Fault, len(t.acts))
	var all sync.WaitGroup
	for i := range t.acts {
		all.Go(func() { faults[i] = t.play(ctx, &t.acts[i]) })
	}
	all.Wait()
	slices.SortStableFunc(faults, func(a, b evidence.Fault) int { return int(a.Active.From - b.Active.From) })
	return faults
}

// play is one act, from the wait for it to its end.
func (t *timeline) play(ctx context.Context, a *act) evidence.Fault {
	f := evidence.Fault{Kind: a.spec.Fault, On: a.on, Params: a.spec.Params, Active: evidence.Span{From: a.at, To: a.at}}
	if !waitUntil(ctx, t.began.Add(a.at)) {
		f.Err = "the drill ended before"
		return f
	}
	status, err := t.inject(ctx, a)
	f.Active.From = time.Since(t.began)
	f.Active.To = f.Active.From
	if err != nil {
		f.Err = err.Error()
		t.say(Event{Kind: FaultRefused, What: name(a), Err: err})
		return f
	}
	f.Params = status.Spec.Params
	t.say(Event{Kind: FaultBegan, What: name(a)})
	h := &held{act: a, id: status.ID}
	t.hold(ctx, h)
	t.end(ctx, h, &f)
	t.say(Event{Kind: FaultEnded, What: name(a), Hits: f.Hits})
	return f
}

func name(a *act) string { return a.spec.Fault + " on " + a.on }

func (t *timeline) inject(ctx context.Context, a *act) (fault.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	spec := a.spec
	spec.TTL, spec.Lease = min(max(a.length+grace, fault.MinTTL), fault.MaxTTL), leaseTime
	return a.port.Inject(ctx, spec)
}

// A held act is one whose fault is active.
type held struct {
	*act
	id   string // of the fault
	hits uint64 // of it, as far as it has told
	past uint64 // hits of those that have ended with their processes
	gone error  // why it has not begun again in the last process; nil if it has, or need not
}

// hold renews the lease until the act is over. A renewal that fails is tried again: if it
// is the fault that is gone, its end will tell.
func (t *timeline) hold(ctx context.Context, h *held) {
	over := t.began.Add(h.at + h.length)
	for next := time.Now().Add(renewal); next.Before(over); next = next.Add(renewal) {
		if !waitUntil(ctx, next) {
			return
		}
		t.renew(ctx, h)
	}
	waitUntil(ctx, over)
}

// renew renews the lease once. What a drill does to a part it does for a while, and not to one
// process of it: in a process that has begun since, the fault begins again.
func (t *timeline) renew(ctx context.Context, h *held) {
	ask, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	status, err := h.port.Renew(ask, h.id)
	h.hits = max(h.hits, status.Hits)
	if !isUnknown(err) {
		return
	}
	status, h.gone = t.inject(ctx, h.act)
	if h.gone == nil {
		h.id, h.hits, h.past = status.ID, status.Hits, h.past+h.hits
		t.say(Event{Kind: FaultBegan, What: name(h.act)})
	}
}

// isUnknown says that a process knows nothing of a fault: it is not the one that had it.
func isUnknown(err error) bool { return shop.CodeOf(err) == shop.CodeNotFound }

// end ends the fault, also if the drill is told to end, and notes what it did. One that has ended
// with its process is ended; if it was to begin again and did not, its evidence says so.
func (t *timeline) end(ctx context.Context, h *held, f *evidence.Fault) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	status, err := h.port.Clear(ctx, h.id)
	f.ID, f.Active.To = h.id, time.Since(t.began)
	f.Hits = int64(h.past + max(h.hits, status.Hits))
	if isUnknown(err) {
		f.Ended = true
		if h.gone != nil {
			f.Err = fmt.Sprintf("it ended with its process, and did not begin again: %v", h.gone)
		}
		return
	}
	if err != nil {
		f.Err = fmt.Sprintf("it could not be cleared: %v", err)
		return
	}
	f.Ended = status.Reason != ""
	if status.Reason != fault.Cleared {
		f.Active.To = status.Ended.Sub(t.began)
		f.Err = fmt.Sprintf("it ended by itself, %s, after %v", status.Reason, (f.Active.To - f.Active.From).Round(time.Millisecond))
	}
}

// waitUntil waits, and says whether ctx is not done.
func waitUntil(ctx context.Context, at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

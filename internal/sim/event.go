package sim

import (
	"brownout/chaos/evidence"
	"brownout/internal/shop"
)

// An Event is something that happened in a run, and is counted.
type Event string

// The faults that hit.
const (
	RequestLost   Event = "request lost"
	RequestLate   Event = "request late"  // arrived after its caller had left
	RequestTwice  Event = "request twice" // arrived once more
	ReplyLost     Event = "reply lost"
	ReplyLate     Event = "reply late"
	Refused       Event = "connection refused"  // the callee was down
	Reset         Event = "connection reset"    // the callee died with the request in its hands
	StoreFailed   Event = "store failed"        // before the operation
	StoreLostWord Event = "store lost its word" // after the operation
	Crash         Event = "crash"
	Restart       Event = "restart"
)

// What customers were told.
const (
	Acknowledged Event = "acknowledged"
	Replayed     Event = "acknowledged again"
	RefusedSafe  Event = "refused"
	Unknown      Event = "unknown"
	InFlight     Event = "key in flight"
	Mismatch     Event = "key mismatch"
	OutOfStock   Event = "out of stock"
	Declined     Event = "card declined"
	RefundDone   Event = "refund acknowledged"
	Cancelled    Event = "undone by the sweeper"
)

// Stats count the events of a run.
type Stats map[Event]int

// Events returns all events, faults first.
func Events() []Event {
	return []Event{
		RequestLost, RequestLate, RequestTwice, ReplyLost, ReplyLate, Refused, Reset, StoreFailed, StoreLostWord, Crash, Restart,
		Acknowledged, Replayed, RefusedSafe, Unknown, InFlight, Mismatch, OutOfStock, Declined, RefundDone, Cancelled,
	}
}

// Add adds the counts of another run.
func (s Stats) Add(other Stats) {
	for e, n := range other {
		s[e] += n
	}
}

// count counts what a customer was told of a checkout or a refund.
func (w *world) count(s evidence.Sample) {
	if s.Reference == "" {
		return
	}
	e, ok := map[shop.Code]Event{
		shop.CodeKeyInFlight: InFlight,
		shop.CodeKeyMismatch: Mismatch,
		shop.CodeOutOfStock:  OutOfStock,
		shop.CodeDeclined:    Declined,
		shop.CodeCancelled:   Cancelled,
	}[shop.Code(s.Error)]
	switch {
	case ok:
	case s.Outcome == evidence.Acknowledged && s.Replayed:
		e = Replayed
	case s.Outcome == evidence.Acknowledged && s.Route == routeRefund:
		e = RefundDone
	case s.Outcome == evidence.Acknowledged:
		e = Acknowledged
	case s.Outcome == evidence.Refused:
		e = RefusedSafe
	default:
		e = Unknown
	}
	w.note(e, "%d: %s %s %s, attempt %d: %d %s", s.Seq, s.Route, s.Reference, s.Order, s.Attempt, s.Status, s.Error)
}

package sim

import (
	"brownout/chaos/evidence"
	"brownout/internal/shop"
)

// An Event is something that happens in a run and is counted.
type Event string

// What goes wrong.
const (
	RequestLost       Event = "request lost"
	RequestLate       Event = "request late" // its caller had left when it arrived
	RequestTwice      Event = "request twice"
	ReplyLost         Event = "reply lost"
	ReplyLate         Event = "reply late"
	ConnectionRefused Event = "connection refused" // the callee was down
	ConnectionReset   Event = "connection reset"   // the callee died with the request in its hands
	StoreFailed       Event = "store failed"       // an operation was not done
	StoreReplyLost    Event = "store reply lost"   // an operation was done
	Crash             Event = "crash"
)

// What customers are told of purchases and refunds.
const (
	Bought      Event = "bought"
	GivenBack   Event = "given back"
	Replayed    Event = "replayed" // the answer was that of an earlier request
	Refused     Event = "refused"
	OutOfStock  Event = "out of stock"
	Declined    Event = "card declined"
	Cancelled   Event = "cancelled" // by the sweeper
	KeyInFlight Event = "key in flight"
	KeyMismatch Event = "key mismatch"
	Unknown     Event = "unknown"
)

// SecondBank is a movement of the bank that stands in for the first.
const SecondBank Event = "second bank"

// Stats count the events of a run.
type Stats map[Event]int

// Events returns all events.
func Events() []Event {
	return []Event{
		RequestLost, RequestLate, RequestTwice, ReplyLost, ReplyLate, ConnectionRefused, ConnectionReset, StoreFailed, StoreReplyLost, Crash,
		Bought, GivenBack, Replayed, Refused, OutOfStock, Declined, Cancelled, KeyInFlight, KeyMismatch, Unknown, SecondBank,
	}
}

// Add adds the counts of another run.
func (s Stats) Add(other Stats) {
	for e, n := range other {
		s[e] += n
	}
}

// eventOf says what a customer was told of a purchase or a refund.
func eventOf(s evidence.Sample) Event {
	switch shop.Code(s.Error) {
	case shop.CodeOutOfStock:
		return OutOfStock
	case shop.CodeDeclined:
		return Declined
	case shop.CodeCancelled:
		return Cancelled
	case shop.CodeKeyInFlight:
		return KeyInFlight
	case shop.CodeKeyMismatch:
		return KeyMismatch
	}
	switch {
	case s.Outcome == evidence.Refused:
		return Refused
	case s.Outcome != evidence.Acknowledged:
		return Unknown
	case s.Replayed:
		return Replayed
	case s.Route == routeRefund:
		return GivenBack
	}
	return Bought
}

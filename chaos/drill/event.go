package drill

import (
	"fmt"
	"time"
)

// An EventKind is what happens in a run.
type EventKind uint8

// The kinds of events.
const (
	ArmBegan     EventKind = iota // What is the arm
	Calibrated                    // Rate is the capacity
	LoadBegan                     // Length is how long it goes on
	Second                        // Due and Good are what came in the last second
	FaultBegan                    // What is the fault, and where
	FaultRefused                  // Err is why
	FaultEnded                    // Hits is what it did
	LoadEnded                     // what is in flight settles
	Audited                       // Err is what the books say, nil if they add up
	ArmEnded
	Judged // What is the result
)

// An Event is something that happens in a run, for those who watch it.
type Event struct {
	Kind   EventKind
	Arm    string
	What   string
	Err    error
	Rate   float64 // requests a second
	Due    int64   // requests
	Good   int     // answers, of this second's requests or of earlier ones
	Hits   int64
	Length time.Duration
}

// String says what happened, in a line.
func (e Event) String() string {
	switch e.Kind {
	case ArmBegan:
		return fmt.Sprintf("%s arm: an epoch of its own", e.What)
	case Calibrated:
		return fmt.Sprintf("capacity: %.0f a second", e.Rate)
	case LoadBegan:
		return fmt.Sprintf("load begins, for %v", e.Length)
	case Second:
		return fmt.Sprintf("%d requests due, %d good answers", e.Due, e.Good)
	case FaultBegan:
		return e.What + " begins"
	case FaultRefused:
		return fmt.Sprintf("%s is refused: %v", e.What, e.Err)
	case FaultEnded:
		return fmt.Sprintf("%s ends: %d hits", e.What, e.Hits)
	case LoadEnded:
		return "load ends"
	case Audited:
		if e.Err != nil {
			return fmt.Sprintf("audit: %v", e.Err)
		}
		return "audit: money and stock add up"
	case ArmEnded:
		return fmt.Sprintf("%s arm is over", e.Arm)
	case Judged:
		return e.What
	}
	return fmt.Sprintf("EventKind(%d)", e.Kind)
}

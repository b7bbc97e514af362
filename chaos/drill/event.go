package drill

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

// eventNames are those of the kinds of events, as JSON has them.
var eventNames = [...]string{
	"arm-began", "calibrated", "load-began", "second", "fault-began", "fault-refused", "fault-ended", "load-ended", "audited", "arm-ended", "judged",
}

// MarshalText implements encoding.TextMarshaler.
func (k EventKind) MarshalText() ([]byte, error) {
	if int(k) >= len(eventNames) {
		return nil, fmt.Errorf("drill: there is no kind %d of events", k)
	}
	return []byte(eventNames[k]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *EventKind) UnmarshalText(text []byte) error {
	i := slices.Index(eventNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("drill: %.32q is no kind of events", text)
	}
	*k = EventKind(i)
	return nil
}

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

// eventJSON is an Event as JSON.
type eventJSON struct {
	Kind   EventKind `json:"kind"`
	Arm    string    `json:"arm,omitempty"`
	What   string    `json:"what,omitempty"`
	Error  string    `json:"error,omitempty"`
	Rate   float64   `json:"rate,omitempty"`
	Due    int64     `json:"due,omitempty"`
	Good   int       `json:"good,omitempty"`
	Hits   int64     `json:"hits,omitempty"`
	Length float64   `json:"length_seconds,omitempty"`
	Text   string    `json:"text"` // what String says
}

// MarshalJSON implements json.Marshaler.
func (e Event) MarshalJSON() ([]byte, error) {
	j := eventJSON{
		Kind: e.Kind, Arm: e.Arm, What: e.What, Rate: e.Rate, Due: e.Due, Good: e.Good, Hits: e.Hits, Length: e.Length.Seconds(), Text: e.String(),
	}
	if e.Err != nil {
		j.Error = e.Err.Error()
	}
	return json.Marshal(j)
}

// UnmarshalJSON implements json.Unmarshaler. Of an error, its text is left.
func (e *Event) UnmarshalJSON(text []byte) error {
	var j eventJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*e = Event{
		Kind: j.Kind, Arm: j.Arm, What: j.What, Rate: j.Rate, Due: j.Due, Good: j.Good, Hits: j.Hits,
		Length: time.Duration(j.Length * float64(time.Second)),
	}
	if j.Error != "" {
		e.Err = errors.New(j.Error)
	}
	return nil
}

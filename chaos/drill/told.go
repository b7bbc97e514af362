package drill

import (
	"time"

	"brownout/chaos/verdict"
)

// A Told is a line of JSON that tells another process of a run: what happens, and the verdict in the end.
// It has one of the two.
type Told struct {
	At      time.Time        `json:"at"`
	Event   *Event           `json:"event,omitempty"`
	Verdict *verdict.Verdict `json:"verdict,omitempty"`
	// Evidence is the folder of the evidence, and of the report; it goes with the verdict.
	Evidence string `json:"evidence,omitempty"`
}

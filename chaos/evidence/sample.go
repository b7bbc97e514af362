// Package evidence holds what a run leaves behind, for those who judge it: it says
// what happened and draws no conclusion.
package evidence

import (
	"time"

	"brownout/internal/shop"
)

// An Outcome is what a client may conclude from an answer about what it asked for.
type Outcome string

// The outcomes.
const (
	// Acknowledged: it was done, says a 2xx.
	Acknowledged Outcome = "acknowledged"
	// Refused: it was not done, and nothing was, says a 4xx or a 503.
	Refused Outcome = "refused"
	// Unknown: no answer, or one that does not say: any other status.
	Unknown Outcome = "unknown"
	// Unsent: the generator never sent it.
	Unsent Outcome = "unsent"
)

// A Sample is one request of the load generator: a line of the client's journal.
type Sample struct {
	Seq      int64         `json:"seq"`      // place in the schedule, from 0
	Route    string        `json:"route"`    // one of loadgen.Routes, or a URL's host
	Intended time.Time     `json:"intended"` // when it should have been sent; latency counts from here
	Sent     time.Time     `json:"sent"`
	Latency  time.Duration `json:"latency_ns"` // from Intended to the answer's last byte
	Status   int           `json:"status"`     // of HTTP; 0 when there was no answer
	Outcome  Outcome       `json:"outcome"`
	Bytes    int64         `json:"bytes"`           // of the answer's body
	Error    string        `json:"error,omitempty"` // why there was no answer, or the problem's code
	TraceID  string        `json:"trace_id,omitempty"`
	Attempt  int           `json:"attempt,omitempty"` // from 1, where clients retry
	Tenant   string        `json:"tenant,omitempty"`  // whose customer asked, where that is somebody known

	// Of a checkout or a refund only.
	Reference shop.Reference `json:"reference,omitempty"`
	Order     string         `json:"order,omitempty"`
	Total     shop.Amount    `json:"total,omitempty"`
	Replayed  bool           `json:"replayed,omitempty"` // the answer was a stored one
	Digest    string         `json:"digest,omitempty"`   // SHA-256 of the answer's body, in hex
}

// OutcomeOf returns what an HTTP status says about what was asked for.
func OutcomeOf(status int) Outcome {
	switch {
	case status >= 200 && status < 300:
		return Acknowledged
	case status >= 400 && status < 500, status == 503:
		return Refused
	default:
		return Unknown
	}
}

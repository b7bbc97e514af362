package acquirer

import (
	"errors"
	"fmt"

	"brownout/internal/loop"
	"brownout/internal/shop"
)

// A Statement keeps the records of a bank, in order. It belongs to the bank's loop.
type Statement interface {
	// Load returns all records that were appended before, the oldest first. A bank
	// calls it once, before its first Append.
	Load() []Record
	// Append adds a record behind those of earlier calls, and returns when it is
	// durable, in the order of the calls. After an error it is not known
	// whether the record is there, and every later call returns an error too.
	Append(t *loop.Task, r Record) error
}

// A Record is what one order did: a movement, an answer to be remembered, or both.
type Record struct {
	Line   *shop.StatementLine `json:"line,omitzero"`
	Answer *Answer             `json:"answer,omitzero"`
}

// An Answer is what an idempotency key was answered with.
type Answer struct {
	Key string `json:"key"`
	// Digest tells the order that had the key from others.
	Digest string `json:"digest"`
	Status int    `json:"status"`
	Type   string `json:"type"` // the media type of the body
	Body   string `json:"body"`
}

// Check returns an error unless the record may follow a statement whose last movement
// has the sequence number last.
func (r Record) Check(last int64) error {
	if r.Line == nil && r.Answer == nil {
		return errors.New("a record with neither a movement nor an answer")
	}
	if r.Answer != nil && (r.Answer.Key == "" || r.Answer.Digest == "" || r.Answer.Status < 200 || r.Answer.Status > 599) {
		return errors.New("an answer without a key, a digest or a status")
	}
	if r.Line == nil {
		return nil
	}
	return checkMovement(r.Line, last)
}

func checkMovement(m *shop.StatementLine, last int64) error {
	switch {
	case m.Seq != last+1:
		return fmt.Errorf("movement %d after %d", m.Seq, last)
	case m.Charge == "":
		return fmt.Errorf("movement %d is of no charge", m.Seq)
	case m.Amount.Check("") != nil:
		return fmt.Errorf("movement %d is of %d cents", m.Seq, m.Amount)
	}
	switch m.Status {
	case shop.ChargeAuthorised, shop.ChargeCaptured, shop.ChargeVoided, shop.ChargeRefunded:
		return nil
	}
	return fmt.Errorf("movement %d makes a charge %q", m.Seq, m.Status)
}

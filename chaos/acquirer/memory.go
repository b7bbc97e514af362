package acquirer

import (
	"slices"
	"time"

	"brownout/internal/loop"
)

// A Memory is a Statement in memory. It outlives the bank that uses it: a simulation
// gives it to the next one after a crash.
type Memory struct {
	// Delay is how long it takes until a record is durable. Records whose bank
	// crashes meanwhile are lost. It is set before use.
	Delay time.Duration

	records []Record
}

// NewMemory makes an empty statement.
func NewMemory() *Memory { return &Memory{} }

// Load implements Statement.
func (m *Memory) Load() []Record { return slices.Clone(m.records) }

// Append implements Statement.
func (m *Memory) Append(t *loop.Task, r Record) error {
	if m.Delay > 0 {
		if err := t.Sleep(m.Delay); err != nil { // timers of one length fire in the order in which they were set
			return err
		}
	}
	m.records = append(m.records, r)
	return nil
}

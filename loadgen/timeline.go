package loadgen

import (
	"errors"
	"fmt"
	"time"

	"brownout/chaos/evidence"
)

// maxSlots bounds those of a Timeline.
const maxSlots = 512

// A Timeline says how a run went over time: what came of the requests that were due in each slot of
// time, from the beginning of the schedule on. A slot is a second, or, so that there are never more
// than 512 of them, a second times a power of two. The zero value is empty. One goroutine may use it
// at a time.
type Timeline struct {
	Width time.Duration `json:"width_ns"` // of a slot; 0 stands for a second
	Slots []Slot        `json:"slots"`

	began time.Time
}

// A Slot is what came of the requests that were due in a slot of time.
type Slot struct {
	Scheduled    int64 `json:"scheduled"`
	Acknowledged int64 `json:"acknowledged"`
	Refused      int64 `json:"refused"`
	Unknown      int64 `json:"unknown"`
	Unsent       int64 `json:"unsent"`

	Latency  evidence.Histogram `json:"latency"`  // from when it was due, of all that was sent
	Lateness evidence.Histogram `json:"lateness"` // from when it was due to when it was sent, of first attempts
}

// Add counts a sample.
func (t *Timeline) Add(s *evidence.Sample) {
	at := max(s.Intended.Sub(t.began), 0)
	for at/t.width() >= maxSlots {
		t.coarsen()
	}
	t.grow(int(at/t.width()) + 1)
	t.Slots[at/t.width()].add(s)
}

func (t *Timeline) width() time.Duration {
	if t.Width == 0 {
		t.Width = time.Second
	}
	return t.Width
}

func (t *Timeline) grow(slots int) {
	for len(t.Slots) < slots {
		t.Slots = append(t.Slots, Slot{})
	}
}

// coarsen makes one slot of each two.
func (t *Timeline) coarsen() {
	t.Width = 2 * t.width()
	for i := range t.Slots {
		if i%2 == 0 {
			t.Slots[i/2] = t.Slots[i]
		} else {
			t.Slots[i/2].merge(&t.Slots[i])
		}
	}
	t.Slots = t.Slots[:(len(t.Slots)+1)/2]
}

// Merge adds a timeline of the same schedule, which it may change. An error says what is wrong with
// that one; then nothing is added.
func (t *Timeline) Merge(other *Timeline) error {
	if err := other.check(); err != nil {
		return err
	}
	for t.width() < other.width() {
		t.coarsen()
	}
	for other.width() < t.width() {
		other.coarsen()
	}
	t.grow(len(other.Slots))
	for i := range other.Slots {
		t.Slots[i].merge(&other.Slots[i])
	}
	return nil
}

// check refuses what no Add can have made.
func (t *Timeline) check() error {
	seconds := int64(t.width() / time.Second)
	if t.Width%time.Second != 0 || seconds < 1 || seconds&(seconds-1) != 0 || t.Width > MaxLength {
		return fmt.Errorf("a timeline with slots of %v: want a second times a power of two", t.Width)
	}
	if len(t.Slots) > maxSlots {
		return fmt.Errorf("a timeline of %d slots: at most %d are allowed", len(t.Slots), maxSlots)
	}
	for i := range t.Slots {
		if s := &t.Slots[i]; min(s.Scheduled, s.Acknowledged, s.Refused, s.Unknown, s.Unsent) < 0 {
			return errors.New("a timeline whose counts are below nought")
		}
	}
	return nil
}

// add counts a sample.
func (s *Slot) add(sample *evidence.Sample) {
	first := sample.Attempt <= 1
	if first {
		s.Scheduled++
	}
	switch sample.Outcome {
	case evidence.Unsent:
		s.Unsent++
		return
	case evidence.Acknowledged:
		s.Acknowledged++
	case evidence.Refused:
		s.Refused++
	default:
		s.Unknown++
	}
	s.Latency.Add(sample.Latency)
	if first {
		s.Lateness.Add(sample.Sent.Sub(sample.Intended))
	}
}

// merge adds another slot.
func (s *Slot) merge(other *Slot) {
	s.Scheduled += other.Scheduled
	s.Acknowledged += other.Acknowledged
	s.Refused += other.Refused
	s.Unknown += other.Unknown
	s.Unsent += other.Unsent
	s.Latency.Merge(other.Latency)
	s.Lateness.Merge(other.Lateness)
}

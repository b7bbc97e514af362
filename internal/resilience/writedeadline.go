package resilience

import "time"

// patientWrite is what a part of an answer may take while write-deadline is off.
const patientWrite = 2 * time.Minute

// A WriteLimit bounds how long the parts of an answer may take until their client has
// taken them, and so sets the rate at which it must. Any goroutine may use it.
type WriteLimit struct {
	guard
	within time.Duration
	slow   *refusal
}

// NewWriteDeadline makes a limit: each part may take so long. While the protection is off,
// it may take two minutes.
func NewWriteDeadline(r *Registry, target string, within time.Duration) *WriteLimit {
	w := &WriteLimit{guard: newGuard(r, WriteDeadline, target), within: within}
	w.slow = w.refusal("slow")
	return w
}

// Deadline returns by when a part must be taken that is begun now.
func (w *WriteLimit) Deadline(now time.Time) time.Time {
	if !w.on() {
		return now.Add(patientWrite)
	}
	w.admitted.Inc()
	return now.Add(w.within)
}

// Missed counts a client that was left because it did not take a part in time.
func (w *WriteLimit) Missed() { w.slow.count.Inc() }

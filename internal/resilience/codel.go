package resilience

import (
	"sync"
	"time"
)

// CoDelConfig says from when on a wait is too long.
type CoDelConfig struct {
	// Target is what the least wait of an interval must stay below; 0 means 5 ms.
	Target time.Duration
	// Interval is how long at least one in the line is given to wait for less; 0
	// means 100 ms.
	Interval time.Duration
}

// An AgeLimit refuses work that has waited too long, as Facebook's servers do (Maurer,
// "Fail at scale", ACM Queue 13(8), 2015) after Nichols and Jacobson's CoDel (RFC 8289). A
// line that is long now and then does no harm. One in which, for a whole interval, nobody
// waited for less than the target is a standing one, and whoever waits in it is late: from
// then on, and until in an interval somebody has waited for less, work that has waited for
// twice the target is refused. Any goroutine may use it.
type AgeLimit struct {
	guard
	config CoDelConfig
	late   *refusal

	mu       sync.Mutex
	until    time.Time     // the end of the interval
	least    time.Duration // the least wait in it
	standing bool          // whether that of the last one was the target or more
}

// NewCoDel makes an age limit. It is told of the work that waits by those who call Admit,
// or by the lines that it is set over.
func NewCoDel(r *Registry, target string, c CoDelConfig) *AgeLimit {
	if c.Target <= 0 {
		c.Target = 5 * time.Millisecond
	}
	if c.Interval <= 0 {
		c.Interval = 100 * time.Millisecond
	}
	a := &AgeLimit{guard: newGuard(r, CoDel, target), config: c}
	a.late = a.refusal("late")
	return a
}

// Over has the age limit set over a line, and returns it. On the loop only, if the line
// is a group.
func (a *AgeLimit) Over(line Line) *AgeLimit {
	line.SetShed(a.Admit)
	return a
}

// Admit says whether work that has waited so long, 0 included, is begun. It must be asked
// about all the work of a line that Pass is not told of.
func (a *AgeLimit) Admit(waited time.Duration) error {
	if !a.on() {
		return nil
	}
	if a.isStanding(waited) && waited > 2*a.config.Target {
		return a.late.reject()
	}
	a.admitted.Inc()
	return nil
}

// Pass takes into account work that is begun however long it has waited.
func (a *AgeLimit) Pass(waited time.Duration) {
	if a.on() {
		a.isStanding(waited)
		a.admitted.Inc()
	}
}

// isStanding takes a wait into account.
func (a *AgeLimit) isStanding(waited time.Duration) bool {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Before(a.until) {
		a.least = min(a.least, waited)
		return a.standing
	}
	recent := now.Before(a.until.Add(a.config.Interval)) // else nobody came for an interval
	a.standing = recent && a.least >= a.config.Target
	a.until, a.least = now.Add(a.config.Interval), waited
	return a.standing
}

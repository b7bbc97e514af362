package resilience_test

import (
	"testing"
	"time"

	"brownout/internal/resilience"
)

func TestWriteDeadline(t *testing.T) {
	r := newMeasured()
	w := resilience.NewWriteDeadline(r.Registry, "answers", 5*time.Second)
	now := time.Now()
	if got := w.Deadline(now).Sub(now); got != 5*time.Second {
		t.Errorf("on: %v", got)
	}
	set(t, r.Registry, resilience.WriteDeadline, false)
	if got := w.Deadline(now).Sub(now); got != 2*time.Minute {
		t.Errorf("off: %v", got)
	}
	w.Missed()
	r.check(t, "admissions_total{write-deadline,answers}", 1)
	r.check(t, "rejections_total{write-deadline,slow,answers}", 1)
}

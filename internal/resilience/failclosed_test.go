package resilience_test

import (
	"testing"

	"brownout/internal/resilience"
)

func TestFailClosed(t *testing.T) {
	r := newMeasured()
	g := resilience.NewFailClosed(r.Registry, "payments")
	if g.Open() || !g.Closed() {
		t.Error("it is open")
	}
	set(t, r.Registry, resilience.FailClosed, false)
	if !g.Open() || g.Closed() {
		t.Error("off, it is closed")
	}
	r.check(t, "rejections_total{fail-closed,unrecorded,payments}", 1)
}

package telemetry_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/telemetry"
)

func TestGoodputIsWhatIsRightAndInTime(t *testing.T) {
	for _, tt := range []struct {
		status  int
		took    time.Duration
		verdict string
	}{
		{200, time.Second, "good"},
		{201, time.Second + 1, "late"},
		{404, 0, "good"}, // it is not there, and that is right
		{409, 2 * time.Second, "late"},
		{429, 0, "wrong"},
		{500, 0, "wrong"},
		{503, time.Hour, "wrong"},
	} {
		reg := prometheus.NewRegistry()
		m := telemetry.NewGoodputMetrics(reg, map[string]time.Duration{"order": time.Second, "checkout": time.Minute})
		m.Observe("order", tt.status, tt.took)
		m.Observe("nonsense", tt.status, tt.took)
		for _, verdict := range []string{"good", "late", "wrong"} {
			want := 0.0
			if verdict == tt.verdict {
				want = 1
			}
			expect(t, reg, "brownout_goodput_requests_total{route=order,verdict="+verdict+"}", want)
			expect(t, reg, "brownout_goodput_requests_total{route=checkout,verdict="+verdict+"}", 0)
		}
		if n := len(gather(t, reg)); n != 6 {
			t.Errorf("%d series, want 6", n)
		}
	}
}

func TestNoGoodputWithoutPatience(t *testing.T) {
	reg := prometheus.NewRegistry()
	telemetry.NewGoodputMetrics(reg, nil).Observe("order", 200, ms)
	if values := gather(t, reg); len(values) != 0 {
		t.Errorf("there are %v", values)
	}
}

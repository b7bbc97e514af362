package lab

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"brownout/internal/service"
)

// seen is a look, some seconds after the first, at a part that has answered so many
// requests, each within 10 ms, and so many within 20 ms.
func seen(t *testing.T, seconds, fast, slow int) view {
	t.Helper()
	const text = `# TYPE brownout_http_requests_total counter
brownout_http_requests_total{route="r",status="200"} %[1]d
# TYPE brownout_protection_rejections_total counter
brownout_protection_rejections_total{protection="p"} %[1]d
# TYPE brownout_http_request_duration_seconds histogram
brownout_http_request_duration_seconds_bucket{route="r",le="0.01"} %[2]d
brownout_http_request_duration_seconds_bucket{route="r",le="0.02"} %[1]d
brownout_http_request_duration_seconds_bucket{route="r",le="+Inf"} %[1]d
brownout_http_request_duration_seconds_sum{route="r"} 1
brownout_http_request_duration_seconds_count{route="r"} %[1]d
`
	parser := expfmt.NewTextParser(model.UTF8Validation)
	metrics, err := parser.TextToMetricFamilies(strings.NewReader(fmt.Sprintf(text, fast+slow, fast)))
	if err != nil {
		t.Fatal(err)
	}
	active := float64(fast + slow)
	return view{at: time.Unix(int64(seconds), 0), metrics: metrics, loop: service.LoopReport{Active: active, Idle: 3 * active}}
}

func TestWhatAPartDidBetweenTwoLooks(t *testing.T) {
	for _, tt := range []struct {
		name          string
		before, after view
		rate          float64
		p50           time.Duration
	}{
		{"one second", seen(t, 0, 100, 100), seen(t, 1, 120, 100), 20, 5 * time.Millisecond},
		{"slow looks", seen(t, 0, 100, 100), seen(t, 4, 120, 100), 5, 5 * time.Millisecond},
		{"a restart", seen(t, 0, 100, 100), seen(t, 1, 0, 10), 10, 15 * time.Millisecond},
		{"a restart, and more fast ones than before", seen(t, 0, 1, 100), seen(t, 1, 10, 10), 20, 10 * time.Millisecond},
		{"a restart, and more than before, but fewer fast ones", seen(t, 0, 10, 0), seen(t, 1, 0, 20), 20, 15 * time.Millisecond},
		{"a restart, and no request yet", seen(t, 0, 100, 100), seen(t, 1, 0, 0), 0, 0},
	} {
		part := between("a", tt.before, tt.after)
		var r RouteStatus
		if len(part.Routes) > 0 {
			r = part.Routes[0]
		}
		if r.Rate != tt.rate || r.P50 != tt.p50 || part.Refused["p"] != tt.rate {
			t.Errorf("%s: %+v, refused %v, want %v and %v", tt.name, r, part.Refused, tt.rate, tt.p50)
		}
		if tt.rate > 0 && part.Utilisation != 0.25 {
			t.Errorf("%s: utilisation %v", tt.name, part.Utilisation)
		}
	}
}

package service

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/resilience"
)

// TestAnswersMustBeTaken has a client take an answer of four parts, one in a while.
func TestAnswersMustBeTaken(t *testing.T) {
	for name, tt := range map[string]struct {
		on    bool
		pause time.Duration
		taken int // parts
	}{
		"at once":                  {true, 0, 4},
		"just fast enough":         {true, 4 * time.Second, 4},
		"too slow":                 {true, 6 * time.Second, 0},
		"slow, off":                {false, 100 * time.Second, 4},
		"slower than anybody, off": {false, 130 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				metrics := prometheus.NewRegistry()
				r := resilience.NewRegistry(metrics)
				if err := r.Set(map[resilience.Name]bool{resilience.WriteDeadline: tt.on}); err != nil {
					t.Fatal(err)
				}
				near, far := net.Pipe()
				g := newDoor(nil, 1, resilience.NewWriteDeadline(r, "answers", 5*time.Second)).welcome(near)
				left := make(chan struct{})
				go func() {
					defer close(left)
					for range 4 {
						time.Sleep(tt.pause)
						if _, err := io.CopyN(io.Discard, far, maxPart); err != nil {
							return
						}
					}
				}()
				n, err := g.Write(make([]byte, 4*maxPart))
				if n != tt.taken*maxPart || (err == nil) != (tt.taken == 4) {
					t.Errorf("%d bytes, %v; want %d parts", n, err, tt.taken)
				}
				_ = near.Close()
				<-left
				_ = far.Close()
				missed := 0
				if tt.taken < 4 {
					missed = 1
				}
				if got := rejections(t, metrics); got != float64(missed) {
					t.Errorf("%v clients are counted as too slow, want %d", got, missed)
				}
			})
		})
	}
}

// rejections is how many the metrics know of, of all protections.
func rejections(t *testing.T, metrics *prometheus.Registry) (n float64) {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "brownout_protection_rejections_total" {
			for _, m := range f.GetMetric() {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}

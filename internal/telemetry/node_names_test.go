package telemetry_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"brownout/internal/loop"
	"brownout/internal/telemetry"
)

const lagOf = "nodejs_eventloop_lag_"

func TestLoopByTheNamesOfNode(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := telemetry.NewLoopMetrics(reg)
	for _, series := range []string{"seconds", "min_seconds", "max_seconds", "mean_seconds", "stddev_seconds", "p50_seconds", "p90_seconds", "p99_seconds"} {
		expect(t, reg, lagOf+series, 0)
	}
	for range 95 {
		m.LoopDelay(0)
	}
	for range 5 {
		m.LoopDelay(20 * ms)
	}
	m.TurnEnd(busyTurn())
	expect(t, reg, lagOf+"seconds", .02)
	expect(t, reg, lagOf+"min_seconds", 0)
	expect(t, reg, lagOf+"max_seconds", .02)
	expect(t, reg, lagOf+"p50_seconds", 1e-6)
	expect(t, reg, lagOf+"p90_seconds", 1e-6)
	expect(t, reg, lagOf+"p99_seconds", .02)
	expect(t, reg, "nodejs_eventloop_utilization", .5)
	near := func(series string, want float64) {
		t.Helper()
		if got := gather(t, reg)[series]; math.Abs(got-want) > want/16 {
			t.Errorf("%s is %v, want about %v", series, got, want)
		}
	}
	near(lagOf+"mean_seconds", .001)
	near(lagOf+"stddev_seconds", .00436) // √(.05 × .95) × 20 ms
}

// Prom-client asks the loop, and has no answer while that is blocked; here, lag says so.
func TestLagGrowsWhileTheLoopIsBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		m := telemetry.NewLoopMetrics(reg)
		l := loop.New(loop.Config{ExitWhenIdle: true, Observer: m})
		m.Watch(l)
		err := l.Run(func() {
			l.SetTimeout("hog", ms, func() {
				time.Sleep(time.Second)
				expect(t, reg, lagOf+"seconds", 1)
				expect(t, reg, lagOf+"max_seconds", 0)
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// The figures are in the order that their names promise, whatever the delays are.
func TestFiguresOfTheLagAreInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		reg := prometheus.NewRegistry()
		m := telemetry.NewLoopMetrics(reg)
		for _, d := range rapid.SliceOfN(rapid.Int64Range(0, int64(time.Hour)), 1, 50).Draw(rt, "delays") {
			m.LoopDelay(time.Duration(d))
		}
		values := gather(t, reg)
		of := func(name string) float64 { return values[lagOf+name+"_seconds"] }
		lowest, highest := of("min"), of("max")
		if !(lowest <= of("p50") && of("p50") <= of("p90") && of("p90") <= of("p99") && of("p99") <= highest) {
			rt.Errorf("percentiles: %v", values)
		}
		if mean := of("mean"); mean < lowest || mean > highest {
			rt.Errorf("the mean %v is not from %v to %v", mean, lowest, highest)
		}
	})
}

package telemetry_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/telemetry"
)

func TestInFlightMetricsKeepTheMostOfTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		m := telemetry.NewInFlightMetrics(reg)
		second := time.Now()
		for _, c := range []struct {
			at   time.Duration // of the look
			note []int         // just before it
			want float64
		}{
			{0, nil, 0},
			{100 * time.Millisecond, []int{1, 200, 7}, 200},
			{900 * time.Millisecond, []int{3}, 200},
			{1900 * time.Millisecond, []int{5}, 200},
			{2 * time.Second, nil, 5},
			{2100 * time.Millisecond, []int{2, 1}, 5},
			{3 * time.Second, nil, 2},
			{time.Hour, nil, 0},
		} {
			time.Sleep(time.Until(second.Add(c.at)))
			for _, n := range c.note {
				m.Note(n, time.Now())
			}
			expect(t, reg, "brownout_http_in_flight_peak", c.want)
		}
		m.Note(9, second) // long ago
		expect(t, reg, "brownout_http_in_flight_peak", 0)
		telemetry.NewInFlightMetrics(reg).Note(4, time.Now()) // of a second life of the service
		expect(t, reg, "brownout_http_in_flight_peak", 4)
	})
}

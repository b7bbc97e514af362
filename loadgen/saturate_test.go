package loadgen_test

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// counter is a server with so many workers, each of which takes a time.
func counter(workers int, takes time.Duration) doer {
	free := make(chan struct{}, workers)
	return func(_ *fasthttp.Request, answer *fasthttp.Response, _ time.Time) error {
		answer.Reset()
		free <- struct{}{}
		time.Sleep(takes)
		<-free
		return nil
	}
}

func TestSaturationIsWorkersByServiceTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := loadgen.Saturation{Scenario: fixed(t), Doer: counter(8, 50*time.Millisecond), Clients: 24, Warmup: time.Second, Length: 2 * time.Second}
		samples := 0
		rate, err := s.Measure(t.Context(), func(s *evidence.Sample) { samples++ })
		if err != nil || math.Abs(rate-160) > 4 || samples < 480 {
			t.Errorf("%v a second, %d samples, error %v; want 160", rate, samples, err)
		}
	})
}

// A server with fewer places than there are clients is not asked all the time for one.
func TestSaturationIsNoStormOfRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serve, under := counter(8, 50*time.Millisecond), atomic.Int64{}
		bounded := doer(func(q *fasthttp.Request, answer *fasthttp.Response, deadline time.Time) error {
			defer under.Add(-1)
			if under.Add(1) <= 16 {
				return serve(q, answer, deadline)
			}
			time.Sleep(100 * time.Microsecond)
			answer.Reset()
			answer.SetStatusCode(fasthttp.StatusServiceUnavailable)
			return nil
		})
		s := loadgen.Saturation{Scenario: fixed(t), Doer: bounded, Clients: 24, Warmup: time.Second, Length: 2 * time.Second}
		refused := 0
		rate, err := s.Measure(t.Context(), func(s *evidence.Sample) {
			if s.Outcome == evidence.Refused {
				refused++
			}
		})
		if err != nil || math.Abs(rate-160) > 4 || refused == 0 || refused > 600 {
			t.Errorf("%v a second, %d refused, error %v; want 160, and at most 600", rate, refused, err)
		}
	})
}

func TestInterruptedSaturationSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		s := loadgen.Saturation{Scenario: fixed(t), Doer: counter(1, 50*time.Millisecond), Clients: 2, Length: time.Minute}
		if _, err := s.Measure(ctx, func(*evidence.Sample) {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

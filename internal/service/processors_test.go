package service

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestProcessorsFollowThePool sees GOMAXPROCS rise with the first job and fall after a
// second without one.
func TestProcessorsFollowThePool(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	synctest.Test(t, func(t *testing.T) {
		var busy atomic.Bool
		p := newProcessors(runtime.NumCPU(), busy.Load)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go p.run(ctx)
		expect := func(when string, want int) {
			t.Helper()
			synctest.Wait()
			if got := runtime.GOMAXPROCS(0); got != want {
				t.Errorf("%s: %d processors, want %d", when, got, want)
			}
		}
		expect("at rest", p.rest)
		for range 3 {
			p.submitted()
			expect("after a job", p.work)
			time.Sleep(restAfter / 2)
		}
		expect("half a second after the last job", p.work)
		busy.Store(true)
		time.Sleep(5 * restAfter)
		expect("while the last job goes on", p.work)
		busy.Store(false)
		time.Sleep(2 * restAfter)
		expect("when the pool is at rest again", p.rest)
		p.submitted()
		expect("after another job", p.work)
	})
}

// TestProcessorsLeaveWhatTheEnvironmentSays runs until it is told to end otherwise.
func TestProcessorsLeaveWhatTheEnvironmentSays(t *testing.T) {
	t.Setenv("GOMAXPROCS", "3")
	before := runtime.GOMAXPROCS(0)
	p := newProcessors(4, nil)
	p.submitted()
	p.run(t.Context())
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("%d processors, want %d as before", got, before)
	}
}

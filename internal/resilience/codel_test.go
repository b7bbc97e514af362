package resilience_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

const ms = time.Millisecond

// Waits are told one by one, in ms, each 10 ms after the one before; "-" is one of which
// nobody is told, and "|" marks an interval. A wait with ! is refused.
func TestCoDel(t *testing.T) {
	for name, waits := range map[string]string{
		"short waits":                    "0 1 4 0 2 4 3 1 0 4 | 4 0",
		"a long wait now and then":       "0 500 500 500 500 500 500 500 500 500 | 500 500",
		"a burst, of which one was fast": "500 500 500 4 500 500 500 500 500 500 | 500 500",
		"a standing line":                "5 50 50 50 50 50 50 50 50 50 | 50! 50! 11! 10 9 5 50! 50! 50! 50! | 50!",
		"which goes away":                "50 50 50 50 50 50 50 50 50 50 | 50! 0 50! 50! 50! 50! 50! 50! 50! 50! | 50 50",
		"nobody comes for an interval":   "50 - - - - - - - - - | - - - - - - - - - - | 50 50",
		"nobody comes for half of one":   "50 - - - - - - - - - | - - - - - 50! 50!",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := resilience.NewCoDel(resilience.NewRegistry(nil), "requests", resilience.CoDelConfig{})
				for i, text := range strings.Fields(strings.ReplaceAll(waits, "| ", "")) {
					var wait int
					if _, err := fmt.Sscan(strings.TrimSuffix(text, "!"), &wait); err == nil {
						if err := a.Admit(time.Duration(wait) * ms); (err != nil) != strings.HasSuffix(text, "!") {
							t.Errorf("wait %d, %s: %v", i, text, err)
						}
					}
					time.Sleep(10 * ms)
				}
			})
		})
	}
}

func TestCoDelIsSwitched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newMeasured()
		a := resilience.NewCoDel(r.Registry, "requests", resilience.CoDelConfig{Target: time.Second, Interval: 2 * time.Second})
		admit := func(want string) {
			t.Helper()
			checkRejected(t, a.Admit(3*time.Second), want)
			time.Sleep(time.Second)
		}
		admit("")
		admit("")
		admit("codel: requests: late")
		set(t, r.Registry, resilience.CoDel, false)
		admit("")
		set(t, r.Registry, resilience.CoDel, true)
		admit("codel: requests: late")
		r.check(t, "admissions_total{codel,requests}", 2)
		r.check(t, "rejections_total{codel,late,requests}", 2)
	})
}

// Calls of a second come to a group of one at twice its rate. Without codel all are late.
func TestCoDelOverAGroup(t *testing.T) {
	for _, c := range []struct {
		on     bool
		served int
		oldest time.Duration // of those that were served
	}{{false, 40, 20 * time.Second}, {true, 22, 4 * time.Second}} {
		onLoop(t, func(task *loop.Task) {
			r := newMeasured()
			set(t, r.Registry, resilience.CoDel, c.on)
			g := loop.NewGroup(task.Loop(), loop.GroupConfig{Limit: 1, Queue: 100})
			resilience.NewCoDel(r.Registry, "bank", resilience.CoDelConfig{Target: time.Second, Interval: 3 * time.Second}).Over(g)
			served, oldest := 0, time.Duration(0)
			for range 40 {
				spawn(task, func(t *loop.Task) {
					came := time.Now()
					waited, err := loop.Go(t, g, func(context.Context) (time.Duration, error) {
						defer time.Sleep(time.Second)
						return time.Since(came), nil
					})
					if err == nil {
						served++
						oldest = max(oldest, waited)
					}
				})
				task.Sleep(500 * ms)
			}
			task.Sleep(time.Minute)
			if served != c.served || oldest > c.oldest || oldest < c.oldest/2 {
				t.Errorf("on %v: %d were served, the oldest after %v; want %d, %v", c.on, served, oldest, c.served, c.oldest)
			}
		})
	}
}

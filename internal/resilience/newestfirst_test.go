package resilience_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/resilience"
)

// Five jobs come to a pool of one worker at once.
func TestNewestFirstInAPool(t *testing.T) {
	for _, c := range []struct {
		on    bool
		takes time.Duration
		order string
		count float64
	}{
		{true, time.Second, "0 4 3 2 1", 3},
		{true, 50 * ms, "0 1 2 4 3", 1},
		{false, time.Second, "0 1 2 3 4", 0},
	} {
		onLoop(t, func(task *loop.Task) {
			r := newMeasured()
			set(t, r.Registry, resilience.NewestFirst, c.on)
			p := pool.New(pool.Config{Workers: 1})
			defer p.Close()
			class := p.Class("hash", pool.ClassConfig{})
			resilience.NewNewestFirst(r.Registry, "hash", class)
			var order []string
			for i := range 5 {
				spawn(task, func(t *loop.Task) {
					loop.Offload(t, class, func(context.Context) (int, error) {
						order = append(order, fmt.Sprint(i))
						time.Sleep(c.takes)
						return 0, nil
					})
				})
			}
			task.Sleep(time.Minute)
			if got := strings.Join(order, " "); got != c.order {
				t.Errorf("on %v, jobs of %v: the order is %s, want %s", c.on, c.takes, got, c.order)
			}
			r.check(t, "admissions_total{newest-first,hash}", c.count)
		})
	}
}

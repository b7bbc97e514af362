package fault_test

import (
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/fault"
)

// Some may end before all have begun. From then on each that begins has more of its kind before it in the queue than there are workers,
// and what it waits for behind them.
func TestNestDeadlocks(t *testing.T) {
	withPool(t, func(c *crew) {
		c.inject("pool.nest", "class=export inner=export jobs=8", fault.Spec{})
		time.Sleep(time.Second)
		before := c.pool.Stats()
		time.Sleep(30 * time.Second)
		s := c.pool.Stats()
		if s.Nested != 4 || s.Idle != 0 || s.Classes[1].Completed > 8 || s.Classes[1].Completed != before.Classes[1].Completed {
			t.Errorf("%+v after %d", s, c.hits("pool.nest"))
		}
		began := time.Now()
		c.ClearAll()
		if took := c.wait(c.export); took != 0 || time.Since(began) != 0 {
			t.Errorf("a job waits for %v after the end", took)
		}
		synctest.Wait()
		if s := c.pool.Stats(); s.Nested != 0 || s.Idle != 4 {
			t.Errorf("%+v", s)
		}
	})
}

// A share that leaves a worker to the jobs that are waited for is the cure.
func TestNestInABulkheadGoesOn(t *testing.T) {
	withPool(t, func(c *crew) {
		c.inject("pool.nest", "class=hash jobs=6 for=10ms", fault.Spec{})
		time.Sleep(10*time.Second + 5*time.Millisecond)
		if n := c.hits("pool.nest"); n < 900 || n > 1010 { // one worker, 10 ms each
			t.Errorf("%d went on in 10 s", n)
		}
	})
}

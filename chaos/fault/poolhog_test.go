package fault_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/pool"
	"brownout/internal/shop"
)

// A crew is a pool of four workers, with an injector.
type crew struct {
	*injected
	pool         *pool.Pool
	hash, export *pool.Class  // hash may hold three workers
	told         atomic.Int64 // how often the host was told that there is work
}

// withPool runs fn with a pool in virtual time.
func withPool(t *testing.T, fn func(*crew)) {
	t.Helper()
	virtually(t, func(t *testing.T) {
		c := &crew{pool: pool.New(pool.Config{})}
		defer c.pool.Close()
		c.hash = c.pool.Class("hash", pool.ClassConfig{Share: 3, Queue: 4})
		c.export = c.pool.Class("export", pool.ClassConfig{})
		c.injected = injector(t, fault.Catalogue(fault.Host{Pool: c.pool, Working: func() { c.told.Add(1) }})...)
		defer c.ClearAll()
		fn(c)
	})
}

// wait returns how long a job of a class takes to be done that takes no time itself.
func (c *crew) wait(class *pool.Class) time.Duration {
	c.t.Helper()
	began := time.Now()
	if err := class.Do(context.Background(), "probe", func(context.Context) error { return nil }); err != nil {
		c.t.Error(err)
	}
	return time.Since(began)
}

func TestHogTakesWorkers(t *testing.T) {
	withPool(t, func(c *crew) {
		c.inject("pool.hog", "jobs=4 for=1s", fault.Spec{})
		synctest.Wait()
		if idle, took := c.pool.Stats().Idle, c.wait(c.export); idle != 0 || took != time.Second {
			t.Errorf("%d workers are idle, a job waits for %v", idle, took)
		}
		time.Sleep(5500 * time.Millisecond)
		began := time.Now()
		time.AfterFunc(100*time.Millisecond, c.ClearAll)
		if c.wait(c.export); time.Since(began) != 100*time.Millisecond {
			t.Errorf("a job waits for %v after the end", time.Since(began)-100*time.Millisecond)
		}
		synctest.Wait()
		if n, s := c.hits("pool.hog"), c.pool.Stats(); n < 24 || n > 28 || s.Idle != 4 || c.told.Load() == 0 {
			t.Errorf("%d jobs in 6.6 s, told of %d; then %+v", n, c.told.Load(), s)
		}
	})
}

func TestHogKeepsToItsClass(t *testing.T) {
	withPool(t, func(c *crew) {
		c.inject("pool.hog", "class=hash jobs=20 for=1s", fault.Spec{})
		time.Sleep(10500 * time.Millisecond)
		for _, class := range c.pool.Stats().Classes {
			if class.Name == "hash" && (class.Running != 3 || class.Queued != 4 || class.Refused == 0) {
				t.Errorf("%+v", class)
			}
		}
		if took := c.wait(c.export); took != 0 {
			t.Errorf("a job of another class waits for %v", took)
		}
		c.ClearAll()
		synctest.Wait()
		if took, n := c.wait(c.hash), c.hits("pool.hog"); took != 0 || n < 33 || n > 34 {
			t.Errorf("after the end a job waits for %v; %d of 33 ran", took, n)
		}
	})
}

func TestHogMindsFirstAndToxicity(t *testing.T) {
	withPool(t, func(c *crew) {
		c.inject("pool.hog", "jobs=4 for=10ms", fault.Spec{First: 10})
		time.Sleep(time.Minute)
		if n := c.hits("pool.hog"); n != 10 {
			t.Errorf("%d of the first 10", n)
		}
		c.inject("pool.hog", "jobs=1 for=10ms", fault.Spec{Toxicity: 0.5})
		time.Sleep(10 * time.Second)
		if n := c.hits("pool.hog") - 10; n < 450 || n > 550 {
			t.Errorf("%d of some 500", n)
		}
	})
}

func TestHogOfNoClass(t *testing.T) {
	withPool(t, func(c *crew) {
		for _, kind := range []string{"pool.hog", "pool.nest"} {
			_, err := c.Inject(fault.Spec{Fault: kind, Params: paramsOf("class=hush"), TTL: time.Minute})
			refusal(t, kind, err, shop.CodeInvalid, "/params/class")
		}
		_, err := c.Inject(fault.Spec{Fault: "pool.nest", Params: paramsOf("inner=hush"), TTL: time.Minute})
		refusal(t, "inner", err, shop.CodeInvalid, "/params/inner")
		if got := c.pool.Stats(); got.Idle != 4 {
			t.Errorf("%+v", got)
		}
	})
}

package pool_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/pool"
)

// The workers of a new pool are idle at once, also before their goroutines have begun.
func TestANewPoolTakesWorkersPlusQueue(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	synctest.Test(t, func(t *testing.T) {
		p := pool.New(pool.Config{Workers: 4})
		defer p.Close()
		if got := p.Stats().Idle; got != 4 {
			t.Errorf("%d workers are idle", got)
		}
		class := p.Class("a", pool.ClassConfig{Queue: 1})
		for i := range 4 + 1 {
			if err := class.Submit(t.Context(), sleeper("a", time.Second)); err != nil {
				t.Errorf("job %d: %v", i, err)
			}
		}
	})
}

// A job that comes while the observer is told of the one before has not waited
// since before it came. The sleep stands for the observer's work.
func TestNoJobWaitsLessThanNothing(t *testing.T) {
	observer := &asking{}
	inBubble(t, pool.Config{Workers: 1, Observer: observer}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{})
		observer.ask = func() {
			observer.ask = func() {}
			time.Sleep(2 * time.Second)
			submit(t, class, sleeper("a2", time.Second))
			time.Sleep(2 * time.Second)
		}
		submit(t, class, job{name: "a1"})
		time.Sleep(time.Minute)
		want := pool.Counts{Completed: 2, Wait: 2 * time.Second, Run: time.Second, MaxWait: 2 * time.Second, MaxRun: time.Second}
		if got := p.Stats().Classes[0].Counts; got != want {
			t.Errorf("counted %+v, want %+v", got, want)
		}
	})
}

// A job that waits for many is one worker that waits.
func TestAJobThatWaitsForManyIsOneWorker(t *testing.T) {
	var told nestings
	inBubble(t, pool.Config{Workers: 4, OnNested: told.add}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{})
		submit(t, class, job{name: "outer", run: func(ctx context.Context) {
			var inner sync.WaitGroup
			for range 4 {
				inner.Go(func() { do(t, ctx, class, "inner", func(context.Context) { time.Sleep(time.Second) }) })
			}
			inner.Wait()
		}})
		synctest.Wait()
		if got := p.Stats().Nested; got != 1 {
			t.Errorf("%d workers wait", got)
		}
		p.Close()
		one := pool.Nested{Outer: "outer", Inner: "inner", Class: "a", Waiting: 1, Workers: 4, Held: 1, Share: 4}
		told.expect(t, one, one, one, one)
	})
}

// Once the job that it waited for is done, a worker does not wait any more, even
// if it has not noticed yet.
func TestAnAnsweredWorkerDoesNotWait(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // lest it notices at once
	var told nestings
	inBubble(t, pool.Config{Workers: 2, OnNested: told.add}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{})
		for range 3 {
			submit(t, class, job{name: "outer", run: func(ctx context.Context) {
				do(t, ctx, class, "inner", func(context.Context) { time.Sleep(time.Second) })
			}})
			time.Sleep(time.Second / 2)
			submit(t, class, job{name: "next", run: func(ctx context.Context) { // on the worker of inner
				do(t, ctx, class, "last", func(context.Context) {})
			}})
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		for _, n := range told.list {
			if n.Deadlocked() {
				t.Errorf("%+v is called a deadlock", n)
			}
		}
	})
}

// Every bound below zero is Unbounded, and says so.
func TestANegativeBoundIsUnbounded(t *testing.T) {
	inBubble(t, pool.Config{}, func(t *testing.T, p *pool.Pool) {
		p.Class("a", pool.ClassConfig{Queue: -7})
		if got := p.Stats().Classes[0].Bound; got != pool.Unbounded {
			t.Errorf("bound %d", got)
		}
	})
}

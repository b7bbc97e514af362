package pool_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/pool"
)

// fill submits n jobs of a second and returns how many were accepted. Nothing but
// ErrFull may refuse one, and no job may be accepted after one was refused.
func fill(t *testing.T, c *pool.Class, n int, runs *atomic.Int32) (accepted int) {
	t.Helper()
	for i := range n {
		err := c.Submit(t.Context(), job{
			name: "job",
			run:  func(context.Context) { runs.Add(1); time.Sleep(time.Second) },
			drop: func(err error) { t.Errorf("job %d was dropped: %v", i, err) },
		})
		switch {
		case err == nil && accepted == i:
			accepted++
		case err == nil:
			t.Errorf("job %d was accepted after one was refused", i)
		case !errors.Is(err, pool.ErrFull):
			t.Errorf("job %d: %v", i, err)
		}
	}
	return accepted
}

func TestQueueBound(t *testing.T) {
	for name, row := range map[string]struct {
		workers, share, queue, jobs, accepted int
	}{
		"one and one":           {1, 0, 1, 4, 1 + 1},
		"workers and queue":     {4, 0, 3, 9, 4 + 3},
		"share and queue":       {4, 2, 3, 9, 2 + 3},
		"exactly as many":       {2, 0, 2, 4, 2 + 2},
		"queue larger than all": {2, 0, 9, 5, 5},
		"default":               {2, 0, 0, 1100, 2 + pool.DefaultQueue},
		"default workers":       {0, 0, 1, 9, pool.DefaultWorkers + 1},
		"unbounded":             {2, 1, pool.Unbounded, 3000, 3000},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pool.Config{Workers: row.workers}, func(t *testing.T, p *pool.Pool) {
				class := p.Class("a", pool.ClassConfig{Share: row.share, Queue: row.queue})
				other := p.Class("b", pool.ClassConfig{Queue: 1})
				var runs atomic.Int32
				if got := fill(t, class, row.jobs, &runs); got != row.accepted {
					t.Errorf("accepted %d, want %d", got, row.accepted)
				}
				submit(t, other, sleeper("b", time.Second)) // has a queue of its own
				p.Close()
				s := p.Stats().Classes[0]
				if int(runs.Load()) != row.accepted || s.Completed != uint64(row.accepted) || s.Refused != uint64(row.jobs-row.accepted) {
					t.Errorf("ran %d, counted %+v; want %d", runs.Load(), s.Counts, row.accepted)
				}
			})
		})
	}
}

func TestConfigureChangesTheQueueBound(t *testing.T) {
	inBubble(t, pool.Config{Workers: 1}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{Queue: 2})
		var runs atomic.Int32
		start := time.Now()
		expect := func(what string, jobs, accepted, queued int) {
			t.Helper()
			if got := fill(t, class, jobs, &runs); got != accepted {
				t.Errorf("%s: accepted %d, want %d", what, got, accepted)
			}
			if got := p.Stats().Classes[0].Queued; got != queued {
				t.Errorf("%s: %d wait, want %d", what, got, queued)
			}
		}
		expect("at first", 4, 3, 2)
		class.Configure(pool.ClassConfig{Queue: 4})
		expect("longer", 4, 2, 4)
		class.Configure(pool.ClassConfig{Queue: 1})
		expect("shorter", 2, 0, 4)
		at(start, 3*time.Second)
		expect("shrunk to the bound", 2, 0, 1)
		at(start, 4*time.Second)
		expect("shrunk below the bound", 2, 1, 1)
		class.Configure(pool.ClassConfig{Queue: pool.Unbounded})
		expect("unbounded", 2000, 2000, 2001)
		class.Configure(pool.ClassConfig{})
		expect("default", 2, 0, 2001)
	})
}

func TestJobsThatExpireInTheQueue(t *testing.T) {
	left := errors.New("the caller has left")
	cancelled := func(cause error) func(context.Context) context.Context {
		return func(parent context.Context) context.Context {
			ctx, cancel := context.WithCancelCause(parent)
			time.AfterFunc(time.Second, func() { cancel(cause) })
			return ctx
		}
	}
	deadline := func(d time.Duration, cause error) func(context.Context) context.Context {
		return func(parent context.Context) context.Context {
			ctx, cancel := context.WithTimeoutCause(parent, d, cause)
			context.AfterFunc(ctx, cancel)
			return ctx
		}
	}
	for name, row := range map[string]struct {
		ctx  func(context.Context) context.Context
		keep bool
		want string
	}{
		"cancelled":           {cancelled(nil), false, "drop at 3s: context canceled"},
		"cancelled for":       {cancelled(left), false, "drop at 3s: the caller has left"},
		"timed out":           {deadline(2*time.Second, nil), false, "drop at 3s: context deadline exceeded"},
		"timed out for":       {deadline(2*time.Second, left), false, "drop at 3s: the caller has left"},
		"at the last instant": {deadline(3*time.Second-1, nil), false, "drop at 3s: context deadline exceeded"},
		"not yet":             {deadline(3*time.Second+1, nil), false, "run at 3s: <nil>"},
		"never":               {context.WithoutCancel, false, "run at 3s: <nil>"},
		"kept, cancelled":     {cancelled(left), true, "run at 3s: the caller has left"},
		"kept, timed out":     {deadline(2*time.Second, nil), true, "run at 3s: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			var seen observed
			inBubble(t, pool.Config{Workers: 1, Observer: &seen}, func(t *testing.T, p *pool.Pool) {
				p.SetDropExpired(!row.keep)
				class := p.Class("a", pool.ClassConfig{})
				start := time.Now()
				var happened journal
				submit(t, class, sleeper("first", 3*time.Second))
				if err := class.Submit(row.ctx(t.Context()), job{
					name: "second",
					run:  func(ctx context.Context) { happened.add("run at %v: %v", time.Since(start), context.Cause(ctx)) },
					drop: func(err error) { happened.add("drop at %v: %v", time.Since(start), err) },
				}); err != nil {
					t.Fatal(err)
				}
				p.Close()
				happened.expect(t, row.want)

				want := pool.Counts{Completed: 2, Wait: 3 * time.Second, Run: 3 * time.Second, MaxWait: 3 * time.Second, MaxRun: 3 * time.Second}
				line := "a done: waited 3s, ran 0s"
				if cause, dropped := cutDrop(row.want); dropped {
					want.Completed, want.Expired, want.Wait, want.MaxWait = 1, 1, 0, 0
					line = "a dropped: waited 3s: " + cause
				}
				if got := p.Stats().Classes[0].Counts; got != want {
					t.Errorf("counted %+v, want %+v", got, want)
				}
				seen.expect(t, "a done: waited 0s, ran 3s", line)
			})
		})
	}
}

// An expired job is dropped by an idle worker, too, and frees worker and share.
func TestAJobThatHasExpiredBeforeIsTakenAndDropped(t *testing.T) {
	inBubble(t, pool.Config{Workers: 1}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{Share: 1})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var happened journal
		drop := func(err error) { happened.add("%v", err) }
		for range 3 {
			if err := class.Submit(ctx, job{name: "late", drop: drop, run: func(context.Context) { t.Error("was run") }}); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		happened.expect(t, "context canceled", "context canceled", "context canceled")
		submit(t, class, job{name: "next", run: func(context.Context) { happened.add("next") }})
		synctest.Wait()
		happened.expect(t, "context canceled", "context canceled", "context canceled", "next")
	})
}

// An expired job takes room in the queue until its turn comes.
func TestExpiredJobsCountAgainstTheBound(t *testing.T) {
	inBubble(t, pool.Config{Workers: 1}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{Queue: 1})
		ctx, cancel := context.WithCancel(t.Context())
		submit(t, class, sleeper("first", time.Second))
		if err := class.Submit(ctx, job{name: "second"}); err != nil {
			t.Error(err)
		}
		cancel()
		synctest.Wait()
		if err := class.Submit(t.Context(), job{name: "third"}); !errors.Is(err, pool.ErrFull) {
			t.Errorf("third: %v", err)
		}
	})
}

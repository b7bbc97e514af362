package pool_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/pool"
)

func expectClosed(t *testing.T, c *pool.Class) {
	t.Helper()
	never := func(context.Context) { t.Error("a refused job was run") }
	drop := func(err error) { t.Errorf("a refused job was dropped: %v", err) }
	if err := c.Submit(t.Context(), job{name: "late", run: never, drop: drop}); !errors.Is(err, pool.ErrClosed) {
		t.Errorf("Submit: %v", err)
	}
	err := c.Do(t.Context(), "late", func(ctx context.Context) error { never(ctx); return nil })
	if !errors.Is(err, pool.ErrClosed) {
		t.Errorf("Do: %v", err)
	}
}

// Six jobs of a second are taken; how long Close takes tells how many ran at once.
func TestCloseFinishesWhatWasTaken(t *testing.T) {
	for name, row := range map[string]struct {
		workers, share int
		takes          time.Duration
	}{
		"one worker":    {1, 0, 6 * time.Second},
		"two workers":   {2, 0, 3 * time.Second},
		"a share":       {6, 2, 3 * time.Second},
		"no queue left": {6, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pool.Config{Workers: row.workers}, func(t *testing.T, p *pool.Pool) {
				class := p.Class("a", pool.ClassConfig{Share: row.share})
				var done atomic.Int32
				for range 6 {
					submit(t, class, job{name: "a", run: func(context.Context) { time.Sleep(time.Second); done.Add(1) }})
				}
				start := time.Now()
				var closers sync.WaitGroup
				for range 3 {
					closers.Go(func() {
						p.Close()
						if took := time.Since(start); took != row.takes || done.Load() != 6 {
							t.Errorf("took %v, want %v; %d of 6 jobs were done", took, row.takes, done.Load())
						}
					})
				}
				synctest.Wait()
				expectClosed(t, class)
				closers.Wait()
				p.Close()
				expectClosed(t, class)
				if s := p.Stats(); s.Idle != 0 || s.Busy != nil || s.Classes[0].Queued != 0 || s.Classes[0].Running != 0 || s.Classes[0].Refused != 0 {
					t.Errorf("stats at the end: %+v", s)
				}
			})
		})
	}
}

func TestCloseOfAPoolThatWasNeverUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool.New(pool.Config{}) // whose workers may not have begun
		class := p.Class("a", pool.ClassConfig{})
		p.Close()
		expectClosed(t, class)
	})
}

// Close drains what is there; what a job adds meanwhile is refused, and what
// has expired meanwhile is dropped. A class that is held back is drained, too.
func TestWhileClosing(t *testing.T) {
	inBubble(t, pool.Config{Workers: 3}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{Share: 2})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var happened journal
		submit(t, class, job{name: "a1", run: func(context.Context) { time.Sleep(2 * time.Second); expectClosed(t, class) }})
		submit(t, class, sleeper("a2", 4*time.Second))
		if err := class.Submit(ctx, job{name: "a3", drop: func(err error) { happened.add("a3: %v", err) }}); err != nil {
			t.Error(err)
		}
		submit(t, class, sleeper("a4", time.Second))
		submit(t, class, job{name: "a5", run: func(context.Context) { happened.add("a5") }})
		start := time.Now()
		time.AfterFunc(time.Second, func() { class.Configure(pool.ClassConfig{Share: 1}) })
		p.Close()
		happened.expect(t, "a3: context deadline exceeded", "a5")
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

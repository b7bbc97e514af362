package pool_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/pool"
)

// A nestings keeps what OnNested is told.
type nestings struct {
	mu   sync.Mutex
	list []pool.Nested
}

func (n *nestings) add(nested pool.Nested) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, nested)
}

func (n *nestings) expect(t *testing.T, want ...pool.Nested) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.list, want) {
		t.Errorf("told of %+v, want %+v", n.list, want)
	}
}

func do(t *testing.T, ctx context.Context, c *pool.Class, name string, fn func(context.Context)) {
	t.Helper()
	if err := c.Do(ctx, name, func(ctx context.Context) error { fn(ctx); return nil }); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func TestAJobThatWaitsForItsOwnPoolIsRecognised(t *testing.T) {
	background := func(t *testing.T) context.Context { return context.Background() }
	for name, plain := range map[string]func(*testing.T) context.Context{"background": background, "cancellable": (*testing.T).Context} {
		t.Run(name, func(t *testing.T) {
			var told nestings
			inBubble(t, pool.Config{Workers: 4, OnNested: told.add}, func(t *testing.T, p *pool.Pool) {
				a, b := p.Class("a", pool.ClassConfig{}), p.Class("b", pool.ClassConfig{})
				do(t, plain(t), a, "outer", func(ctx context.Context) {
					ctx = context.WithValue(ctx, userKey{}, "derived")
					do(t, ctx, b, "middle", func(ctx context.Context) {
						do(t, ctx, a, "inner", func(context.Context) {
							if got := p.Stats().Nested; got != 2 {
								t.Errorf("%d wait", got)
							}
						})
					})
					synctest.Wait()
				})
				told.expect(t,
					pool.Nested{Outer: "outer", Inner: "middle", Class: "b", Waiting: 1, Workers: 4, Held: 0, Share: 4},
					pool.Nested{Outer: "middle", Inner: "inner", Class: "a", Waiting: 2, Workers: 4, Held: 1, Share: 4},
				)
				if got := p.Stats().Nested; got != 0 {
					t.Errorf("%d wait at the end", got)
				}
			})
		})
	}
}

func TestWhatIsNotNested(t *testing.T) {
	for name, wait := range map[string]func(t *testing.T, ctx context.Context, own, other *pool.Class){
		"another pool": func(t *testing.T, ctx context.Context, own, other *pool.Class) {
			do(t, ctx, other, "inner", func(context.Context) {})
		},
		"another goroutine": func(t *testing.T, ctx context.Context, own, other *pool.Class) {
			var g sync.WaitGroup
			g.Go(func() { do(t, t.Context(), own, "inner", func(context.Context) {}) })
			g.Wait()
		},
		"a submission": func(t *testing.T, ctx context.Context, own, other *pool.Class) {
			done := make(chan bool)
			if err := own.Submit(ctx, job{name: "inner", run: func(context.Context) { close(done) }}); err != nil {
				t.Error(err)
			}
			<-done
		},
	} {
		t.Run(name, func(t *testing.T) {
			var told nestings
			inBubble(t, pool.Config{Workers: 2, OnNested: told.add}, func(t *testing.T, p *pool.Pool) {
				q := pool.New(pool.Config{Workers: 1, OnNested: told.add})
				defer q.Close()
				own, other := p.Class("own", pool.ClassConfig{}), q.Class("other", pool.ClassConfig{})
				do(t, t.Context(), own, "outer", func(ctx context.Context) { wait(t, ctx, own, other) })
				told.expect(t)
			})
		})
	}
}

// A refused job is not waited for.
func TestARefusalIsNotNested(t *testing.T) {
	var told nestings
	inBubble(t, pool.Config{Workers: 1, OnNested: told.add}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{Queue: 1})
		submit(t, class, job{name: "outer", run: func(ctx context.Context) {
			time.Sleep(time.Second)
			err := class.Do(ctx, "inner", func(context.Context) error { return nil })
			if !errors.Is(err, pool.ErrFull) {
				t.Errorf("inner: %v", err)
			}
		}})
		submit(t, class, job{name: "next"})
		time.Sleep(2 * time.Second)
		told.expect(t)
		if got := p.Stats().Nested; got != 0 {
			t.Errorf("%d wait at the end", got)
		}
	})
}

// Two jobs on two workers wait for a third and a fourth, until they lose patience.
func TestDeadlock(t *testing.T) {
	var told nestings
	inBubble(t, pool.Config{Workers: 2, OnNested: told.add}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{})
		start := time.Now()
		outer := func(name, inner string, begin time.Duration) {
			submit(t, class, job{name: name, run: func(ctx context.Context) {
				time.Sleep(begin)
				ctx, cancel := context.WithTimeout(ctx, time.Minute)
				defer cancel()
				err := class.Do(ctx, inner, func(context.Context) error { t.Errorf("%s was run", inner); return nil })
				if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != begin+time.Minute {
					t.Errorf("%s: %v after %v", inner, err, took)
				}
				time.Sleep(time.Minute) // so that both inner jobs have expired
			}})
		}
		outer("outer1", "inner1", 1*time.Second)
		outer("outer2", "inner2", 2*time.Second)

		at(start, 1*time.Second)
		first := pool.Nested{Outer: "outer1", Inner: "inner1", Class: "a", Waiting: 1, Workers: 2, Held: 1, Share: 2}
		told.expect(t, first)
		at(start, 30*time.Second)
		second := pool.Nested{Outer: "outer2", Inner: "inner2", Class: "a", Waiting: 2, Workers: 2, Held: 2, Share: 2}
		told.expect(t, first, second)
		if first.Deadlocked() || !second.Deadlocked() {
			t.Errorf("deadlocked: %t, %t", first.Deadlocked(), second.Deadlocked())
		}
		if s := p.Stats(); s.Nested != 2 || s.Idle != 0 || s.Classes[0].Queued != 2 || s.Classes[0].Completed != 0 {
			t.Errorf("in the deadlock: %+v", s)
		}
		at(start, 61*time.Second)
		if s := p.Stats(); s.Nested != 1 || s.Classes[0].Queued != 2 {
			t.Errorf("when the first has lost patience: %+v", s)
		}
		p.Close()
		if s := p.Stats(); s.Nested != 0 || s.Classes[0].Completed != 2 || s.Classes[0].Expired != 2 {
			t.Errorf("after it: %+v", s)
		}
	})
}

func TestDeadlocked(t *testing.T) {
	for _, row := range []struct {
		n    pool.Nested
		want bool
	}{
		{pool.Nested{Waiting: 1, Workers: 1, Held: 0, Share: 1}, true},
		{pool.Nested{Waiting: 1, Workers: 2, Held: 0, Share: 2}, false},
		{pool.Nested{Waiting: 1, Workers: 2, Held: 1, Share: 1}, true},
		{pool.Nested{Waiting: 2, Workers: 2, Held: 0, Share: 1}, true},
		{pool.Nested{Waiting: 3, Workers: 4, Held: 1, Share: 2}, false},
		{pool.Nested{Waiting: 3, Workers: 4, Held: 2, Share: 2}, true},
	} {
		if got := row.n.Deadlocked(); got != row.want {
			t.Errorf("%+v: %t", row.n, got)
		}
	}
}

// A class that waits for itself with all of its share is deadlocked although other
// workers are idle.
func TestAShareCanDeadlock(t *testing.T) {
	var told nestings
	inBubble(t, pool.Config{Workers: 4, OnNested: told.add}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{Share: 1})
		submit(t, class, job{name: "outer", run: func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			err := class.Do(ctx, "inner", func(context.Context) error { return nil })
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("inner: %v", err)
			}
		}})
		synctest.Wait()
		want := pool.Nested{Outer: "outer", Inner: "inner", Class: "a", Waiting: 1, Workers: 4, Held: 1, Share: 1}
		told.expect(t, want)
		if !want.Deadlocked() {
			t.Error("not deadlocked")
		}
	})
}

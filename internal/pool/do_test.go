package pool_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/pool"
)

func TestDoReturnsWhatTheFunctionReturns(t *testing.T) {
	broken := errors.New("broken")
	for name, want := range map[string]error{"nothing": nil, "an error": broken} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pool.Config{}, func(t *testing.T, p *pool.Pool) {
				start, result := time.Now(), ""
				got := p.Class("a", pool.ClassConfig{}).Do(t.Context(), "a1", func(context.Context) error {
					time.Sleep(time.Second)
					result = "done"
					return want
				})
				if got != want || result != "done" || time.Since(start) != time.Second {
					t.Errorf("error %v, result %q after %v", got, result, time.Since(start))
				}
			})
		})
	}
}

// A job of 3 s holds the only worker, and Do is given another of 3 s.
func TestDoReturnsWhenItsContextIsDone(t *testing.T) {
	left := errors.New("the caller has left")
	for name, row := range map[string]struct {
		timeout time.Duration
		want    error
		ran     bool
	}{
		"before":        {0, left, false},
		"in the queue":  {time.Second, left, false},
		"while it runs": {5 * time.Second, left, true},
		"too late":      {7 * time.Second, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pool.Config{Workers: 1}, func(t *testing.T, p *pool.Pool) {
				class := p.Class("a", pool.ClassConfig{})
				submit(t, class, sleeper("first", 3*time.Second))
				ctx, cancel := context.WithTimeoutCause(t.Context(), row.timeout, left)
				defer cancel()
				start, ran := time.Now(), false
				err := class.Do(ctx, "second", func(context.Context) error {
					time.Sleep(3 * time.Second)
					ran = true
					return nil
				})
				if took := time.Since(start); err != row.want || took != min(row.timeout, 6*time.Second) {
					t.Errorf("error %v after %v", err, took)
				}
				p.Close()
				if ran != row.ran { // to its end, whether or not anybody waited for it
					t.Errorf("ran: %t", ran)
				}
			})
		})
	}
}

// The cause comes by way of Drop when it is the pool that notices first.
func TestDoReturnsWhyItsJobWasDropped(t *testing.T) {
	inBubble(t, pool.Config{Workers: 1}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{})
		err := class.Do(expired{t.Context()}, "a1", func(context.Context) error {
			t.Error("was run")
			return nil
		})
		if err != context.DeadlineExceeded {
			t.Errorf("error %v", err)
		}
	})
}

// expired is a context that has an error, but whose channel was never closed.
type expired struct{ context.Context }

func (expired) Done() <-chan struct{} { return nil }
func (expired) Err() error            { return context.DeadlineExceeded }

func TestDoIsRefused(t *testing.T) {
	inBubble(t, pool.Config{Workers: 1}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{Queue: 1})
		submit(t, class, sleeper("a1", time.Second))
		submit(t, class, sleeper("a2", time.Second))
		start := time.Now()
		err := class.Do(t.Context(), "a3", func(context.Context) error { t.Error("was run"); return nil })
		if !errors.Is(err, pool.ErrFull) || time.Since(start) != 0 {
			t.Errorf("error %v after %v", err, time.Since(start))
		}
	})
}

type userKey struct{}

func TestAJobsContextIsItsCallers(t *testing.T) {
	inBubble(t, pool.Config{Workers: 2}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{})
		left := errors.New("left")
		ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), userKey{}, "ann"))
		deadline := time.Now().Add(time.Hour)
		ctx, stop := context.WithDeadline(ctx, deadline)
		defer stop()
		var happened journal
		if err := class.Submit(ctx, job{name: "a1", run: func(ctx context.Context) {
			d, ok := ctx.Deadline()
			happened.add("%v %t %t %v", ctx.Value(userKey{}), d.Equal(deadline), ok, ctx.Err())
			child, stop := context.WithCancel(ctx)
			defer stop()
			<-child.Done()
			happened.add("%v", context.Cause(child))
		}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		cancel(left)
		synctest.Wait()
		happened.expect(t, "ann true true <nil>", "left")
	})
}

// A job may leave its context to others: later jobs do not change it.
func TestAJobsContextStaysItsOwn(t *testing.T) {
	inBubble(t, pool.Config{Workers: 1}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{})
		var left []context.Context
		for i := range 100 {
			ctx := context.WithValue(t.Context(), userKey{}, i)
			if i%10 == 0 {
				ctx = context.Background()
			}
			err := class.Do(ctx, "a", func(ctx context.Context) error {
				left = append(left, ctx)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for i, ctx := range left {
			want := any(i)
			if i%10 == 0 {
				want = nil
			}
			if got := ctx.Value(userKey{}); got != want {
				t.Errorf("context %d has value %v", i, got)
			}
		}
	})
}

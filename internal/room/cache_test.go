package room

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestACacheSeesOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache[int]
		var seen atomic.Int64
		see := func() (int, error) {
			time.Sleep(100 * time.Millisecond)
			return int(seen.Add(1)), nil
		}
		ask := func(want int) {
			t.Helper()
			if got, err := c.get(t.Context(), "key", time.Second, see); got != want || err != nil {
				t.Errorf("%d, %v; want %d", got, err, want)
			}
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { ask(1) })
		}
		all.Wait()
		time.Sleep(899 * time.Millisecond) // since it was begun, not since it was over
		ask(1)
		time.Sleep(time.Millisecond)
		ask(2)
		c.forget()
		ask(3)
	})
}

// What takes longer than it is valid is not begun anew by those who come meanwhile.
func TestALongLookIsMadeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache[int]
		var seen atomic.Int64
		ask := func(want int) {
			t.Helper()
			if got, err := c.get(t.Context(), "key", time.Second, func() (int, error) {
				time.Sleep(10 * time.Second)
				return int(seen.Add(1)), nil
			}); got != want || err != nil {
				t.Errorf("%d, %v; want %d", got, err, want)
			}
		}
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() { ask(1) })
			time.Sleep(1500 * time.Millisecond)
		}
		all.Wait()
		ask(2)
	})
}

func TestACacheKeepsErrorsAndKeysApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache[string]
		broken := errors.New("broken")
		if _, err := c.get(t.Context(), "a", time.Second, func() (string, error) { return "", broken }); err != broken {
			t.Error(err)
		}
		if got, err := c.get(t.Context(), "b", time.Second, func() (string, error) { return "b", nil }); got != "b" || err != nil {
			t.Error(got, err)
		}
		if _, err := c.get(t.Context(), "a", time.Second, func() (string, error) { return "again", nil }); err != broken {
			t.Error(err)
		}
	})
}

// What is remembered for long is not so if it came to nothing.
func TestAFailureIsSoonForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache[string]
		ask := func(see string, failed error, want string) {
			t.Helper()
			if got, _ := c.get(t.Context(), "key", time.Hour, func() (string, error) { return see, failed }); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		ask("half", errors.New("broken"), "half")
		time.Sleep(failureTime - time.Nanosecond)
		ask("all", nil, "half")
		time.Sleep(time.Nanosecond)
		ask("all", nil, "all")
		time.Sleep(time.Hour - time.Nanosecond)
		ask("more", nil, "all")
	})
}

func TestWhoLeavesACacheDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache[int]
		go func() {
			_, _ = c.get(t.Context(), "key", time.Minute, func() (int, error) { time.Sleep(time.Minute); return 1, nil })
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.get(ctx, "key", time.Minute, nil); err != context.DeadlineExceeded {
			t.Error(err)
		}
		time.Sleep(time.Minute)
	})
}

// Keys come from what is asked for, so that there may be many.
func TestACacheIsBounded(t *testing.T) {
	for most, want := range map[int]int{0: maxLooks, 7: 7} {
		c := cache[int]{most: most}
		reached := 0
		for n := range 10 * maxLooks {
			if got, _ := c.get(t.Context(), time.Duration(n).String(), time.Hour, func() (int, error) { return n, nil }); got != n {
				t.Fatal(got)
			}
			reached = max(reached, len(c.looks))
		}
		if reached != want {
			t.Errorf("a bound of %d: up to %d looks, want %d", most, reached, want)
		}
	}
}

// What is too old is not kept until there is too much of it.
func TestACacheDropsWhatIsTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cache[int]
		ask := func(key string, valid time.Duration) {
			_, _ = c.get(t.Context(), key, valid, func() (int, error) { return 1, nil })
		}
		for n := range 10 {
			ask(time.Duration(n).String(), time.Duration(n+1)*time.Second)
		}
		time.Sleep(7 * time.Second)
		ask("new", time.Second)
		if len(c.looks) != 4 {
			t.Errorf("%d looks are kept, want the three that are good for longer, and the new one", len(c.looks))
		}
	})
}

// A panic in one reader's look leaves nobody waiting.
func TestAPanicIsNotWaitedFor(t *testing.T) {
	var c cache[int]
	func() {
		defer func() { _ = recover() }()
		_, _ = c.get(t.Context(), "key", time.Hour, func() (int, error) { panic("oops") })
	}()
	if _, err := c.get(t.Context(), "key", time.Hour, nil); err == nil {
		t.Error("what was not seen is there")
	}
}

func TestBroadcastsReachAll(t *testing.T) {
	var b broadcast
	b.tell() // nobody waits
	one, other := b.told(), b.told()
	b.tell()
	<-one
	<-other
	select {
	case <-b.told():
		t.Error("who comes later is told of what was")
	default:
	}
}

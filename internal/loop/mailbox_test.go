package loop_test

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"brownout/internal/loop"
)

// TestPostIsBounded fills the mailbox of a loop that does not run yet.
func TestPostIsBounded(t *testing.T) {
	for _, c := range []struct{ size, want int }{{0, 1024}, {1, 2}, {2, 2}, {3, 4}, {64, 64}, {65, 128}} {
		l := loop.New(loop.Config{Mailbox: c.size, ExitWhenIdle: true})
		var ran []int
		accepted := 0
		for l.Post("post", func() { ran = append(ran, len(ran)) }) == nil {
			accepted++
		}
		if err := l.Post("post", func() {}); !errors.Is(err, loop.ErrFull) {
			t.Errorf("Mailbox %d: a full mailbox says %v", c.size, err)
		}
		if got := l.State().Depths.Mailbox; accepted != c.want || got != c.want {
			t.Errorf("Mailbox %d: %d accepted, %d shown, want %d", c.size, accepted, got, c.want)
		}
		l.Run(nil)
		if len(ran) != accepted {
			t.Errorf("Mailbox %d: %d accepted, %d run", c.size, accepted, len(ran))
		}
	}
}

// TestPostedWorkRunsOnceInOrder has producers that post as fast as they can while
// the loop is closed under them: what was accepted runs, once, in each producer's
// order, and nothing else does.
func TestPostedWorkRunsOnceInOrder(t *testing.T) {
	const producers, each = 8, 2000
	for range 20 {
		l := loop.New(loop.Config{Mailbox: 16})
		var next [producers]int // the loop's: what comes next of each producer
		var accepted [producers]int
		var total atomic.Int64
		ended := make(chan error)
		go func() { ended <- l.Run(nil) }()
		var wg sync.WaitGroup
		for p := range producers {
			wg.Go(func() {
				for accepted[p] < each {
					n := accepted[p]
					err := l.Post("post", func() {
						if next[p] != n {
							t.Errorf("producer %d: %d came when %d was due", p, n, next[p])
						}
						next[p]++
					})
					switch {
					case err == nil:
						accepted[p]++
						total.Add(1)
					case errors.Is(err, loop.ErrClosed):
						return
					default:
						runtime.Gosched()
					}
				}
			})
		}
		for total.Load() < each {
			runtime.Gosched()
		}
		l.Close()
		wg.Wait()
		if err := <-ended; err != nil || next != accepted {
			t.Fatalf("accepted %v, ran %v, %v", accepted, next, err)
		}
	}
}

// TestPostFromTheLoop: what a callback posts runs in a later poll phase.
func TestPostFromTheLoop(t *testing.T) {
	l := loop.New(loop.Config{ExitWhenIdle: true})
	var turns []uint64
	var post func()
	post = func() {
		if turns = append(turns, l.Turn()); len(turns) < 3 {
			l.Post("again", post)
		}
	}
	l.Run(func() { l.Post("first", post) })
	if len(turns) != 3 || turns[0] >= turns[1] || turns[1] >= turns[2] {
		t.Errorf("ran in turns %v", turns)
	}
}

func TestNilCallbacksPanic(t *testing.T) {
	l := loop.New(loop.Config{})
	for name, call := range map[string]func(){
		"Post":         func() { l.Post("nil", nil) },
		"SetTimeout":   func() { l.SetTimeout("nil", 0, nil) },
		"SetImmediate": func() { l.SetImmediate("nil", nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s takes nil", name)
				}
			}()
			call()
		}()
	}
}

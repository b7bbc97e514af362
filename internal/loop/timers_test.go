package loop_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
)

func TestTimeoutIsNeverEarly(t *testing.T) {
	for _, c := range []struct{ d, want time.Duration }{
		{-time.Second, time.Millisecond},
		{0, time.Millisecond},
		{time.Microsecond, time.Millisecond},
		{time.Millisecond, time.Millisecond},
		{1234567 * time.Nanosecond, 1234567 * time.Nanosecond},
		{time.Hour, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := loop.New(loop.Config{ExitWhenIdle: true})
			var waited time.Duration
			start := time.Now()
			l.Run(func() { l.SetTimeout("timer", c.d, func() { waited = time.Since(start) }) })
			if waited != c.want {
				t.Errorf("SetTimeout(%v) fired after %v, want %v", c.d, waited, c.want)
			}
		})
	}
}

// TestTimeoutCountsFromNow: the delay counts from the call, not from the start of
// a callback that has blocked since.
func TestTimeoutCountsFromNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{ExitWhenIdle: true})
		var waited time.Duration
		l.Run(func() {
			time.Sleep(50 * time.Millisecond)
			start := time.Now()
			l.SetTimeout("timer", 10*time.Millisecond, func() { waited = time.Since(start) })
		})
		if waited != 10*time.Millisecond {
			t.Errorf("fired after %v", waited)
		}
	})
}

func TestFarTimeoutDoesNotOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{ExitWhenIdle: true})
		fired := false
		l.Run(func() {
			far := l.SetTimeout("far", 1<<63-1, func() { fired = true })
			l.SetTimeout("near", time.Second, func() { far.Clear() })
		})
		if fired {
			t.Error("a timer 292 years away has fired")
		}
	})
}

func TestUnrefLetsTheLoopEnd(t *testing.T) {
	for _, interval := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			l := loop.New(loop.Config{ExitWhenIdle: true})
			fired := 0
			count := func() { fired++ }
			start := time.Now()
			l.Run(func() {
				if interval {
					l.SetInterval("unref", 2*time.Millisecond, count).Unref().Unref()
				} else {
					l.SetTimeout("unref", 2*time.Millisecond, count).Unref().Unref()
				}
				l.SetTimeout("ref", 3*time.Millisecond, func() {})
			})
			if fired != 1 || time.Since(start) != 3*time.Millisecond {
				t.Errorf("interval %v: fired %d times, ended after %v", interval, fired, time.Since(start))
			}
		})
	}
}

// TestZeroHandlesAreHarmless: a handle that was never set can be cleared.
func TestZeroHandlesAreHarmless(t *testing.T) {
	if (loop.Timer{}).Clear() || (loop.Timer{}).Unref().Clear() || (loop.Immediate{}).Clear() {
		t.Error("a zero handle was set")
	}
}

func TestClearedImmediatesDoNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{ExitWhenIdle: true})
		var ran []int
		l.Run(func() {
			var handles [200]loop.Immediate // more than the ring holds at first
			for i := range handles {
				handles[i] = l.SetImmediate("immediate", func() {
					ran = append(ran, i)
					if i == 0 {
						handles[2].Clear() // while the phase runs
					}
				})
			}
			if !handles[1].Clear() || handles[1].Clear() {
				t.Error("an immediate is cleared once")
			}
			l.SetTimeout("later", time.Second, func() {
				if handles[3].Clear() {
					t.Error("an immediate that ran was cleared")
				}
			})
		})
		if len(ran) != 198 || ran[1] != 3 {
			t.Errorf("ran %d: %v", len(ran), ran)
		}
	})
}

// A timerModel is the plainest set of timers: a slice, searched.
type timerModel struct {
	set     []modelTimer
	seq     int
	running *modelTimer // the interval whose callback runs, until it is cleared
}

type modelTimer struct {
	id, seq int
	due     time.Time
	every   time.Duration
}

func (m *timerModel) add(id int, due time.Time, every time.Duration) {
	m.seq++
	m.set = append(m.set, modelTimer{id, m.seq, due, every})
}

func (m *timerModel) clear(id int) bool {
	if m.running != nil && m.running.id == id {
		m.running = nil
		return true
	}
	n := len(m.set)
	m.set = slices.DeleteFunc(m.set, func(t modelTimer) bool { return t.id == id })
	return len(m.set) < n
}

// earliest takes the timer that is to fire next.
func (m *timerModel) earliest() modelTimer {
	first := slices.MinFunc(m.set, func(a, b modelTimer) int {
		if c := a.due.Compare(b.due); c != 0 {
			return c
		}
		return a.seq - b.seq
	})
	m.clear(first.id)
	return first
}

// TestTimersAgainstModel sets and clears timers at random, in main and in
// callbacks, and compares every firing with the model.
func TestTimersAgainstModel(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) { runTimers(t, seed, 200) })
	}
}

func FuzzTimersAgainstModel(f *testing.F) {
	f.Add(uint64(1), uint8(10))
	f.Fuzz(func(t *testing.T, seed uint64, ops uint8) {
		synctest.Test(t, func(t *testing.T) { runTimers(t, seed, int(ops)) })
	})
}

func runTimers(t *testing.T, seed uint64, ops int) {
	r := rand.New(rand.NewPCG(seed, 1))
	l := loop.New(loop.Config{ExitWhenIdle: true})
	model := &timerModel{}
	var handles []loop.Timer
	var act func()
	clear := func(id int) {
		if got, want := handles[id].Clear(), model.clear(id); got != want {
			t.Fatalf("seed %d: Clear of timer %d says %v, want %v", seed, id, got, want)
		}
	}
	fire := func(id int) {
		want := model.earliest()
		if want.id != id || !time.Now().Equal(want.due) {
			t.Fatalf("seed %d: timer %d fired at %v, want timer %d at %v", seed, id, time.Now(), want.id, want.due)
		}
		if want.every > 0 {
			model.running = &want
		}
		act()
		if ops == 0 && model.running != nil { // or the loop would never end
			clear(id)
		}
		if model.running != nil {
			model.add(id, want.due.Add(want.every), want.every)
			model.running = nil
		}
	}
	set := func() {
		id := len(handles)
		d := max(time.Millisecond, time.Duration(r.IntN(20))*time.Millisecond/time.Duration(1+r.IntN(3)))
		if r.IntN(5) == 0 {
			model.add(id, time.Now().Add(d), d)
			handles = append(handles, l.SetInterval("interval", d, func() { fire(id) }))
			return
		}
		model.add(id, time.Now().Add(d), 0)
		handles = append(handles, l.SetTimeout("timeout", d, func() { fire(id) }))
	}
	act = func() {
		for n := r.IntN(6); n > 0 && ops > 0; n-- {
			if ops--; r.IntN(3) > 0 || len(handles) == 0 {
				set()
			} else {
				clear(r.IntN(len(handles)))
			}
		}
	}
	l.Run(func() {
		set()
		act()
	})
	if len(model.set) > 0 {
		t.Fatalf("seed %d: %d timers never fired", seed, len(model.set))
	}
}

// TestClearedTimersDoNotPileUp behind one that stays set: deadlines are set and
// cleared by the million while a slow request lasts. Handles go on working after
// the holes have gone.
func TestClearedTimersDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{ExitWhenIdle: true})
		fired := 0
		l.Run(func() {
			var kept []loop.Timer
			for i := range 3_000_000 {
				h := l.SetTimeout("deadline", time.Hour, func() { fired++ })
				if i%100_000 == 0 {
					kept = append(kept, h)
				} else if !h.Clear() {
					t.Fatal("a timer is not set")
				}
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if m.HeapAlloc > 16<<20 {
				t.Errorf("%d MiB for %d timers", m.HeapAlloc>>20, len(kept))
			}
			for i, h := range kept {
				if i%3 == 0 && (!h.Clear() || h.Clear()) {
					t.Errorf("timer %d of those kept is not cleared once", i)
				}
			}
		})
		if fired != 20 {
			t.Errorf("%d timers fired, 20 were set", fired)
		}
	})
}

// TestTimerStructsAreReused: setting and clearing takes no memory in the long run.
func TestTimerStructsAreReused(t *testing.T) {
	l := loop.New(loop.Config{ExitWhenIdle: true})
	l.Run(func() {
		d := time.Second
		allocs := testing.AllocsPerRun(1000, func() {
			a := l.SetTimeout("a", d, func() {})
			b := l.SetTimeout("b", 2*d, func() {})
			a.Clear()
			b.Clear()
		})
		if allocs != 0 {
			t.Errorf("%v allocations", allocs)
		}
		// Durations that never come back do not pile up either.
		for i := range 100_000 {
			l.SetTimeout("c", d+time.Duration(i), func() {}).Clear()
		}
		allocs = testing.AllocsPerRun(1000, func() {
			d += 1000
			l.SetTimeout("c", d, func() {}).Clear()
		})
		if allocs > 0.5 {
			t.Errorf("%v allocations for a new duration", allocs)
		}
	})
}

func ExampleLoop_Run() {
	l := loop.New(loop.Config{ExitWhenIdle: true})
	l.Run(func() {
		fmt.Println("main")
		l.SetImmediate("immediate", func() { fmt.Println("immediate") })
		l.QueueMicrotask("microtask", func() { fmt.Println("microtask") })
		l.NextTick("tick", func() { fmt.Println("tick") })
	})
	// Output:
	// main
	// tick
	// microtask
	// immediate
}

func ExampleAwait() {
	l := loop.New(loop.Config{ExitWhenIdle: true})
	l.Run(func() {
		price := loop.NewPromise[int](l, "price")
		l.Spawn(context.Background(), "buyer", func(t *loop.Task) {
			v, err := loop.Await(t, price)
			fmt.Println("pays", v, err)
		})
		fmt.Println("the buyer waits")
		price.Resolve(42)
	})
	// Output:
	// the buyer waits
	// pays 42 <nil>
}

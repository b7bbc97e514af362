package loop_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
)

// recorder keeps what an observer is told.
type recorder struct {
	delays []time.Duration
	turns  []loop.TurnStats
}

func (r *recorder) LoopDelay(late time.Duration)  { r.delays = append(r.delays, late) }
func (r *recorder) TurnEnd(stats *loop.TurnStats) { r.turns = append(r.turns, *stats) }

const ms = time.Millisecond

// block stands for work that keeps the loop from everything else.
func block(d time.Duration) func() { return func() { time.Sleep(d) } }

func TestObserverIsToldExactly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		l := loop.New(loop.Config{ExitWhenIdle: true, Observer: &r})
		l.Run(func() {
			l.SetTimeout("a", 10*ms, block(5*ms))
			l.SetTimeout("b", 12*ms, func() {
				l.SetImmediate("c", func() {
					l.QueueMicrotask("d", block(7*ms))
					block(2 * ms)()
				})
				l.NextTick("e", block(1*ms))
			})
		})
		// Turn 1 ran main before it, then slept; turn 2 has both timers, for the
		// first one blocked past the second, but that was not due when the phase began.
		if fmt.Sprint(r.delays) != "[0s 3ms]" {
			t.Errorf("loop delays %v", r.delays)
		}
		var active, idle time.Duration
		longest := loop.Longest{}
		for _, s := range r.turns {
			active += s.Active
			idle += s.Idle
			if s.Longest.Duration > longest.Duration {
				longest = s.Longest
			}
		}
		if active != 15*ms || idle != 10*ms {
			t.Errorf("active %v, idle %v", active, idle)
		}
		if longest != (loop.Longest{Name: "c", Phase: loop.Check, Duration: 9 * ms, Callbacks: 1}) {
			t.Errorf("longest %+v", longest)
		}
		last := r.turns[len(r.turns)-1]
		if last.Phases[loop.Timers] != (loop.PhaseStats{Callbacks: 1, Duration: ms}) ||
			last.Phases[loop.Check] != (loop.PhaseStats{Callbacks: 1, Duration: 9 * ms}) || last.Microtasks != 2 {
			t.Errorf("last turn %+v", last)
		}
	})
}

// TestQuickCallbacksShareAReading: rows of quick callbacks are counted right, and
// a long one among them is found with its name.
func TestQuickCallbacksShareAReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		l := loop.New(loop.Config{ExitWhenIdle: true, Observer: &r})
		l.Run(func() {
			for i := range 1000 {
				switch i {
				case 700:
					l.SetImmediate("long", block(5*ms))
				default:
					l.SetImmediate("quick", func() {})
				}
			}
		})
		callbacks := 0
		for _, s := range r.turns {
			callbacks += s.Phases[loop.Check].Callbacks
			if s.Longest.Duration > 0 && s.Longest != (loop.Longest{Name: "long", Phase: loop.Check, Duration: 5 * ms, Callbacks: 1}) {
				t.Errorf("longest %+v", s.Longest)
			}
		}
		if callbacks != 1000 {
			t.Errorf("%d callbacks counted", callbacks)
		}
	})
}

// TestDelayProbe: without any other timer, a block shows as loop delay.
func TestDelayProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		l := loop.New(loop.Config{Observer: &r, DelayResolution: 10 * ms})
		go l.Run(nil)
		time.Sleep(35 * ms)
		l.Post("block", block(50*ms))
		time.Sleep(100 * ms)
		l.Close()
		<-l.Done()
		var worst time.Duration
		for _, d := range r.delays {
			worst = max(worst, d)
		}
		// Blocked from 35 to 85 ms, the probe of 40 ms is 45 ms late.
		if worst != 45*ms || len(r.delays) < 6 {
			t.Errorf("delays %v", r.delays)
		}
	})
}

// TestDelayProbeSeesATimerThatBlocks: nothing comes meanwhile, so the loop could sleep in the same turn.
func TestDelayProbeSeesATimerThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		l := loop.New(loop.Config{Observer: &r, DelayResolution: 10 * ms})
		go l.Run(func() { l.SetTimeout("block", 30*ms, block(50*ms)) })
		time.Sleep(100 * ms)
		l.Close()
		<-l.Done()
		// Blocked from 30 to 80 ms, the probe of 40 ms is 40 ms late.
		if slices.Max(r.delays) != 40*ms {
			t.Errorf("delays %v", r.delays)
		}
	})
}

// TestProbeLetsTheLoopSleep: at rest it is woken for a tenth of the samples, and the others count
// as on time; at work it takes each of them.
func TestProbeLetsTheLoopSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		l := loop.New(loop.Config{Observer: &r, DelayResolution: 10 * ms})
		go l.Run(nil)
		time.Sleep(1005 * ms)
		l.Post("at rest no more", func() {})
		synctest.Wait()
		if r.delays[len(r.delays)-1] != 0 || len(r.delays) != 100 || len(r.turns) != 11 { // with main; one that sleeps has not ended
			t.Errorf("at rest: %d samples in %d turns, %v", len(r.delays), len(r.turns), r.delays)
		}
		r = recorder{}
		for range 20 {
			l.Post("work", block(25*ms))
		}
		l.Close()
		<-l.Done()
		if len(r.delays) == 0 || slices.Max(r.delays) < 25*ms {
			t.Errorf("at work: %v", r.delays)
		}
	})
}

// TestUtilisation in virtual time: 30 ms of work in 100.
func TestUtilisation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{})
		go l.Run(nil)
		synctest.Wait()
		before := l.State()
		if before.Busy != 0 {
			t.Errorf("an idle loop is busy: %+v", before)
		}
		time.Sleep(50 * ms)
		l.Post("work", block(30*ms))
		time.Sleep(20 * ms)
		if s := l.State(); s.Busy != 20*ms || s.Running != "work" || s.Phase != loop.Poll {
			t.Errorf("while it works: %+v", s)
		}
		time.Sleep(30 * ms)
		if u := l.State().Utilisation(before); u != 0.3 {
			t.Errorf("utilisation %v", u)
		}
		if u := before.Utilisation(before); u != 0 {
			t.Errorf("utilisation of no time %v", u)
		}
		l.Close()
		<-l.Done()
	})
}

// TestIdleLoopStandsStill: with nothing to do but wait, whether for a timer, for a
// call or for whatever may come, a loop does not turn.
func TestIdleLoopStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{})
		go l.Run(nil)
		l.Post("setup", func() {
			l.SetTimeout("soon", ms, func() {})
			l.SetTimeout("later", time.Minute, func() {})
			l.SetTimeout("cleared", time.Second, func() {}).Clear()
		})
		for _, wait := range []time.Duration{10 * ms, time.Hour} { // before the last timer, and after
			time.Sleep(wait)
			before := l.State().Turn
			time.Sleep(10 * time.Second)
			if turns := l.State().Turn - before; turns > 1 { // the cleared timer's alarm may ring
				t.Errorf("%d turns in 10 idle seconds", turns)
			}
		}
		l.Close()
		<-l.Done()
	})
}

// TestStateShowsDepths while the loop is blocked.
func TestStateShowsDepths(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{})
		go l.Run(nil)
		g := loop.NewGroup(l, loop.GroupConfig{})
		l.Post("setup", func() {
			l.SetTimeout("far", time.Hour, func() {})
			l.Spawn(context.Background(), "task", func(t *loop.Task) {
				loop.Go(t, g, func(ctx context.Context) (int, error) {
					<-ctx.Done()
					return 0, nil
				})
			})
		})
		synctest.Wait()
		l.Post("block", block(time.Second))
		time.Sleep(ms)
		for range 5 {
			l.Post("waits", func() {})
		}
		got := l.State().Depths
		if got != (loop.Depths{Timers: 1, Mailbox: 5, Tasks: 1, Operations: 1}) {
			t.Errorf("%+v", got)
		}
		l.Close()
		<-l.Done()
	})
}

// TestTurnsAllocateNothing: neither does the loop that tells an observer, nor a
// loop that sets timers, immediates, ticks and microtasks in every turn.
func TestTurnsAllocateNothing(t *testing.T) {
	const turns = 20_000
	l := loop.New(loop.Config{ExitWhenIdle: true, Observer: quiet{}})
	var before, after runtime.MemStats
	l.Run(func() {
		n := 0
		nothing := func() {}
		var again func()
		again = func() {
			switch n++; n {
			case 100: // the queues have their size
				runtime.ReadMemStats(&before)
			case 100 + turns:
				runtime.ReadMemStats(&after)
				return
			}
			l.SetTimeout("timer", time.Hour, nothing).Clear()
			l.NextTick("tick", nothing)
			l.QueueMicrotask("microtask", nothing)
			l.Post("post", nothing)
			l.SetImmediate("again", again)
		}
		again()
	})
	if allocs := after.Mallocs - before.Mallocs; allocs > turns/100 {
		t.Errorf("%d allocations in %d turns", allocs, turns)
	}
}

type quiet struct{}

func (quiet) LoopDelay(time.Duration) {}
func (quiet) TurnEnd(*loop.TurnStats) {}

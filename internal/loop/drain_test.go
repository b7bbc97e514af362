package loop_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
)

// storm lets a callback queue itself again for ever, n of them side by side.
func storm(queue func(string, func()), n int) (count *int) {
	count = new(int)
	var again func()
	again = func() {
		*count++
		queue("storm", again)
	}
	for range n {
		queue("storm", again)
	}
	return count
}

// TestBudgetLetsOthersThrough: with a budget, timers fire on time, posted work and
// immediates run, in spite of a storm of ticks or microtasks.
func TestBudgetLetsOthersThrough(t *testing.T) {
	for name, queue := range map[string]func(*loop.Loop) func(string, func()){
		"ticks":      func(l *loop.Loop) func(string, func()) { return l.NextTick },
		"microtasks": func(l *loop.Loop) func(string, func()) { return l.QueueMicrotask },
	} {
		for _, semantics := range []loop.Semantics{loop.NodeOrder, loop.HandbookOrder} {
			t.Run(name+"/"+semantics.String(), func(t *testing.T) {
				l := loop.New(loop.Config{MicrotaskBudget: 50, Semantics: semantics, Grace: -1, Unwind: time.Nanosecond})
				seen := map[string]uint64{}
				note := func(what string) func() { return func() { seen[what] = l.Turn() } }
				var count *int
				most := 0 // of the storm, before the close phase
				l.OnClose("count", func() { most = *count })
				err := l.Run(func() {
					count = storm(queue(l), 3)
					l.SetImmediate("immediate", note("immediate"))
					l.Post("post", note("post"))
					l.SetTimeout("timer", time.Millisecond, func() {
						note("timer")()
						l.Close()
					})
				})
				if err != nil || len(seen) != 3 {
					t.Fatal(seen, err)
				}
				if turns := int(l.Turn()); most > 50*turns || most < 100 {
					t.Errorf("%d storm callbacks in %d turns", most, turns)
				}
			})
		}
	}
}

// TestBudgetLetsTasksThrough: a storm in one of the two queues takes nothing from the other. A
// task goes on after each of its waits, and a tick comes, at a turn each at most.
func TestBudgetLetsTasksThrough(t *testing.T) {
	for name, queue := range map[string]func(*loop.Loop) func(string, func()){
		"ticks":      func(l *loop.Loop) func(string, func()) { return l.NextTick },
		"microtasks": func(l *loop.Loop) func(string, func()) { return l.QueueMicrotask },
	} {
		for _, semantics := range []loop.Semantics{loop.NodeOrder, loop.HandbookOrder} {
			t.Run(name+"/"+semantics.String(), func(t *testing.T) {
				l := loop.New(loop.Config{MicrotaskBudget: 50, Semantics: semantics, Grace: -1, Unwind: time.Nanosecond})
				waits, turns := 0, uint64(0)
				err := l.Run(func() {
					var again func()
					again = func() {
						if l.Turn() < 500 { // so that a loop that starves its tasks ends, too
							queue(l)("storm", again)
						}
					}
					again()
					l.Spawn(t.Context(), "task", func(task *loop.Task) {
						for ; waits < 20; waits++ {
							ticked := loop.NewPromise[struct{}](l, "tick")
							l.NextTick("tick", func() { ticked.Resolve(struct{}{}) })
							loop.Await(task, ticked)
						}
						turns = l.Turn()
						l.Close()
					})
				})
				if err != nil || waits < 20 || turns > 50 {
					t.Errorf("%d waits of 20 in %d turns, %v", waits, turns, err)
				}
			})
		}
	}
}

// TestBudgetKeepsOrder: what is put off runs in the order in which it was queued.
func TestBudgetKeepsOrder(t *testing.T) {
	for budget := 1; budget < 12; budget++ {
		l := loop.New(loop.Config{MicrotaskBudget: budget, ExitWhenIdle: true})
		var got []int
		l.Run(func() {
			for i := range 10 {
				l.QueueMicrotask("microtask", func() { got = append(got, i) })
			}
		})
		if !slices.IsSorted(got) || len(got) != 10 {
			t.Errorf("budget %d: %v", budget, got)
		}
	}
}

// TestBudgetStopsAStormThatRuns switches the budget on from outside, while a turn
// does not end.
func TestBudgetStopsAStormThatRuns(t *testing.T) {
	l := loop.New(loop.Config{Grace: -1, Unwind: time.Nanosecond})
	ended := make(chan error)
	go func() { ended <- l.Run(func() { storm(l.NextTick, 1) }) }()
	for l.State().Running != "storm" {
	}
	before := l.State()
	for l.State().Microtasks < before.Microtasks+10_000 { // published while the turn goes on
	}
	if s := l.State(); s.Turn != 0 || s.Running != "storm" || s.Phase != loop.Main || s.Utilisation(before) < 0.9 {
		t.Errorf("a starved loop shows %+v, utilisation %v", s, s.Utilisation(before))
	}
	fired := make(chan struct{})
	l.Post("post", func() { close(fired) })
	l.SetMicrotaskBudget(100)
	<-fired
	l.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestNoBudgetStarves shows what the budget is for: the timer waits until the storm
// ends, although it is due long before.
func TestNoBudgetStarves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{ExitWhenIdle: true})
		start := time.Now()
		var fired time.Duration
		l.Run(func() {
			l.SetTimeout("timer", time.Millisecond, func() { fired = time.Since(start) })
			n := 0
			var again func()
			again = func() {
				time.Sleep(time.Millisecond)
				if n++; n < 100 {
					l.QueueMicrotask("storm", again)
				}
			}
			again()
		})
		if fired != 100*time.Millisecond {
			t.Errorf("fired after %v", fired)
		}
	})
}

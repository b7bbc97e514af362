package fault_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/loop"
)

func TestBlockIsNamedWhereverItHappens(t *testing.T) {
	for _, tt := range []struct {
		in    string
		phase loop.Phase
	}{
		{"timer", loop.Timers}, {"immediate", loop.Check}, {"posted", loop.Poll}, {"tick", loop.Poll}, {"microtask", loop.Poll}, {"task", loop.Poll},
	} {
		t.Run(tt.in, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				onLoop(t, func(v *victim) {
					v.inject("loop.block", "for=300ms every=1s in="+tt.in, fault.Spec{})
					time.Sleep(200 * time.Millisecond)
					if s := v.loop.State(); s.Running != "loop.block" || s.Busy < 100*time.Millisecond {
						t.Errorf("%s runs since %v", s.Running, s.Busy)
					}
					turn := v.last.Load()
					if turn == nil || turn.Name != "loop.block" || turn.Phase != tt.phase || !strings.Contains(turn.Stack, "fault.(*block).block") {
						t.Errorf("the watchdog names %v", turn)
					}
					time.Sleep(4 * time.Second) // at 0, 1.3, 2.6 and 3.9 s
					if hits, seen := v.hits("loop.block"), v.turns.Load(); hits != 4 || seen != 4 {
						t.Errorf("%d blocks, %d of them seen, want 4", hits, seen)
					}
				})
			})
		})
	}
}

func TestBlockEndsAtOnce(t *testing.T) {
	virtually(t, func(t *testing.T) {
		onLoop(t, func(v *victim) {
			id := v.inject("loop.block", "for=30s every=1ms", fault.Spec{}).ID
			time.Sleep(5 * time.Second)
			before, began := v.ticks.Load(), time.Now()
			if err := v.Clear(id); err != nil {
				t.Fatal(err)
			}
			v.comesThrough()
			if took := time.Since(began); took != 0 || before > 1 {
				t.Errorf("%d ticks in the block, which ended after %v", before, took)
			}
			time.Sleep(time.Minute)
			if n := v.hits("loop.block"); n != 1 {
				t.Errorf("%d blocks after the end", n-1)
			}
		})
	})
}

func TestBlockMindsFirstAndToxicity(t *testing.T) {
	virtually(t, func(t *testing.T) {
		onLoop(t, func(v *victim) {
			v.inject("loop.block", "for=10ms every=10ms", fault.Spec{First: 3})
			time.Sleep(time.Second)
			if n := v.hits("loop.block"); n != 3 {
				t.Errorf("%d of the first 3", n)
			}
			v.ClearAll()
			v.inject("loop.block", "for=10ms every=10ms", fault.Spec{Toxicity: 0.5, Seed: 1})
			time.Sleep(10 * time.Second)
			if n := v.hits("loop.block") - 3; n < 300 || n > 400 { // 10 s ÷ (10 ms + 0.5 · 10 ms) · 0.5 = 333
				t.Errorf("%d blocks of half of what was possible", n)
			}
		})
	})
}

func TestBlockBurns(t *testing.T) {
	onLoop(t, func(v *victim) {
		id := v.inject("loop.block", "for=30s how=burned in=task", fault.Spec{}).ID
		until(func() bool { return v.hits("loop.block") > 0 })
		if running := v.loop.State().Running; running != "loop.block" {
			t.Errorf("%s runs", running)
		}
		if err := v.Clear(id); err != nil {
			t.Fatal(err)
		}
		v.comesThrough()
	})
}

// A loop whose mailbox is full is blocked as soon as there is room.
func TestBlockComesIntoAFullMailbox(t *testing.T) {
	virtually(t, func(t *testing.T) {
		l := loop.New(loop.Config{Mailbox: 2, Grace: -1})
		in := injector(t, fault.Catalogue(fault.Host{Loop: l})...)
		for l.Post("full", func() {}) == nil {
		}
		in.inject("loop.block", "", fault.Spec{First: 1})
		gone := in.inject("loop.block", "", fault.Spec{}).ID
		if err := in.Clear(gone); err != nil {
			t.Fatal(err)
		}
		go func() { _ = l.Run(nil) }()
		time.Sleep(time.Second)
		if n := in.hits("loop.block"); n != 1 {
			t.Errorf("%d blocks, want that which was not cleared before", n)
		}
		in.ClearAll()
		l.Close()
		synctest.Wait()
		_, err := in.Inject(fault.Spec{Fault: "loop.block", TTL: time.Minute})
		if err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("on a closed loop: %v", err)
		}
	})
}

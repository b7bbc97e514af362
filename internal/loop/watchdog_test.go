package loop_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
)

// watched runs a loop with a watchdog of 40 ms and returns what that reports.
func watched(t *testing.T, main func(l *loop.Loop)) (reports []loop.LongTurn) {
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{
			Name: "watched", ExitWhenIdle: true,
			LongTurn:   40 * ms,
			OnLongTurn: func(r loop.LongTurn) { reports = append(reports, r) },
		})
		l.Run(func() { main(l) })
	})
	return reports
}

// These names show in stacks.
func culpritInCallback() { time.Sleep(100 * ms) }
func culpritInTask()     { time.Sleep(100 * ms) }

func TestWatchdogNamesTheCulprit(t *testing.T) {
	background := context.Background()
	for _, c := range []struct {
		what, name, frame string
		phase             loop.Phase
		main              func(l *loop.Loop)
	}{
		{"main", "main", "culpritInCallback", loop.Main, func(l *loop.Loop) { culpritInCallback() }},
		{"timer", "slow timer", "culpritInCallback", loop.Timers, func(l *loop.Loop) {
			l.SetTimeout("quick", 0, func() {})
			l.SetTimeout("slow timer", 0, culpritInCallback)
		}},
		{"immediate", "slow", "culpritInCallback", loop.Check, func(l *loop.Loop) { l.SetImmediate("slow", culpritInCallback) }},
		{"tick of a quick post", "slow", "culpritInCallback", loop.Poll, func(l *loop.Loop) {
			l.Post("quick", func() { l.NextTick("slow", culpritInCallback) })
		}},
		{"microtask", "slow", "culpritInCallback", loop.Check, func(l *loop.Loop) {
			l.SetImmediate("quick", func() {
				l.QueueMicrotask("slow", culpritInCallback)
				l.QueueMicrotask("after", func() {})
			})
		}},
		{"task before its first wait", "checkout", "culpritInTask", loop.Main, func(l *loop.Loop) {
			l.Spawn(background, "checkout", func(*loop.Task) { culpritInTask() })
		}},
		{"task after a wait", "checkout", "culpritInTask", loop.Timers, func(l *loop.Loop) {
			l.Spawn(background, "idle", func(t *loop.Task) { t.Sleep(time.Second) })
			l.Spawn(background, "checkout", func(t *loop.Task) {
				t.Sleep(5 * ms)
				culpritInTask()
			})
		}},
		{"caller of a nested task", "outer", "culpritInTask", loop.Main, func(l *loop.Loop) {
			l.Spawn(background, "outer", func(*loop.Task) {
				l.Spawn(background, "inner", func(t *loop.Task) { t.Sleep(ms) })
				culpritInTask()
			})
		}},
	} {
		t.Run(c.what, func(t *testing.T) {
			reports := watched(t, c.main)
			if len(reports) != 1 {
				t.Fatalf("%d reports: %v", len(reports), reports)
			}
			r := reports[0]
			if r.Name != c.name || r.Phase != c.phase || r.Age < 40*ms || r.Age > 60*ms {
				t.Errorf("%v, want %q in %s", r, c.name, c.phase)
			}
			if !strings.Contains(r.Stack, c.frame) || strings.Count(r.Stack, "goroutine ") > 2 {
				t.Errorf("the stack is not the culprit's:\n%s", r.Stack)
			}
		})
	}
}

// TestWatchdogIsQuiet when every turn ends in time, although the loop is never idle,
// and when it is idle for long.
func TestWatchdogIsQuiet(t *testing.T) {
	reports := watched(t, func(l *loop.Loop) {
		for i := range 30 {
			l.SetTimeout("turn", time.Duration(i)*10*ms, block(9*ms))
		}
		l.SetTimeout("late", time.Hour, func() {})
	})
	if len(reports) != 0 {
		t.Errorf("reports %v", reports)
	}
}

// TestWatchdogReportsEveryLongTurn, once.
func TestWatchdogReportsEveryLongTurn(t *testing.T) {
	reports := watched(t, func(l *loop.Loop) {
		for i := range 3 {
			l.SetTimeout("block", time.Duration(i)*time.Second, block(500*ms))
		}
	})
	if len(reports) != 3 || reports[0].Turn == reports[1].Turn {
		t.Errorf("reports %v", reports)
	}
}

// TestWatchdogSeesALongTurnWhenItBecomesOne, wherever between two looks it begins.
func TestWatchdogSeesALongTurnWhenItBecomesOne(t *testing.T) {
	const turns = 50
	reports := watched(t, func(l *loop.Loop) {
		for i := range turns {
			l.SetTimeout("block", time.Duration(i)*1001*ms, block(41*ms))
		}
	})
	if len(reports) != turns {
		t.Fatalf("%d reports, want %d", len(reports), turns)
	}
	for _, r := range reports {
		if r.Age != 40*ms {
			t.Errorf("%v, want it seen after 40ms", r)
		}
	}
}

// TestWatchdogTellsOfATurnWhileTheNextBegins: how long that takes does not hide the next one.
func TestWatchdogTellsOfATurnWhileTheNextBegins(t *testing.T) {
	var names []string
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{ExitWhenIdle: true, LongTurn: 40 * ms, OnLongTurn: func(r loop.LongTurn) {
			names = append(names, r.Name)
			time.Sleep(30 * ms)
		}})
		l.Run(func() {
			l.SetTimeout("first", 0, func() {
				time.Sleep(60 * ms)
				l.SetTimeout("second", 0, block(41*ms))
			})
		})
	})
	if !slices.Equal(names, []string{"first", "second"}) {
		t.Errorf("it told of %q", names)
	}
}

// TestWatchdogSeesAStorm: a turn of many short callbacks is a long turn too.
func TestWatchdogSeesAStorm(t *testing.T) {
	reports := watched(t, func(l *loop.Loop) {
		n := 0
		var again func()
		again = func() {
			time.Sleep(ms)
			if n++; n < 100 {
				l.NextTick("storm", again)
			}
		}
		l.SetTimeout("start", 0, again)
	})
	if len(reports) != 1 || reports[0].Name != "storm" {
		t.Errorf("reports %v", reports)
	}
}

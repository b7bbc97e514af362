package loop_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"brownout/internal/loop"
)

// queueUp has a call of one second made for each name, by a task of its own: in Shielded, if
// the name begins with "s". The journal says how each ended, and when, in seconds.
func queueUp(l *loop.Loop, g *loop.Group, j *journal, began time.Time, names ...string) {
	for _, name := range names {
		l.Spawn(context.Background(), name, func(task *loop.Task) {
			call := func() error {
				_, err := loop.Go(task, g, func(context.Context) (int, error) { time.Sleep(time.Second); return 0, nil })
				return err
			}
			err := error(nil)
			if name[0] == 's' {
				err = task.Shielded(call)
			} else {
				err = call()
			}
			j.addf("%s:%v@%v", name, err, time.Since(began).Round(time.Second).Seconds())
		})
	}
}

// Those who will not give up have their turn when they have waited longest.
func TestGroupPassesNoneOverThatIsShielded(t *testing.T) {
	var j journal
	outOfTurn := 0
	simulate(t, func(l *loop.Loop) {
		g := loop.NewGroup(l, loop.GroupConfig{Limit: 1, Queue: 9})
		g.SetNewestFirst(older(-1), func() { outOfTurn++ })
		queueUp(l, g, &j, time.Now(), "a", "s1", "b", "c", "s2", "d")
	})
	j.check(t, "a:<nil>@1 s1:<nil>@2 d:<nil>@3 s2:<nil>@4 c:<nil>@5 b:<nil>@6")
	if outOfTurn != 3 {
		t.Errorf("told of %d calls out of turn, want 3", outOfTurn)
	}
}

// older says whether a wait is longer than d.
func older(d time.Duration) func(time.Duration) bool {
	return func(oldest time.Duration) bool { return oldest > d }
}

func TestGroupServesTheNewestFirst(t *testing.T) {
	for _, c := range []struct {
		name     string
		patience time.Duration
		want     string
		told     int // of calls that were let in out of turn
	}{
		{"never", time.Hour, "a:<nil>@1 b:<nil>@2 c:<nil>@3 d:<nil>@4 e:<nil>@5", 0},
		{"always", -1, "a:<nil>@1 d:<nil>@2 e:<nil>@3 c:<nil>@4 b:<nil>@5", 3},
		{"once the oldest is old", 1500 * ms, "a:<nil>@1 b:<nil>@2 e:<nil>@3 d:<nil>@4 c:<nil>@5", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			outOfTurn := 0
			simulate(t, func(l *loop.Loop) {
				g := loop.NewGroup(l, loop.GroupConfig{Limit: 1, Queue: 9})
				g.SetNewestFirst(older(c.patience), func() { outOfTurn++ })
				began := time.Now()
				queueUp(l, g, &j, began, "a", "b", "c", "d")
				l.SetTimeout("later", 1500*ms, func() { queueUp(l, g, &j, began, "e") })
			})
			j.check(t, c.want)
			if outOfTurn != c.told {
				t.Errorf("told of %d calls out of turn, want %d", outOfTurn, c.told)
			}
		})
	}
}

func TestGroupTurnsAwayTheOldest(t *testing.T) {
	errOld := errors.New("old")
	for _, c := range []struct {
		name        string
		calls       []string
		newestFirst bool
		want        string
	}{
		{"first come, first served", []string{"a", "b", "c", "d"}, false, "a:<nil>@1 c:old@2 d:old@2 b:<nil>@2 e:<nil>@3"},
		{"the newest first", []string{"a", "b", "c", "d"}, true, "a:<nil>@1 b:old@2 c:old@2 d:<nil>@2 e:<nil>@3"},
		{"but not who is shielded", []string{"a", "b", "s", "d"}, false, "a:<nil>@1 d:old@2 b:<nil>@2 s:<nil>@3 e:<nil>@4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			var told []time.Duration
			simulate(t, func(l *loop.Loop) {
				g := loop.NewGroup(l, loop.GroupConfig{Limit: 1, Queue: 9})
				g.SetNewestFirst(func(time.Duration) bool { return c.newestFirst }, func() {})
				g.SetShed(func(oldest time.Duration) error {
					told = append(told, oldest)
					if oldest > 1500*ms {
						return errOld
					}
					return nil
				})
				began := time.Now()
				queueUp(l, g, &j, began, c.calls...)
				l.SetTimeout("later", 1900*ms, func() { queueUp(l, g, &j, began, "e") })
				l.OnClose("check", func() { checkEmpty(t, g) })
			})
			j.check(t, c.want)
			if told[0] != 0 || told[1] < time.Second || told[1] > 1100*ms {
				t.Errorf("told of waits %v, want 0 of the first and 1 s of the next", told)
			}
		})
	}
}

// Who is turned away and cancelled at once has heard of one of them, and takes no place.
func TestGroupTurnsAwayWhoIsCancelled(t *testing.T) {
	errOld := errors.New("old")
	var j journal
	simulate(t, func(l *loop.Loop) {
		g := loop.NewGroup(l, loop.GroupConfig{Limit: 1, Queue: 9})
		var second *loop.Task
		g.SetShed(func(oldest time.Duration) error {
			if oldest == 0 {
				return nil
			}
			l.NextTick("cancel", func() { second.Cancel(errCause) })
			return errOld
		})
		queueUp(l, g, &j, time.Now(), "a")
		second = l.Spawn(context.Background(), "b", func(task *loop.Task) {
			for range 2 {
				_, err := loop.Go(task, g, func(context.Context) (int, error) { return 0, nil })
				j.addf("b:%v", err)
			}
		})
		l.OnClose("check", func() { checkEmpty(t, g) })
	})
	j.check(t, "b:old b:the cause a:<nil>@1")
}

// The word of one group is not heard in another.
func TestGroupsTurnAwayEachForItself(t *testing.T) {
	var j journal
	simulate(t, func(l *loop.Loop) {
		full, other := loop.NewGroup(l, loop.GroupConfig{Limit: 1, Queue: 9}), loop.NewGroup(l, loop.GroupConfig{Limit: 1, Queue: 9})
		full.SetShed(func(oldest time.Duration) error {
			if oldest > 0 {
				return errCause
			}
			return nil
		})
		queueUp(l, full, &j, time.Now(), "a")
		l.SetTimeout("occupy", 500*ms, func() { queueUp(l, other, &j, time.Now(), "o") })
		l.Spawn(context.Background(), "b", func(task *loop.Task) {
			for _, g := range []*loop.Group{full, other} {
				_, err := loop.Go(task, g, func(context.Context) (int, error) { return 0, nil })
				j.addf("b:%v", err)
			}
		})
	})
	j.check(t, "b:the cause a:<nil>@1 o:<nil>@1 b:<nil>")
}

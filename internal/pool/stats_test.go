package pool_test

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/pool"
)

// observed writes down what an observer is told.
type observed struct{ journal }

func (o *observed) JobDone(class string, wait, run time.Duration) {
	o.add("%s done: waited %v, ran %v", class, wait, run)
}

func (o *observed) JobDropped(class string, wait time.Duration, reason error) {
	o.add("%s dropped: waited %v: %v", class, wait, reason)
}

// cutDrop returns the cause at the end of a line like "drop at 3s: cause".
func cutDrop(line string) (cause string, dropped bool) {
	_, cause, _ = strings.Cut(line, ": ")
	return cause, strings.HasPrefix(line, "drop")
}

func expectStats(t *testing.T, p *pool.Pool, want pool.Stats) {
	t.Helper()
	if got := p.Stats(); !reflect.DeepEqual(got, want) {
		t.Errorf("stats\n%+v\nwant\n%+v", got, want)
	}
}

func TestStatsOfAnIdlePool(t *testing.T) {
	inBubble(t, pool.Config{Workers: 3}, func(t *testing.T, p *pool.Pool) {
		expectStats(t, p, pool.Stats{Workers: 3, Idle: 3})
		p.Class("a", pool.ClassConfig{})
		p.Class("b", pool.ClassConfig{Share: 2, Queue: pool.Unbounded})
		expectStats(t, p, pool.Stats{Workers: 3, Idle: 3, Classes: []pool.ClassStats{
			{Name: "a", Share: 3, Bound: pool.DefaultQueue},
			{Name: "b", Share: 2, Bound: pool.Unbounded},
		}})
	})
}

// One worker: a1 runs from 0 to 3 s, a2 to 5 s and b1, which came at 1 s, to 6 s.
func TestTimesAreExact(t *testing.T) {
	const s = time.Second
	var seen observed
	inBubble(t, pool.Config{Workers: 1, Observer: &seen}, func(t *testing.T, p *pool.Pool) {
		a, b := p.Class("a", pool.ClassConfig{Queue: 8}), p.Class("b", pool.ClassConfig{Queue: 9})
		stats := func(a, b pool.ClassStats, busy ...pool.Busy) {
			t.Helper()
			a.Name, a.Share, a.Bound = "a", 1, 8
			b.Name, b.Share, b.Bound = "b", 1, 9
			expectStats(t, p, pool.Stats{Workers: 1, Idle: 1 - len(busy), Classes: []pool.ClassStats{a, b}, Busy: busy})
		}
		afterA1 := pool.Counts{Completed: 1, Run: 3 * s, MaxRun: 3 * s}
		afterA2 := pool.Counts{Completed: 2, Wait: 3 * s, Run: 5 * s, MaxWait: 3 * s, MaxRun: 3 * s}
		afterB1 := pool.Counts{Completed: 1, Wait: 4 * s, Run: s, MaxWait: 4 * s, MaxRun: s}

		time.Sleep(time.Hour) // idling counts for nothing
		start := time.Now()
		submit(t, a, sleeper("a1", 3*s))
		submit(t, a, sleeper("a2", 2*s))
		at(start, s)
		submit(t, b, sleeper("b1", s))
		stats(pool.ClassStats{Running: 1, Queued: 1, Oldest: s}, pool.ClassStats{Queued: 1}, pool.Busy{Class: "a", Job: "a1", For: s})
		at(start, 2*s)
		stats(pool.ClassStats{Running: 1, Queued: 1, Oldest: 2 * s}, pool.ClassStats{Queued: 1, Oldest: s}, pool.Busy{Class: "a", Job: "a1", For: 2 * s})
		at(start, 4*s)
		stats(pool.ClassStats{Running: 1, Counts: afterA1}, pool.ClassStats{Queued: 1, Oldest: 3 * s}, pool.Busy{Class: "a", Job: "a2", For: s})
		at(start, 5*s+s/2)
		stats(pool.ClassStats{Counts: afterA2}, pool.ClassStats{Running: 1}, pool.Busy{Class: "b", Job: "b1", For: s / 2})
		at(start, 7*s)
		stats(pool.ClassStats{Counts: afterA2}, pool.ClassStats{Counts: afterB1})
		seen.expect(t, "a done: waited 0s, ran 3s", "a done: waited 3s, ran 2s", "b done: waited 4s, ran 1s")
	})
}

// The longest wait and the longest run need not be the last ones, nor the same job's.
func TestTheLongestOfEach(t *testing.T) {
	const s = time.Second
	inBubble(t, pool.Config{Workers: 1}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{})
		submit(t, class, sleeper("a1", 7*s))
		submit(t, class, sleeper("a2", 1*s)) // waits 7 s
		time.Sleep(6 * s)
		submit(t, class, sleeper("a3", 3*s)) // waits 2 s
		p.Close()
		want := pool.Counts{Completed: 3, Wait: 9 * s, Run: 11 * s, MaxWait: 7 * s, MaxRun: 7 * s}
		if got := p.Stats().Classes[0].Counts; got != want {
			t.Errorf("counted %+v, want %+v", got, want)
		}
	})
}

// Oldest is the first one's wait, which falls when that one starts.
func TestOldest(t *testing.T) {
	inBubble(t, pool.Config{Workers: 1}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{})
		start := time.Now()
		for second := range 3 {
			at(start, time.Duration(second)*time.Second)
			submit(t, class, sleeper("a", 5*time.Second))
		}
		for _, row := range []struct{ at, want time.Duration }{{2, 1}, {4, 3}, {6, 4}, {9, 7}, {11, 0}} {
			at(start, row.at*time.Second)
			if got := p.Stats().Classes[0].Oldest; got != row.want*time.Second {
				t.Errorf("at %d s the oldest has waited %v, want %d s", row.at, got, row.want)
			}
		}
	})
}

func TestBusyTellsOfEveryWorker(t *testing.T) {
	inBubble(t, pool.Config{Workers: 3}, func(t *testing.T, p *pool.Pool) {
		a, b := p.Class("a", pool.ClassConfig{}), p.Class("b", pool.ClassConfig{})
		start := time.Now()
		submit(t, a, sleeper("a1", 4*time.Second))
		at(start, time.Second)
		submit(t, b, sleeper("b1", 4*time.Second))
		at(start, 3*time.Second)
		s := p.Stats()
		got := map[pool.Busy]bool{}
		for _, busy := range s.Busy {
			got[busy] = true
		}
		want := map[pool.Busy]bool{{Class: "a", Job: "a1", For: 3 * time.Second}: true, {Class: "b", Job: "b1", For: 2 * time.Second}: true}
		if !reflect.DeepEqual(got, want) || len(s.Busy) != 2 || s.Idle != 1 {
			t.Errorf("busy %+v, idle %d", s.Busy, s.Idle)
		}
	})
}

// A worker's job counts as running until the observer has been told of it.
func TestTheObserverIsToldBeforeTheJobIsCounted(t *testing.T) {
	var before pool.Stats
	observer := &asking{}
	inBubble(t, pool.Config{Workers: 1, Observer: observer}, func(t *testing.T, p *pool.Pool) {
		observer.ask = func() { before = p.Stats() }
		submit(t, p.Class("a", pool.ClassConfig{}), job{name: "a1"})
		synctest.Wait()
		if c := before.Classes[0]; c.Running != 1 || c.Completed != 0 || len(before.Busy) != 1 {
			t.Errorf("when told, stats were %+v", before)
		}
		if c := p.Stats().Classes[0]; c.Running != 0 || c.Completed != 1 {
			t.Errorf("afterwards, stats were %+v", c)
		}
	})
}

// asking is an observer that does something of its own when told of a job.
type asking struct{ ask func() }

func (a *asking) JobDone(string, time.Duration, time.Duration) { a.ask() }
func (a *asking) JobDropped(string, time.Duration, error)      { a.ask() }

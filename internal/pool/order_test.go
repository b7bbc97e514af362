package pool_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/pool"
)

// A timetable says which jobs were begun in each second, sorted, for those that
// begin at one instant have no order.
type timetable struct {
	mu     sync.Mutex
	start  time.Time
	begins map[time.Duration][]string
}

func newTimetable() *timetable {
	return &timetable{start: time.Now(), begins: map[time.Duration][]string{}}
}

// job is one that writes down when it begins, and takes some time.
func (tt *timetable) job(name string, d time.Duration) pool.Job {
	return job{name: name, run: func(context.Context) {
		tt.mu.Lock()
		now := time.Since(tt.start)
		tt.begins[now] = append(tt.begins[now], name)
		tt.mu.Unlock()
		time.Sleep(d)
	}}
}

func (tt *timetable) String() string {
	var text strings.Builder
	for second := time.Duration(0); len(tt.begins) > 0; second += time.Second {
		names := tt.begins[second]
		delete(tt.begins, second)
		slices.Sort(names)
		if second > 0 {
			text.WriteString(" | ")
		}
		text.WriteString(strings.Join(names, " "))
	}
	return text.String()
}

// Jobs of one second are submitted at once, to the class that their first letter
// names; shares are those of a, b and c.
func TestOrder(t *testing.T) {
	for name, row := range map[string]struct {
		workers int
		shares  []int
		jobs    string
		want    string
	}{
		"within a class":              {1, []int{0}, "a1 a2 a3 a4", "a1 | a2 | a3 | a4"},
		"among classes":               {1, []int{0, 0}, "a1 b1 b2 a2 b3 a3", "a1 | b1 | b2 | a2 | b3 | a3"},
		"among classes made backward": {1, []int{0, 0, 0}, "c1 c2 b1 a1 c3 a2", "c1 | c2 | b1 | a1 | c3 | a2"},
		"on two workers":              {2, []int{0, 0}, "a1 b1 b2 b3 a2 a3", "a1 b1 | b2 b3 | a2 a3"},
		"a share leaves workers idle": {3, []int{1}, "a1 a2 a3", "a1 | a2 | a3"},
		"a share of two":              {3, []int{2}, "a1 a2 a3 a4 a5", "a1 a2 | a3 a4 | a5"},
		"others pass a full share":    {2, []int{1, 0}, "a1 a2 a3 b1 b2", "a1 b1 | a2 b2 | a3"},
		"the held keep their place":   {2, []int{1, 0}, "a1 b1 a2 b2 b3 b4", "a1 b1 | a2 b2 | b3 b4"},
		"two full shares":             {3, []int{1, 1, 0}, "a1 a2 b1 b2 c1 c2", "a1 b1 c1 | a2 b2 c2"},
		"more shares than workers":    {2, []int{2, 2}, "a1 a2 b1 b2 a3", "a1 a2 | b1 b2 | a3"},
		"a share larger than all":     {2, []int{9}, "a1 a2 a3", "a1 a2 | a3"},
		"a share below zero is all":   {2, []int{-1}, "a1 a2 a3", "a1 a2 | a3"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pool.Config{Workers: row.workers}, func(t *testing.T, p *pool.Pool) {
				var classes []*pool.Class
				for i, share := range row.shares {
					classes = append(classes, p.Class(string(rune('a'+i)), pool.ClassConfig{Share: share}))
				}
				table := newTimetable()
				for name := range strings.FieldsSeq(row.jobs) {
					submit(t, classes[name[0]-'a'], table.job(name, time.Second))
				}
				p.Close()
				if got := table.String(); got != row.want {
					t.Errorf("began %s\nwant  %s", got, row.want)
				}
			})
		})
	}
}

// A long queue, which has grown and wrapped round, keeps its order.
func TestOrderOfALongQueue(t *testing.T) {
	inBubble(t, pool.Config{Workers: 1}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{Queue: pool.Unbounded})
		var order []int
		next := 0
		more := func(n int) {
			for range n {
				i := next
				next++
				submit(t, class, job{name: "a", run: func(context.Context) {
					order = append(order, i)
					time.Sleep(time.Second)
				}})
			}
		}
		start := time.Now()
		more(12)
		at(start, 9*time.Second+1) // the head of the ring is now past its middle
		more(14)                   // round the end of the ring
		more(500)                  // and into larger ones
		p.Close()
		if len(order) != next || !slices.IsSorted(order) {
			t.Errorf("order of %d jobs: %v", next, order)
		}
	})
}

func TestALargerShareStartsWaitingJobsAtOnce(t *testing.T) {
	inBubble(t, pool.Config{Workers: 4}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{Share: 1})
		table := newTimetable()
		for _, name := range []string{"a1", "a2", "a3", "a4", "a5"} {
			submit(t, class, table.job(name, 3*time.Second))
		}
		at(table.start, time.Second)
		class.Configure(pool.ClassConfig{Share: 3})
		at(table.start, 2*time.Second)
		class.Configure(pool.ClassConfig{}) // all
		p.Close()
		if got, want := table.String(), "a1 | a2 a3 | a4 | a5"; got != want {
			t.Errorf("began %s, want %s", got, want)
		}
	})
}

func TestASmallerShareLetsRunningJobsFinish(t *testing.T) {
	inBubble(t, pool.Config{Workers: 4}, func(t *testing.T, p *pool.Pool) {
		class, other := p.Class("a", pool.ClassConfig{}), p.Class("b", pool.ClassConfig{})
		table := newTimetable()
		submit(t, class, table.job("a1", 2*time.Second))
		submit(t, class, table.job("a2", 3*time.Second))
		submit(t, class, table.job("a3", 4*time.Second))
		class.Configure(pool.ClassConfig{Share: 1})
		synctest.Wait()
		if running := p.Stats().Classes[0].Running; running != 3 {
			t.Errorf("%d run after the share was made smaller", running)
		}
		submit(t, class, table.job("a4", time.Second))
		submit(t, class, table.job("a5", time.Second))
		submit(t, other, table.job("b1", time.Second))
		at(table.start, time.Second)
		submit(t, other, table.job("b2", time.Second))
		p.Close()
		if got, want := table.String(), "a1 a2 a3 b1 | b2 |  |  | a4 | a5"; got != want {
			t.Errorf("began %s, want %s", got, want)
		}
	})
}

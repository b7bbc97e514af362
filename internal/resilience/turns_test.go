package resilience_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"brownout/internal/resilience"
)

// join puts work into a line: c, n and b are critical, normal and batch, and what follows
// tells them apart.
func join(q *resilience.Turns[string], work string) {
	importance := map[byte]resilience.Importance{'c': resilience.Critical, 'n': resilience.Normal, 'b': resilience.Batch, '?': 100}
	q.Join(importance[work[0]], work)
}

// turns takes all that waits.
func turns(q *resilience.Turns[string]) string {
	var order []string
	for q.Len() > 0 {
		order = append(order, q.Next())
	}
	return strings.Join(order, " ")
}

// All comes at one moment of virtual time: who was first is no matter of the clock.
func TestTurns(t *testing.T) {
	for _, c := range []struct {
		on         bool
		work, want string
		outOfTurn  float64
	}{
		{true, "b1 n1 c1 b2 n2 c2", "c1 c2 n1 n2 b1 b2", 4},
		{true, "c1 n1 b1", "c1 n1 b1", 0},
		{true, "b1 ?1 c1", "c1 ?1 b1", 2},
		// Every eighth turn is that of the oldest.
		{true, "b1 b2 c1 c2 c3 c4 c5 c6 c7 c8 c9", "c1 c2 c3 c4 c5 c6 c7 b1 c8 c9 b2", 9},
		{true, "n1 c1 c2 c3 c4 c5 c6 b1 c7 c8 c9", "c1 c2 c3 c4 c5 c6 c7 n1 c8 c9 b1", 9},
		{false, "b1 n1 c1 b2 n2 c2", "b1 n1 c1 b2 n2 c2", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newMeasured()
			set(t, r.Registry, resilience.Priority, c.on)
			q := resilience.NewTurns[string](r.Registry, "workers")
			for work := range strings.FieldsSeq(c.work) {
				join(q, work)
			}
			if got := turns(q); got != c.want {
				t.Errorf("on %v: %s have their turns as %s, want %s", c.on, c.work, got, c.want)
			}
			r.check(t, "admissions_total{priority,workers}", c.outOfTurn)
		})
	}
}

func TestTurnsOfThoseWhoLeaveAreNotGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := resilience.NewTurns[string](resilience.NewRegistry(nil), "workers")
		for _, work := range []string{"b1", "b2", "c1", "c2"} {
			join(q, work)
		}
		first := q.Next()
		left := []bool{q.Leave("c1"), q.Leave("b1"), q.Leave("c2"), q.Leave("c2")}
		if got := fmt.Sprintln(first, left, q.Len(), turns(q)); got != "c1 [false true true false] 1 b2\n" {
			t.Error(got)
		}
	})
}

// Whatever comes, each that waits has one turn, those of one importance in the order in which
// they came, and nobody waits for more than eight turns for each that was there before.
func TestTurnsStarveNobody(t *testing.T) {
	checkInBubble(t, func(r *rapid.T) {
		q := resilience.NewTurns[string](resilience.NewRegistry(nil), "workers")
		due := map[string]int{} // by which turn at the latest
		last := map[byte]int{}
		given := 0
		next := func() {
			work := q.Next()
			given++
			by, waits := due[work]
			var n int
			fmt.Sscan(work[1:], &n)
			if !waits || given > by || n <= last[work[0]] {
				r.Fatalf("%s had turn %d, was due by %d; before it came %d", work, given, by, last[work[0]])
			}
			last[work[0]] = n
			delete(due, work)
		}
		for n := 1; n <= 200; n++ {
			work := fmt.Sprint(rapid.SampledFrom([]string{"c", "c", "c", "n", "b"}).Draw(r, "work"), n)
			join(q, work)
			due[work] = given + 8*q.Len()
			if q.Len() > 1 && rapid.Bool().Draw(r, "turn") {
				next()
			}
		}
		for q.Len() > 0 {
			next()
		}
		if len(due) > 0 {
			r.Fatalf("%v had no turn", due)
		}
	})
}

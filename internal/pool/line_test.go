package pool_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/pool"
)

// Jobs of one second are submitted to one worker at the seconds that are named, by the
// class of their first letter; class a is served newest first while its oldest has waited
// for longer than patience.
func TestNewestFirst(t *testing.T) {
	for name, row := range map[string]struct {
		jobs     string // by the second
		patience time.Duration
		want     string
		told     int // of jobs that were taken out of turn
	}{
		"never":                       {"a1 a2 a3", time.Hour, "a1 | a2 | a3", 0},
		"always":                      {"a1 a2 a3 a4", -1, "a1 | a4 | a3 | a2", 2},
		"once the oldest is old":      {"a1 a2 a3 a4", 1500 * time.Millisecond, "a1 | a2 | a4 | a3", 1},
		"newer ones overtake":         {"a1 a2 a3|a4|a5", 0, "a1 | a4 | a5 | a3 | a2", 3},
		"its newest counts among all": {"a1 a2 b1 a3 b2", 0, "a1 | b1 | a3 | a2 | b2", 1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, pool.Config{Workers: 1}, func(t *testing.T, p *pool.Pool) {
				outOfTurn := 0
				classes := map[byte]*pool.Class{'a': p.Class("a", pool.ClassConfig{}), 'b': p.Class("b", pool.ClassConfig{})}
				classes['a'].SetNewestFirst(func(oldest time.Duration) bool { return oldest > row.patience }, func() { outOfTurn++ })
				table := newTimetable()
				for i, second := range strings.Split(row.jobs, "|") {
					at(table.start, time.Duration(i)*time.Second-time.Millisecond)
					for name := range strings.FieldsSeq(second) {
						submit(t, classes[name[0]], table.job(name, time.Second))
					}
				}
				p.Close()
				if got := table.String(); got != row.want {
					t.Errorf("began %s\nwant  %s", got, row.want)
				}
				if outOfTurn != row.told {
					t.Errorf("told of %d jobs out of turn, want %d", outOfTurn, row.told)
				}
			})
		})
	}
}

func TestShed(t *testing.T) {
	tooOld := errors.New("too old")
	inBubble(t, pool.Config{Workers: 1}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{})
		var told []time.Duration
		class.SetShed(func(oldest time.Duration) error {
			told = append(told, oldest)
			if oldest > 1500*time.Millisecond {
				return tooOld
			}
			return nil
		})
		var happened journal
		for _, name := range []string{"1", "2", "3", "4"} {
			j := sleeper(name, time.Second)
			j.drop = func(err error) { happened.add("%s: %v", name, err) }
			submit(t, class, j)
		}
		at(time.Now(), 10*time.Second)
		happened.expect(t, "3: too old", "4: too old")
		if want := []time.Duration{0, time.Second, 2 * time.Second, 2 * time.Second}; !slices.Equal(told, want) {
			t.Errorf("was told of waits %v, want %v", told, want)
		}
		if s := p.Stats().Classes[0]; s.Shed != 2 || s.Completed != 2 || s.Expired != 0 || s.Running != 0 {
			t.Errorf("counted %+v", s)
		}
	})
}

// What is shed is the oldest, whoever would be served.
func TestShedWithNewestFirst(t *testing.T) {
	inBubble(t, pool.Config{Workers: 1}, func(t *testing.T, p *pool.Pool) {
		class := p.Class("a", pool.ClassConfig{})
		class.SetNewestFirst(func(time.Duration) bool { return true }, func() {})
		class.SetShed(func(oldest time.Duration) error {
			if oldest > 1500*time.Millisecond {
				return errors.New("too old")
			}
			return nil
		})
		table := newTimetable()
		for _, name := range []string{"1", "2", "3"} {
			submit(t, class, table.job(name, time.Second))
		}
		at(table.start, 1900*time.Millisecond)
		submit(t, class, table.job("4", time.Second))
		synctest.Wait()
		p.Close()
		if got, want := table.String(), "1 | 3 | 4"; got != want {
			t.Errorf("began %s, want %s", got, want)
		}
	})
}

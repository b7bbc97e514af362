package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/perf/benchfmt"
)

func TestByTurnsIsInOrderAndEndsWithAnError(t *testing.T) {
	failed := errors.New("failed")
	var done []int
	err := byTurns([]int{2, 0, 1}, func(shop int) error {
		done = append(done, shop)
		if shop == 0 {
			return failed
		}
		return nil
	})
	if !errors.Is(err, failed) || !slices.Equal(done, []int{2, 0}) {
		t.Errorf("%v was done, %v", done, err)
	}
}

func TestAtOnceDoesAllAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which ends if they wait for each other in vain
		failed := errors.New("failed")
		var here sync.WaitGroup
		here.Add(2)
		err := atOnce([]int{1, 0}, func(shop int) error {
			here.Done()
			here.Wait()
			if shop == 1 {
				return failed
			}
			return nil
		})
		if !errors.Is(err, failed) {
			t.Error(err)
		}
	})
}

// What a shop costs that is loaded beside another one is another figure than that of a shop alone.
func TestUnlikeMeasurementsHaveUnlikeNames(t *testing.T) {
	cpu, start, recovery := kindOf("cpu-per-request"), kindOf("start-up"), kindOf("recovery")
	for _, row := range []struct {
		of    macro
		shops int
		want  string
	}{
		{macro{kind: cpu, rate: 300}, 1, "Shop/cpu-per-request/shops=1/rate=300"},
		{macro{kind: cpu, rate: 300}, 2, "Shop/cpu-per-request/shops=2/rate=300"},
		{macro{kind: cpu, rate: 42.5}, 2, "Shop/cpu-per-request/shops=2/rate=42.5"},
		{macro{kind: start, rate: 300}, 1, "Shop/start-up"},
		{macro{kind: start, rate: 300}, 2, "Shop/start-up"},
		{macro{kind: recovery, rate: 300, drill: "spike"}, 2, "Shop/recovery/spike"},
	} {
		if got := row.of.fullName(row.shops); got != row.want {
			t.Errorf("%s, want %s", got, row.want)
		}
	}
}

// A session in which a shop did not keep up is begun again, but not for ever, and one that failed otherwise is not.
func TestSessionsInWhichAShopFallsBehind(t *testing.T) {
	failed := errors.New("failed")
	for name, tt := range map[string]struct {
		sessions []string // who falls behind in each: old, new, or fails
		kept     int
		short    []Shortfall // of the comparison
		err      error
		outcome  Outcome
	}{
		"well":             {[]string{"", ""}, 2, nil, nil, Unsure},
		"held up":          {[]string{"old new", "", "new", ""}, 2, []Shortfall{{Sessions: 2, New: 1, Both: 1, Why: "new fell behind"}}, nil, Unsure},
		"slower":           {[]string{"", "new", "new", "new", "new", "new"}, 1, []Shortfall{{Sessions: 5, New: 5, Why: "new fell behind"}}, nil, Regression},
		"slow":             {[]string{"new", "new", "old new", "new", "new"}, 0, []Shortfall{{Sessions: 5, New: 4, Both: 1, Unfinished: true, Why: "new fell behind"}}, nil, Unmeasured},
		"faster":           {[]string{"new", "old", "old", "old", "old"}, 0, []Shortfall{{Sessions: 5, Old: 4, New: 1, Unfinished: true, Why: "old fell behind"}}, nil, Unmeasured},
		"fails otherwise":  {[]string{"new", "", "new fails"}, 1, []Shortfall{{Sessions: 1, New: 1, Why: "new fell behind"}}, failed, Unsure},
		"nothing but lags": {[]string{"new", "new", "fails"}, 0, []Shortfall{{Sessions: 2, New: 2, Unfinished: true, Why: "new fell behind"}}, failed, Unmeasured},
	} {
		for _, together := range []bool{false, true} {
			measured := map[string]*atomic.Int64{"old": new(atomic.Int64), "new": new(atomic.Int64)}
			k := kind{name: "nothing", session: time.Second, turns: 1, together: together, drill: true, measure: func(_ context.Context, s *shop, _ job) (int, []benchfmt.Value, error) {
				now, side := tt.sessions[measured[s.build.commit].Add(1)-1], s.build.commit
				switch {
				case strings.Contains(now, "fails") && side == "old":
					return 0, nil, failed
				case strings.Contains(now, side):
					return 0, nil, fmt.Errorf("%s %w", side, errBehind)
				}
				return 1, []benchfmt.Value{{Value: 1, Unit: unitCPU}}, nil
			}}
			m := macro{item: item{time: 2 * time.Second}, kind: &k}
			path := filepath.Join(t.TempDir(), "new.txt")
			run := func() error {
				r := &runner{
					RunConfig: RunConfig{Suite: &Suite{macros: []macro{m}}, Tell: func(string) {}}, builds: []build{{commit: "old"}, {commit: "new"}},
					book: mustOpen(t, path, "monday"),
				}
				return r.rounds(t.Context())
			}
			err := run()
			if err == nil {
				err = run() // which has nothing left to do
			}
			was, is := mustRead(t, OldPath(path)), mustRead(t, path)
			if n := is.count(macroPackage, m.fullName(2)); !errors.Is(err, tt.err) || n != tt.kept {
				t.Errorf("%s, together %v: %v; %d sessions are kept, want %d", name, together, err, n, tt.kept)
			}
			c, err := Compare(was, is, math.NaN())
			if err != nil {
				t.Errorf("%s, together %v: %v", name, together, err)
				continue
			}
			for i := range tt.short {
				tt.short[i].Macro, tt.short[i].Most = m.fullName(2), 4
			}
			if !slices.Equal(c.Short, tt.short) || c.Outcome() != tt.outcome || len(c.Alone) > 0 {
				t.Errorf("%s, together %v: outcome %v, %+v, alone %v", name, together, c.Outcome(), c.Short, c.Alone)
			}
			var text strings.Builder
			if err := c.WriteText(&text); err != nil || strings.Contains(text.String(), "No regression") || strings.Count(text.String(), "; the last: ") != len(tt.short) || strings.Contains(text.String(), "REGRESSION:") != (tt.outcome == Regression) {
				t.Errorf("%s, together %v: %v, %s", name, together, err, text.String())
			}
		}
	}
}

// A run that goes on does not take the reason of what is there for that of what follows.
func TestAReasonIsOfItsOwnSession(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.txt")
	fell := fmt.Errorf("new %w", errBehind)
	write := func(name string, l *lag) {
		b := mustOpen(t, path, "monday")
		mustWrite(t, b, l.figures(macro{item: item{time: time.Second}, kind: &kind{name: name, session: time.Second}}))
		if err := b.close(); err != nil {
			t.Fatal(err)
		}
	}
	write("one", &lag{[]error{nil, fell}})
	write("two", &lag{[]error{fmt.Errorf("old %w", errBehind), nil}})
	got := shortfalls(mustRead(t, OldPath(path)), mustRead(t, path))
	want := []Shortfall{
		{Macro: "Shop/one", Sessions: 1, New: 1, Most: 4, Unfinished: true, Why: "new fell behind"},
		{Macro: "Shop/two", Sessions: 1, Old: 1, Most: 4, Unfinished: true, Why: "old fell behind"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	for _, s := range mustRead(t, path).all {
		if s.name == "Shop/two/behind" && s.why != "" {
			t.Errorf("the new build's has the reason %q", s.why)
		}
	}
}

func TestHowSureARegressionIs(t *testing.T) {
	for _, tt := range []struct {
		old, new, both int
		want           bool
	}{{0, 5, 0, true}, {0, 4, 1, false}, {0, 5, 20, true}, {1, 5, 0, false}, {1, 8, 0, true}, {5, 0, 0, false}, {0, 0, 9, false}, {10, 10, 0, false}} {
		s := Shortfall{Sessions: tt.old + tt.new + tt.both, Old: tt.old, New: tt.new, Both: tt.both, Most: 4}
		if got := s.Regression(); got != tt.want {
			t.Errorf("%+v: %v", s, got)
		}
	}
}

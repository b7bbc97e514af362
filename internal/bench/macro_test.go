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
		"well":            {[]string{"", ""}, 2, nil, nil, Unsure},
		"held up":         {[]string{"old new", "", "new", ""}, 2, []Shortfall{{New: 1, Both: 1}}, nil, Unsure},
		"slower":          {[]string{"", "new", "new", "new", "new", "new"}, 1, []Shortfall{{New: 5}}, nil, Regression},
		"slow":            {[]string{"new", "new", "old new", "new", "new"}, 0, []Shortfall{{New: 4, Both: 1}}, nil, Unmeasured},
		"faster":          {[]string{"old", "old", "old", "old", "old"}, 0, []Shortfall{{Old: 5}}, nil, Unmeasured},
		"fails otherwise": {[]string{"new", "", "new fails"}, 1, []Shortfall{{New: 1}}, failed, Unsure},
	} {
		for _, together := range []bool{false, true} {
			measured := map[string]*atomic.Int64{"old": new(atomic.Int64), "new": new(atomic.Int64)}
			k := kind{name: "nothing", session: time.Second, turns: 1, together: together, drill: true, measure: func(_ context.Context, s *shop, _ job) (int, []benchfmt.Value, error) {
				now, side := tt.sessions[measured[s.build.commit].Add(1)-1], s.build.commit
				switch {
				case strings.Contains(now, "fails") && side == "old":
					return 0, nil, failed
				case strings.Contains(now, side):
					return 0, nil, fmt.Errorf("it %w", errBehind)
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
				tt.short[i].Macro, tt.short[i].Most, tt.short[i].Why = m.fullName(2), 4, "it fell behind"
			}
			if !slices.Equal(c.Short, tt.short) || c.Outcome() != tt.outcome || len(c.Alone) > 0 {
				t.Errorf("%s, together %v: outcome %v, %+v, alone %v", name, together, c.Outcome(), c.Short, c.Alone)
			}
			var text strings.Builder
			if err := c.WriteText(&text); err != nil || strings.Contains(text.String(), "No regression") || strings.Count(text.String(), "it fell behind") != len(tt.short) {
				t.Errorf("%s, together %v: %v, %s", name, together, err, text.String())
			}
		}
	}
}

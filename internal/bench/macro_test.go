package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

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
func TestASessionIsBegunAgain(t *testing.T) {
	failed := errors.New("failed")
	behind := fmt.Errorf("it %w", errBehind)
	for name, tt := range map[string]struct {
		meets []error // of each time that the first shop is measured
		want  error
	}{
		"well":            {[]error{nil}, nil},
		"held for once":   {[]error{behind, nil}, nil},
		"held for long":   {[]error{behind, behind, nil}, nil},
		"never keeps up":  {[]error{behind, behind, behind}, errBehind},
		"fails otherwise": {[]error{failed}, failed},
	} {
		measured := 0
		k := kind{name: "nothing", turns: 1, drill: true, measure: func(_ context.Context, s *shop, _ job) (int, []benchfmt.Value, error) {
			if s.build.commit != "aaaa" {
				return 1, []benchfmt.Value{{Value: 1, Unit: unitCPU}}, nil
			}
			measured++
			return 1, []benchfmt.Value{{Value: 1, Unit: unitCPU}}, tt.meets[measured-1]
		}}
		path := filepath.Join(t.TempDir(), "new.txt")
		r := &runner{RunConfig: RunConfig{Tell: func(string) {}}, builds: []build{{commit: "aaaa"}, {commit: "bbbb"}}, book: mustOpen(t, path, "monday")}
		if err := r.macro(t.Context(), macro{kind: &k}, 0); !errors.Is(err, tt.want) || measured != len(tt.meets) {
			t.Errorf("%s: %v, measured %d times", name, err, measured)
		}
		if got, want := r.book.count(macroPackage, "Shop/nothing"), 1; (got == want) != (tt.want == nil) {
			t.Errorf("%s: %d are kept", name, got)
		}
	}
}

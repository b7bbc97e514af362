package bench

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
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

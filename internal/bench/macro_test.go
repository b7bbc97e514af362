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

package fault_test

import (
	"errors"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/loop"
)

// Clerks are as many workers as are asked for.
type clerks struct {
	busy, begun int
	full        bool // there is no room in its line
}

func (c *clerks) Occupy(t *loop.Task, takes time.Duration) error {
	c.begun++
	if c.full {
		return errors.New("full")
	}
	c.busy++
	defer func() { c.busy-- }()
	return t.Sleep(takes)
}

// hogged runs capacity.hog against clerks, which fn may look at as long as the loop is.
func hogged(t *testing.T, c *clerks, params string, s fault.Spec, fn func(in *injected, look func() clerks)) {
	t.Helper()
	virtually(t, func(t *testing.T) {
		onLoop(t, func(v *victim) {
			in := injector(t, fault.Catalogue(fault.Host{Loop: v.loop, Crew: c})...)
			in.inject("capacity.hog", params, s)
			fn(in, func() (seen clerks) {
				seenBy := make(chan clerks)
				if err := v.loop.Post("look", func() { seenBy <- *c }); err != nil {
					t.Fatal(err)
				}
				return <-seenBy
			})
			in.ClearAll()
		})
	})
}

func TestBatchWorkBeginsAgainUntilItIsCleared(t *testing.T) {
	hogged(t, &clerks{}, "jobs=5 for=1s", fault.Spec{}, func(in *injected, look func() clerks) {
		time.Sleep(3500 * time.Millisecond)
		if seen := look(); seen.busy != 5 || seen.begun != 20 || in.hits("capacity.hog") != 20 {
			t.Errorf("%+v, %d hits", seen, in.hits("capacity.hog"))
		}
		in.ClearAll()
		time.Sleep(time.Millisecond)
		if seen := look(); seen.busy != 0 || seen.begun != 20 {
			t.Errorf("after its end: %+v", seen)
		}
	})
}

func TestBatchWorkIsAsMuchAsItIsToBe(t *testing.T) {
	hogged(t, &clerks{}, "jobs=5 for=1s", fault.Spec{First: 7}, func(in *injected, look func() clerks) {
		time.Sleep(time.Minute - time.Second)
		if seen := look(); seen.busy != 0 || seen.begun != 7 || in.hits("capacity.hog") != 7 {
			t.Errorf("%+v, %d hits", seen, in.hits("capacity.hog"))
		}
	})
}

// Clerks who have no room are asked again, and not without a pause.
func TestBatchWorkThatIsRefusedComesAgain(t *testing.T) {
	hogged(t, &clerks{full: true}, "jobs=1", fault.Spec{}, func(_ *injected, look func() clerks) {
		time.Sleep(time.Second)
		if seen := look(); seen.begun < 50 || seen.begun > 101 {
			t.Errorf("in a second it was asked %d times", seen.begun)
		}
	})
}

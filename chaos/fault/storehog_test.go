package fault_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/loop"
	"brownout/internal/shop"
)

// A well is a store of so many connections of each class. It belongs to the loop.
type well struct {
	connections, inUse int
	stopped            func() bool
}

func (*well) Classes() []string { return []string{"batch", "default"} }

func (w *well) Occupy(t *loop.Task, class string, d time.Duration, stopped func() bool) error {
	if w.inUse == w.connections || class != "batch" {
		return errors.New("no connection")
	}
	w.stopped = stopped
	w.inUse++
	defer func() { w.inUse-- }()
	return t.Sleep(d)
}

// look returns how many connections are in use.
func (w *well) look(v *victim) (inUse int) {
	v.t.Helper()
	synctest.Wait()
	looked := make(chan struct{})
	if err := v.loop.Post("look", func() { inUse = w.inUse; close(looked) }); err != nil {
		v.t.Fatal(err)
	}
	<-looked
	return inUse
}

func TestHogHoldsConnections(t *testing.T) {
	virtually(t, func(t *testing.T) {
		onLoop(t, func(v *victim) {
			w := &well{connections: 4}
			in := injector(t, fault.Catalogue(fault.Host{Loop: v.loop, Store: w})...)
			in.inject("store.hog", "class=batch commands=3 for=200ms", fault.Spec{})
			time.Sleep(5*time.Second + 100*time.Millisecond)
			if n := w.look(v); n != 3 || in.hits("store.hog") != 78 || w.stopped() {
				t.Errorf("%d connections are held, by %d commands; stopped: %v", n, in.hits("store.hog"), w.stopped())
			}
			in.ClearAll()
			if n := w.look(v); n != 0 || !w.stopped() {
				t.Errorf("after the end %d are held; stopped: %v", n, w.stopped())
			}
			time.Sleep(time.Minute)
			if n := in.hits("store.hog"); n != 78 {
				t.Errorf("%d commands came after the end", n-78)
			}
		})
	})
}

// Commands that find no connection come again, after 10 ms on average.
func TestHogWithoutAConnection(t *testing.T) {
	virtually(t, func(t *testing.T) {
		onLoop(t, func(v *victim) {
			in := injector(t, fault.Catalogue(fault.Host{Loop: v.loop, Store: &well{}})...)
			in.inject("store.hog", "class=batch commands=1", fault.Spec{})
			time.Sleep(time.Second)
			if n := in.hits("store.hog"); n < 80 || n > 120 {
				t.Errorf("%d commands in a second", n)
			}
			in.ClearAll()
		})
	})
}

func TestHogOfNoClassOfCommands(t *testing.T) {
	virtually(t, func(t *testing.T) {
		onLoop(t, func(v *victim) {
			in := injector(t, fault.Catalogue(fault.Host{Loop: v.loop, Store: &well{}})...)
			_, err := in.Inject(fault.Spec{Fault: "store.hog", Params: paramsOf("class=bach"), TTL: time.Minute})
			refusal(t, "store.hog", err, shop.CodeInvalid, "/params/class")
		})
	})
}

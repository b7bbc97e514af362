package room

import (
	"context"
	"testing"

	"brownout/internal/shopfile"
)

// A look that came to nothing does not say that nothing is active.
func TestFaultsThatNobodyHasSeenAreNotNone(t *testing.T) {
	s := &shopfile.Shop{Epoch: "epoch-0001"}
	r, err := New(Config{Shop: func() (*shopfile.Shop, error) { return s, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	never := &look[[]partFaults]{done: make(chan struct{})} // is under way, for ever
	r.faults.looks = map[string]*look[[]partFaults]{s.Epoch + s.EpochID: never}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, look := range map[string]func(context.Context) (any, error){"active": r.lookAtActive, "forms": r.faultForms, "map": r.lookAtMap} {
		if v, err := look(ctx); err != context.Canceled {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
	if v := r.lookAtState(ctx); v.Quiet() || v.Silent != "Which faults are active is not known." {
		t.Errorf("the line of state: %+v", v)
	}
}

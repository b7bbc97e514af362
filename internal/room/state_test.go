package room

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/shopfile"
)

// A page that is drawn anew every five seconds tells of what is wrong as soon as others do.
func TestTheLineOfStateIsNewOnEveryPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Bool
		r, err := New(Config{Metrics: &gauge{}, Shop: func() (*shopfile.Shop, error) {
			if gone.Load() {
				return nil, errors.New("it is gone")
			}
			return &shopfile.Shop{}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		screens := r.screens()
		dashboard := screens[slices.IndexFunc(screens, func(s screen) bool { return s.name == "dashboard" })]
		q := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/live/dashboards/overview?span=24h", http.NoBody)
		q.SetPathValue("name", "overview")
		w, left := httptest.NewRecorder(), make(chan struct{})
		go func() {
			defer close(left)
			r.stream(w, q, dashboard)
		}()
		time.Sleep(statePeriod / 2)
		gone.Store(true)
		time.Sleep(2 * statePeriod)
		synctest.Wait()
		if said := w.Body.String(); !strings.Contains(said, "event: live") || !strings.Contains(said, "it is gone") {
			t.Errorf("after two seconds the page was told %s", said)
		}
		r.Close()
		<-left
	})
}

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

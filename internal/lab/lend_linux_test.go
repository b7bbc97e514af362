package lab

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"brownout/internal/resilience"
)

// admin is a part's port, which calls asked whenever it is asked for its protections.
func admin(t *testing.T, asked func()) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked()
		respond(w, http.StatusOK, []resilience.State{{Name: resilience.Failover, On: false}})
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Whoever leaves while the shop gets ready for him finds it untouched, and all that was switched is known.
func TestAGuestWhoLeavesTakesNothingAlong(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	at, err := choose(0, true, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(at.close)
	folder, err := OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() })
	l := &lab{config: UpConfig{Out: io.Discard}, until: t.Context(), folder: folder, house: newHouse(at, io.Discard)}
	t.Cleanup(l.house.supervisor.StopAll)
	if _, err := l.house.supervisor.Start(t.Context(), catLoad); err != nil { // stands for all of the shop's processes
		t.Fatal(err)
	}
	l.load = &background{supervisor: l.house.supervisor, until: l.until}
	l.home = &life{house: l.house, redis: &store{}}
	l.home.shop.Admin = map[string]string{"bank-a": admin(t, leave), "payments": admin(t, func() {})}
	l.current = l.home
	if _, err := l.lend(ctx, Terms{By: "Ada", Setting: Setting{BcryptCost: 4}}); err == nil {
		t.Error("the shop is lent to somebody who has left")
	}
	if l.current != l.home || len(l.house.supervisor.Children()) != 1 {
		t.Error("the shop's own processes were stopped for somebody who has left")
	}
	if on, known := l.switches["payments"][resilience.Failover]; on || !known {
		t.Errorf("of payments it is known what is switched: %v", l.switches)
	}
}

package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"brownout/internal/resilience"
)

// TestCheckoutOfAGatewayThatCrashes crashes it before and after every call and every
// change.
func TestCheckoutOfAGatewayThatCrashes(t *testing.T) {
	crashes := []struct {
		at    string
		after int
		want  string
	}{
		{"hold", 0, "cancelled none released"}, {"authorise", 0, "cancelled voided released"}, {"capture", 0, "cancelled voided released"},
		{"commit", 0, "confirmed captured sold"}, {"store: begin", 0, "cancelled none released"},
		{"store: advance", 0, "cancelled voided released"}, {"store: advance", 1, "cancelled voided released"},
		{"store: advance", 2, "confirmed captured sold"}, {"store: finish", 0, "confirmed captured sold"},
	}
	for _, tt := range crashes {
		for _, mode := range []string{"crash before", "crash after"} {
			if mode == "crash before" && strings.HasPrefix(tt.at, "store: ") {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d/%s", tt.at, tt.after, mode), func(t *testing.T) {
				inRoughTown(t, func(w *town) {
					w.as("ann")
					w.faults[tt.at] = &fault{mode: mode, after: tt.after, left: 1}
					if w.sent("k1", "/v1/checkout", basket(card, "p0000")) {
						t.Error("there was no crash")
					}
					w.sleep(10 * time.Second)
					wanted := tt.want
					if tt.at == "capture" && mode == "crash after" {
						wanted = "confirmed captured sold"
					}
					for _, o := range w.ordersOf("ann") {
						want(t, "books", w.books(o), wanted)
					}
					a := w.checkout("k1")
					if strings.HasPrefix(wanted, "confirmed") {
						w.wantStatus("asked later", a, 201)
					} else {
						w.wantProblem("asked later", a, "409 cancelled")
					}
					w.audit()
				})
			})
		}
	}
}

func TestNothingIsSettledWithoutTheSweeper(t *testing.T) {
	inTown(t, func(w *town) {
		w.as("ann")
		w.faults["authorise"] = &fault{mode: "crash after", left: 1}
		w.sent("k1", "/v1/checkout", basket(card, "p0000"))
		w.sleep(time.Minute)
		want(t, "books", w.books(w.ordersOf("ann")[0]), "pending authorised held")
		w.wantProblem("asked later", w.checkout("k1"), "409 key-in-flight header:Idempotency-Key")
		if err := w.Runtime.Protections.Set(map[resilience.Name]bool{resilience.Sweeper: true}); err != nil {
			t.Fatal(err)
		}
		w.sleep(10 * time.Second)
		w.audit()
	}, resilience.Sweeper)
}

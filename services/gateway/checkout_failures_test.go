package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/payments"
)

// failures are how a call can fail.
var failures = []string{"refused", "reset", "lost", "hang", "late", "unavailable", "internal", "nonsense", "conflict"}

// TestCheckoutThatFails lets every call of a checkout fail in every way, once or for a
// while. Whatever the client is told must be true, now and later, and the same key must
// end in an answer that is as true.
func TestCheckoutThatFails(t *testing.T) {
	for _, call := range []string{"hold", "authorise", "capture", "commit"} {
		for _, mode := range failures {
			for _, outage := range []time.Duration{0, 8 * time.Second} {
				t.Run(fmt.Sprintf("%s/%s/%v", call, mode, outage), func(t *testing.T) {
					inRoughTown(t, func(w *town) {
						w.as("ann")
						w.faults[call] = broken(mode, 0, outage)
						w.seeItThrough(w.checkout("k1"))
					})
				})
			}
		}
	}
}

// TestCheckoutWhoseBankLosesReplies has payments not know, for a while, what it did.
func TestCheckoutWhoseBankLosesReplies(t *testing.T) {
	for _, lost := range [][]payments.Operation{
		{payments.Authorise}, {payments.Capture}, {payments.Authorise, payments.Void}, {payments.Authorise, payments.Capture, payments.Void},
	} {
		t.Run(fmt.Sprint(lost), func(t *testing.T) {
			inRoughTown(t, func(w *town) {
				w.as("ann")
				w.vault.lose = map[payments.Operation]time.Time{}
				for _, do := range lost {
					w.vault.lose[do] = time.Now().Add(8 * time.Second)
				}
				first := w.checkout("k1")
				w.wantProblem("at first", first, "504 outcome-unknown")
				w.seeItThrough(first)
			})
		})
	}
}

// broken is a fault of one call, or, if outage is above 0, of all for so long.
func broken(mode string, after int, outage time.Duration) *fault {
	f := &fault{mode: mode, after: after, left: 1}
	if outage > 0 {
		f.until = time.Now().Add(outage)
	}
	return f
}

// TestCheckoutThatCannotBeUndone lets the undoing fail, too.
func TestCheckoutThatCannotBeUndone(t *testing.T) {
	for _, tt := range []struct{ call, mode, undo string }{
		{"hold", "lost", "release"}, {"authorise", "lost", "release"}, {"authorise", "lost", "void"}, {"authorise", "late", "void"},
		{"capture", "lost", "payment"}, {"capture", "reset", "void"}, {"capture", "late", "payment"}, {"capture", "reset", "release"},
	} {
		for _, mode := range failures {
			t.Run(fmt.Sprintf("%s/%s/%s/%s", tt.call, tt.mode, tt.undo, mode), func(t *testing.T) {
				inRoughTown(t, func(w *town) {
					w.as("ann")
					w.faults[tt.call] = &fault{mode: tt.mode, left: 1}
					w.faults[tt.undo] = &fault{mode: mode, until: time.Now().Add(8 * time.Second)}
					w.seeItThrough(w.checkout("k1"))
				})
			})
		}
	}
}

// TestCheckoutBeyondItsDeadline ends the patience of the client in the middle: what was
// done is undone or finished all the same.
func TestCheckoutBeyondItsDeadline(t *testing.T) {
	for _, tt := range []struct {
		call, mode string
		status     int
	}{
		{"hold", "hang", 503}, {"authorise", "hang", 503}, {"capture", "hang", 503},
		{"hold", "at the last", 503}, {"authorise", "at the last", 503}, {"capture", "at the last", 201}, {"commit", "at the last", 201},
	} {
		t.Run(tt.call+" "+tt.mode, func(t *testing.T) {
			inTown(t, func(w *town) {
				w.faults[tt.call] = &fault{mode: tt.mode, left: 1}
				headers := append(w.as("ann"), shop.HeaderIdempotencyKey, "k1", shop.HeaderDeadline, "500")
				w.wantStatus("checkout", w.Do("POST", "/v1/checkout", basket(card, "p0000"), headers...), tt.status)
				w.audit()
				w.wantStatus("again", w.checkout("k1"), 201)
				w.audit()
			})
		})
	}
}

// TestCheckoutWhoseStoreFails lets every change of the store fail, before and after it
// is made.
func TestCheckoutWhoseStoreFails(t *testing.T) {
	for _, mode := range []string{"refused", "lost"} {
		for _, outage := range []time.Duration{0, 8 * time.Second} {
			for _, tt := range []struct {
				operation string
				after     int
			}{{"begin", 0}, {"advance", 0}, {"advance", 1}, {"advance", 2}, {"finish", 0}} {
				t.Run(fmt.Sprintf("%s/%d/%s/%v", tt.operation, tt.after, mode, outage), func(t *testing.T) {
					inRoughTown(t, func(w *town) {
						w.as("ann")
						w.faults["store: "+tt.operation] = broken(mode, tt.after, outage)
						w.seeItThrough(w.checkout("k1"))
					})
				})
			}
		}
	}
}

// seeItThrough holds what a client was told against what is true a while later.
func (w *town) seeItThrough(first servicetest.Answer) {
	w.T.Helper()
	told := w.wantHonest("at first", first)
	if told != "unknown" && first.Status != 503 {
		want := w.checkout("k1")
		if want.Body != first.Body || want.Status != first.Status {
			w.T.Errorf("at first %d %s, at once %d %s", first.Status, first.Body, want.Status, want.Body)
		}
	}
	w.sleep(30 * time.Second)
	w.audit()
	orders := len(w.ordersOf("ann"))
	if told == "confirmed" && orders != 1 {
		w.T.Errorf("%d orders of one checkout", orders)
	}
	later := w.checkout("k1")
	if w.wantHonest("later", later) == "unknown" || later.Status == 503 {
		w.T.Errorf("later: %d %s", later.Status, later.Body)
	}
	if told == "confirmed" && later.Body != first.Body {
		w.T.Errorf("at first %s, later %s", first.Body, later.Body)
	}
	w.audit()
	var sold int
	for _, o := range w.ordersOf("ann") {
		if o.Status == shop.OrderConfirmed {
			sold++
		}
	}
	if sold > 1 || (sold == 1) != (later.Status == 201) {
		w.T.Errorf("%d orders confirmed, and the answer is %d", sold, later.Status)
	}
}

// wantHonest checks that an answer is one of those that a checkout may have, and says
// what it promises.
func (w *town) wantHonest(when string, a servicetest.Answer) string {
	w.T.Helper()
	orders := w.ordersOf("ann")
	switch {
	case a.Status == 201:
		if len(orders) == 0 || orders[0].Status != shop.OrderConfirmed {
			w.T.Errorf("%s: told of an order that is not confirmed: %+v", when, orders)
		}
		return "confirmed"
	case a.Status == 503 || a.Status == 409 && !strings.Contains(a.Body, "key-in-flight"):
		for _, o := range orders {
			if o.Status != shop.OrderCancelled {
				w.T.Errorf("%s: told %d, but the order is %s", when, a.Status, w.books(o))
			}
		}
		return "undone"
	case a.Status == 504 || a.Status == 409:
		return "unknown"
	}
	w.T.Errorf("%s: %d %s", when, a.Status, a.Body)
	return ""
}

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

func (w *town) refund(id, key string) servicetest.Answer {
	w.T.Helper()
	return w.send("ann", key, "/v1/orders/"+id+"/refund", "")
}

func TestRefundGivesBackMoneyAndGoods(t *testing.T) {
	inTown(t, func(w *town) {
		bought := w.checkout("k1")
		o := w.order(bought)
		first := w.refund(o.ID, "k2")
		w.wantStatus("refund", first, 200)
		o.Status = shop.OrderRefunded
		want(t, "the answer", w.order(first), o)
		want(t, "books", w.books(o), "refunded refunded returned")

		again := w.refund(o.ID, "k2")
		want(t, "the same body", again.Body, first.Body)
		want(t, "replayed", again.Header[shop.HeaderReplayed], "true")
		w.wantProblem("another key", w.refund(o.ID, "k3"), "409 wrong-state")
		w.wantProblem("the key of the checkout", w.refund(o.ID, "k1"), "422 key-mismatch header:Idempotency-Key")
		w.wantProblem("the key of the refund", w.checkout("k2"), "422 key-mismatch header:Idempotency-Key")
		w.wantProblem("no key", w.refund(o.ID, ""), "400 key-missing header:Idempotency-Key")
		w.wantProblem("a body", w.send("ann", "k4", "/v1/orders/"+o.ID+"/refund", "{}"), "413 body-too-large")
		want(t, "the checkout as it was answered", w.checkout("k1").Body, bought.Body)
		w.audit()
	})
}

func TestRefundIsForTheCustomerAndOperators(t *testing.T) {
	inTown(t, func(w *town) {
		id := w.order(w.checkout("k1")).ID
		missing := shop.NewReference("ann", "none").OrderID("")
		for _, user := range []string{"bob", "eve", "spy"} {
			other, none := w.send(user, "k1", "/v1/orders/"+id+"/refund", ""), w.send(user, "k1", "/v1/orders/"+missing+"/refund", "")
			w.wantProblem(user, other, "404 not-found path:id")
			want(t, "another's and none", other, none)
		}
		w.wantStatus("the operator", w.send("ops", "k1", "/v1/orders/"+id+"/refund", ""), 200)
		w.audit()
	})
}

func TestRefundThatFails(t *testing.T) {
	for _, call := range []string{"refund", "return", "store: begin-refund", "store: finish"} {
		for _, mode := range append(failures, "crash before", "crash after") {
			for _, outage := range []time.Duration{0, 8 * time.Second} {
				if outage > 0 && strings.HasPrefix(mode, "crash") {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%v", call, mode, outage), func(t *testing.T) {
					inRoughTown(t, func(w *town) { w.seeRefundThrough(call, broken(mode, 0, outage)) })
				})
			}
		}
	}
}

// That nobody can be asked what became of a refund does not mean that there was none.
func TestRefundThatIsUnderWayWhenPaymentsDies(t *testing.T) {
	inTown(t, func(w *town) {
		w.connect(w.Runtime, 2)
		w.crash() // to begin with these clients
		id := w.order(w.checkout("k1")).ID
		w.faults["refund"] = &fault{mode: "lost", left: 1}
		w.vault.lose = map[payments.Operation]time.Time{payments.Refund: time.Now().Add(3 * time.Second)}
		w.faults["payment"] = &fault{mode: "refused", until: time.Now().Add(4 * time.Second)}
		w.wantProblem("refund", w.refund(id, "k2"), "504 outcome-unknown")
		w.sleep(20 * time.Second)
		want(t, "books", w.books(w.order(w.get("ann", "/v1/orders/"+id))), "refunded refunded returned")
		w.audit()
	})
}

// seeRefundThrough breaks a call and holds what the client is told against what is true.
func (w *town) seeRefundThrough(call string, f *fault) {
	w.T.Helper()
	id := w.order(w.checkout("k1")).ID
	w.faults[call] = f
	var first servicetest.Answer
	if f.mode == "crash before" || f.mode == "crash after" {
		w.sent("k2", "/v1/orders/"+id+"/refund", "")
	} else {
		first = w.refund(id, "k2")
	}
	delete(w.faults, "store: begin-refund")
	switch now := w.books(w.order(w.get("ann", "/v1/orders/"+id))); {
	case first.Status == 200 && now != "refunded refunded returned":
		w.T.Errorf("told of a refund: %s", now)
	case first.Status == 503 && now != "confirmed captured sold":
		w.T.Errorf("told that nothing was done: %s", now)
	case first.Status != 0 && first.Status != 200 && first.Status < 503:
		w.T.Errorf("%d %s", first.Status, first.Body)
	}
	w.sleep(30 * time.Second)
	w.audit()
	w.wantStatus("asked later", w.refund(id, "k2"), 200)
	w.audit()
}

package payments_test

import (
	"testing"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/shop"
	"brownout/services/payments"
)

// Without idempotency, keys mean nothing, and what is sent twice is charged twice.
func TestWithoutIdempotency(t *testing.T) {
	underContract(t, func(h *house) {
		h.end()
		h.open(h.b) // a bank that believes what it is told
		for _, do := range []payments.Operation{payments.Authorise, payments.Capture, payments.Capture, payments.Refund, payments.Refund} {
			if a := h.post(do, "p1"); a.status >= 300 || a.replayed {
				t.Errorf("%s: %s: %s", do, a, a.body)
			}
		}
		h.expectMoves(h.b, "authorised captured captured refunded refunded")
		h.audit()
		h.expectAnswer("no key", h.send(h.task, "POST", "/v1/payments/p1/refund", "", shop.HeaderCustomer, "ann"), "200 refunded")
	}, resilience.Idempotency)
}

func TestWithoutIdempotencyTwoAtOnceBothCount(t *testing.T) {
	underContract(t, func(h *house) {
		h.end()
		h.open(h.b)
		h.bring("p1", shop.Authorised)
		together(h.task, 2, func(t *loop.Task, i int) { h.postAs(t, payments.Capture, "p1", "k") })
		h.expectMoves(h.b, "authorised captured captured")
		h.audit()
	}, resilience.Idempotency)
}

// What was left on its way can be voided, and captured, without a key to go by.
func TestLeftOnItsWayWithoutIdempotency(t *testing.T) {
	inHouse(t, func(h *house) {
		h.leaveAuthorising(lostCall)
		h.expectAnswer("void", h.post(payments.Void, "p1"), "200 voided")
		h.bring("p2", shop.Authorised)
		h.a.troubles = []trouble{lostCall, busy}
		h.expectAnswer("capture", h.post(payments.Capture, "p2"), "504 outcome-unknown")
		h.expectAnswer("capture", h.post(payments.Capture, "p2"), "503 dependency-unavailable")
		h.expectStatus("p2", shop.Authorised)
		h.expectAnswer("capture", h.post(payments.Capture, "p2"), "200 captured")
		h.audit()
	}, resilience.Idempotency, resilience.Sweeper)
}

// A key that was left pending when idempotency was switched off does not stay so.
func TestIdempotencyIsSwitchedOffAndOn(t *testing.T) {
	inHouse(t, func(h *house) {
		h.a.troubles = []trouble{lostCall}
		h.expectAnswer("on", h.post(payments.Authorise, "p1"), "504 outcome-unknown")
		h.off(resilience.Idempotency)
		h.expectAnswer("off", h.post(payments.Authorise, "p1"), "201 authorised")
		h.on(resilience.Idempotency)
		h.expectAnswer("on again", h.post(payments.Authorise, "p1"), "200 authorised")
		h.expectAnswer("and again", h.post(payments.Authorise, "p1"), "200 authorised replayed")
		h.expectMoves(h.a, "authorised")
	})
}

func TestBankWithKeysAuthorisesTwiceWithoutIdempotency(t *testing.T) {
	underContract(t, func(h *house) {
		h.post(payments.Authorise, "p1")
		h.post(payments.Authorise, "p1")
		h.expectMoves(h.a, "authorised authorised")
		h.audit()
	}, resilience.Idempotency)
}

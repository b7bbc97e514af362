package payments_test

import (
	"errors"
	"testing"

	"brownout/internal/resilience"
	"brownout/services/payments"
)

// With a store that fails, no money moves, unless fail-closed is off: then it moves, and
// the books know nothing of it.
func TestAStoreThatCannotRecord(t *testing.T) {
	down := func(string) (error, error) { return errors.New("down"), nil }
	underContract(t, func(h *house) {
		h.bring("p0", "authorised")
		h.memory.Fault = down
		h.expectAnswer("authorise", h.post(payments.Authorise, "p1"), "503 unavailable")
		h.expectAnswer("capture", h.post(payments.Capture, "p0"), "503 unavailable")
		h.expectMoves(h.a, "authorised")

		h.off(resilience.FailClosed)
		h.expectAnswer("authorise, open", h.post(payments.Authorise, "p2"), "201 authorised")
		h.expectAnswer("capture, open", h.post(payments.Capture, "p2"), "200 captured")
		h.expectMoves(h.a, "authorised authorised captured")
		h.on(resilience.FailClosed)
		h.expectAnswer("closed again", h.post(payments.Authorise, "p3"), "503 unavailable")
		h.expectMoves(h.a, "authorised authorised captured")

		h.memory.Fault = nil
		h.expectAnswer("what was never recorded", h.post(payments.Refund, "p2"), "404 not-found")
		ledger, err := h.store.Ledger(h.task, 0, 1000)
		if err != nil || len(ledger) != 1 {
			t.Errorf("the ledger has %d entries, %v; only p0's is recorded", len(ledger), err)
		}
	})
}

package payments_test

import (
	"errors"
	"testing"

	"brownout/internal/resilience"
	"brownout/internal/shop"
	"brownout/services/payments"
)

var errStore = errors.New("the store is in trouble")

// The store fails at its nth commit, before it is made or after.
func TestStoreFails(t *testing.T) {
	for _, tt := range []struct {
		name         string
		from, to     int // the commits that fail
		made         bool
		want, later  string
		status       shop.PaymentStatus
		calls, moves int
	}{
		{"the first is not made", 1, 1, false, "503 unavailable", "201 authorised", shop.Authorised, 0, 1},
		{"the reply to the first is lost", 1, 1, true, "504 outcome-unknown", "201 authorised replayed", shop.Authorised, 0, 1},
		{"the second is not made", 2, 2, false, "201 authorised", "201 authorised replayed", shop.Authorised, 1, 1},
		{"the reply to the second is lost", 2, 2, true, "201 authorised", "201 authorised replayed", shop.Authorised, 1, 1},
		{"the second is not made for long", 2, 20, false, "504 outcome-unknown", "201 authorised replayed", shop.Authorised, 1, 1},
	} {
		underContract(t, func(h *house) {
			n := 0
			h.memory.Fault = func(name string) (before, after error) {
				if name != "payments.commit" {
					return nil, nil
				}
				if n++; n < tt.from || n > tt.to {
					return nil, nil
				}
				if tt.made {
					return nil, errStore
				}
				return errStore, nil
			}
			h.expectAnswer(tt.name, h.post(payments.Authorise, "p1"), tt.want)
			if h.a.calls != tt.calls {
				t.Errorf("%s: the bank was called %d times, want %d", tt.name, h.a.calls, tt.calls)
			}
			h.sleep(10 * settling)
			h.expectAnswer(tt.name+", later", h.post(payments.Authorise, "p1"), tt.later)
			h.expectStatus("p1", tt.status)
			if len(h.a.lines()) != tt.moves || len(h.ledger()) != tt.moves {
				t.Errorf("%s: the bank moved %d times, the books %d, want %d", tt.name, len(h.a.lines()), len(h.ledger()), tt.moves)
			}
			h.audit()
		})
	}
}

// A bank answers after the lease is over, and another has taken it: with its old
// fencing token the first task must enter nothing, and tells what the other has entered.
func TestOldFencingTokenIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name     string
		troubles []trouble
		want     string
		later    string
	}{
		{"the other is done", []trouble{slow}, "200 captured", "200 captured replayed"},
		{"the other is at it", []trouble{slow, slow}, "504 outcome-unknown", "200 captured replayed"},
	} {
		inHouse(t, func(h *house) {
			h.bring("p1", shop.Authorised)
			h.a.troubles = tt.troubles
			h.expectAnswer(tt.name, h.post(payments.Capture, "p1"), tt.want)
			h.sleep(settling)
			h.expectAnswer(tt.name+", later", h.post(payments.Capture, "p1"), tt.later)
			h.expectMoves(h.a, "authorised captured")
			h.audit()
		}, resilience.Deadline)
	}
}

// What the bank has done is entered even if nobody has the time to wait for it.
func TestOutcomeIsEnteredAfterTheDeadline(t *testing.T) {
	inHouse(t, func(h *house) {
		commits := 0
		h.memory.Fault = func(name string) (before, after error) {
			if name == "payments.commit" {
				commits++
			}
			if commits == 2 {
				return errStore, nil
			}
			return nil, nil
		}
		h.send(h.task, "POST", "/v1/payments", request("p1", "card-1"),
			shop.HeaderCustomer, "ann", shop.HeaderIdempotencyKey, "k", shop.HeaderDeadline, "30")
		h.expectStatus("p1", shop.Authorised)
		h.audit()
	})
}

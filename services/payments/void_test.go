package payments_test

import (
	"testing"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/shop"
	"brownout/services/payments"
)

// A void comes while the authorisation is under way: it wins, whatever the bank says.
func TestVoidWhileAuthorising(t *testing.T) {
	const gone = "504 outcome-unknown"
	for _, tt := range []struct {
		name            string
		a, b            []trouble
		card            string
		authorise, void string // the answers
		later           string // to the void again
		moves           string
	}{
		{"the bank says yes", nil, nil, "card-1", "409 cancelled", "200 voided", "200 voided replayed", "authorised voided"},
		{"the bank says no", nil, nil, shop.DeclinedCard, "402 payment-declined", "200 declined", "200 declined replayed", ""},
		{"the banks do nothing", []trouble{busy}, []trouble{busy}, "card-1", "409 cancelled", "200 voided", "200 voided replayed", ""},
		{"the call is lost", []trouble{lostCall}, nil, "card-1", gone, gone, "200 voided replayed", "authorised voided"},
		{"the reply is lost", []trouble{lostReply}, nil, "card-1", gone, gone, "200 voided replayed", "authorised voided"},
		{"the void is refused", []trouble{fine, busy}, nil, "card-1", "409 cancelled", gone, "200 voided replayed", "authorised voided"},
		{"the void's reply is lost", []trouble{fine, lostReply}, nil, "card-1", "409 cancelled", gone, "200 voided replayed", "authorised voided"},
	} {
		underContract(t, func(h *house) {
			h.a.troubles, h.b.troubles = tt.a, tt.b
			headers := []string{shop.HeaderCustomer, "ann", shop.HeaderIdempotencyKey, "k"}
			authorise := func(t *loop.Task) answer {
				return h.send(t, "POST", "/v1/payments", request("p1", tt.card), headers...)
			}
			h.voidDuring(tt.name, authorise, tt.authorise, tt.void)
			h.sleep(settling)
			h.expectAnswer(tt.name+": void, later", h.postAs(h.task, payments.Void, "p1", "v"), tt.later)
			if a := authorise(h.task); !a.replayed {
				t.Errorf("%s: authorise, later: %s", tt.name, a)
			}
			h.expectMoves(h.a, tt.moves)
			h.expectMoves(h.b, "")
			h.audit()
		})
	}
}

// Two voids with different keys while the authorisation is under way: the second is
// told to come back.
func TestSecondVoidWhileAuthorising(t *testing.T) {
	inHouse(t, func(h *house) {
		h.a.troubles = []trouble{lostReply}
		h.post(payments.Authorise, "p1")
		h.expectAnswer("first", h.postAs(h.task, payments.Void, "p1", "v1"), "504 outcome-unknown")
		h.expectAnswer("second", h.postAs(h.task, payments.Void, "p1", "v2"), "409 wrong-state")
		h.sleep(settling)
		h.expectAnswer("second, later", h.postAs(h.task, payments.Void, "p1", "v2"), "200 voided")
		h.audit()
	})
}

// voidDuring voids p1 while it is authorised, and checks both answers.
func (h *house) voidDuring(name string, authorise func(*loop.Task) answer, authorised, voided string) {
	together(h.task, 2, func(t *loop.Task, i int) {
		if i == 0 {
			h.expectAnswer(name+": authorise", authorise(t), authorised)
		} else if t.Sleep(bankTime/4) == nil {
			h.expectAnswer(name+": void", h.postAs(t, payments.Void, "p1", "v"), voided)
		}
	})
}

func TestVoidWhileAuthorisingWithoutIdempotency(t *testing.T) {
	inHouse(t, func(h *house) {
		authorise := func(t *loop.Task) answer { return h.postAs(t, payments.Authorise, "p1", "k") }
		h.voidDuring("without keys", authorise, "409 cancelled", "200 voided")
		h.expectMoves(h.a, "authorised voided")
		h.audit()
	}, resilience.Idempotency)
}

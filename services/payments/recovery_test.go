package payments_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/shop"
	"brownout/services/payments"
)

// settling is longer than any lease, and leaves the resolver a few runs.
const settling = payments.DefaultLease + 5*time.Second

// journeys are the operations with where they start and end.
var journeys = []struct {
	do       payments.Operation
	from, to shop.PaymentStatus
	first    int
	moves    string
}{
	{payments.Authorise, "", shop.Authorised, 201, "authorised"},
	{payments.Capture, shop.Authorised, shop.Captured, 200, "authorised captured"},
	{payments.Void, shop.Authorised, shop.Voided, 200, "authorised voided"},
	{payments.Refund, shop.Captured, shop.Refunded, 200, "authorised captured refunded"},
}

// What is unknown becomes known, whatever the bank understands, and is done once.
func TestUnknownOutcomesAreResolved(t *testing.T) {
	for _, way := range []struct {
		name string
		off  []resilience.Name
		want string // of the same request once the lease is over
	}{
		{"by the resolver", nil, " replayed"},
		{"by the next request", []resilience.Name{resilience.Sweeper}, ""},
	} {
		for _, tr := range []trouble{lostCall, lostReply, hangs, slow, nonsense} {
			for _, j := range journeys {
				for _, keyed := range []bool{true, false} {
					inHouse(t, func(h *house) {
						name := fmt.Sprintf("%s, %s, keys %t, %s", j.do, tr, keyed, way.name)
						b := h.only(keyed)
						h.bring("p1", j.from)
						b.troubles = []trouble{tr}
						h.expectAnswer(name, h.post(j.do, "p1"), "504 outcome-unknown")
						h.expectAnswer(name+", at once", h.post(j.do, "p1"), "409 key-in-flight")
						h.sleep(settling)
						h.expectAnswer(name+", later", h.post(j.do, "p1"), fmt.Sprintf("%d %s%s", j.first, j.to, way.want))
						h.expectMoves(b, j.moves)
						h.audit()
					}, way.off...)
				}
			}
		}
	}
}

// leaveAuthorising has p1 on its way, without anybody who sees to it.
func (h *house) leaveAuthorising(tr trouble) {
	h.a.troubles = []trouble{tr}
	h.post(payments.Authorise, "p1")
	h.sleep(settling)
}

// only leaves one bank, one that knows keys or one that does not.
func (h *house) only(keyed bool) *line {
	b := h.a
	if !keyed {
		b = h.b
	}
	h.end()
	h.open(b)
	return b
}

// While the bank is in trouble, the resolver goes on asking, and believes no refusal:
// the first time may have been done.
func TestResolverDoesNotGiveUp(t *testing.T) {
	for _, keyed := range []bool{true, false} {
		for _, j := range journeys {
			inHouse(t, func(h *house) {
				b := h.only(keyed)
				h.bring("p1", j.from)
				b.troubles = []trouble{lostReply, down, busy, lostCall, hangs}
				h.post(j.do, "p1")
				h.sleep(8 * settling)
				h.expectStatus("p1", j.to)
				h.expectMoves(b, j.moves)
				h.audit()
			})
		}
	}
}

// A client that tries again must not take the refusal of its last attempt for the
// outcome of all.
func TestLostReplyThenRefusal(t *testing.T) {
	inHouse(t, func(h *house) {
		h.retry = 3
		h.end()
		h.open(h.a, h.b)
		h.a.troubles = []trouble{lostReply, busy, busy}
		h.expectAnswer("authorise", h.post(payments.Authorise, "p1"), "504 outcome-unknown")
		h.expectMoves(h.b, "")
		h.sleep(settling)
		h.expectAnswer("authorise", h.post(payments.Authorise, "p1"), "201 authorised replayed")
		h.expectMoves(h.a, "authorised")
	})
}

// A bank that knows keys is asked again at once.
func TestLostReplyThenRetry(t *testing.T) {
	inHouse(t, func(h *house) {
		h.retry = 3
		h.end()
		h.open(h.a, h.b)
		h.a.troubles = []trouble{lostReply}
		h.expectAnswer("authorise", h.post(payments.Authorise, "p1"), "201 authorised")
		h.expectMoves(h.a, "authorised")
	})
}

// The service dies before the bank has executed the call, or after.
func TestCrashBetweenTheChanges(t *testing.T) {
	for _, after := range []time.Duration{bankTime / 2, bankTime + replyTime/2} {
		for _, keyed := range []bool{true, false} {
			for _, j := range journeys {
				inHouse(t, func(h *house) {
					h.only(keyed)
					h.bring("p1", j.from)
					h.task.Loop().Spawn(h.task.Context(), "client", func(t *loop.Task) { h.postAs(t, j.do, "p1", "p1."+string(j.do)) })
					h.sleep(after)
					h.crash()
					h.expectAnswer("at once", h.post(j.do, "p1"), "409 key-in-flight")
					h.sleep(settling)
					h.expectAnswer("later", h.post(j.do, "p1"), fmt.Sprintf("%d %s replayed", j.first, j.to))
					h.expectMoves(h.banks[0], j.moves)
					h.audit()
				})
			}
		}
	}
}

// With the sweeper off nothing is taken up unasked.
func TestResolverIsPartOfTheSweeper(t *testing.T) {
	inHouse(t, func(h *house) {
		h.leaveAuthorising(lostReply)
		h.expectStatus("p1", shop.Authorising)
		h.on(resilience.Sweeper)
		h.sleep(2 * time.Second)
		h.expectStatus("p1", shop.Authorised)
	}, resilience.Sweeper)
}

// More is due than one run takes up.
func TestResolverTakesTurns(t *testing.T) {
	inHouse(t, func(h *house) {
		const many = 120
		for range many {
			h.a.troubles = append(h.a.troubles, lostReply)
		}
		together(h.task, many, func(t *loop.Task, i int) { h.postAs(t, payments.Authorise, fmt.Sprint("p", i), fmt.Sprint("k", i)) })
		h.sleep(payments.DefaultLease + 4*time.Second)
		for i := range many {
			h.expectStatus(fmt.Sprint("p", i), shop.Authorised)
		}
		h.audit()
	})
}

// Two payments of one checkout, the first of which was undone: what the bank knows of
// that one is not taken for the second.
func TestAttemptsShareAReference(t *testing.T) {
	for _, tr := range []trouble{lostCall, lostReply} {
		inHouse(t, func(h *house) {
			b := h.only(false)
			h.bring("p1", shop.Voided)
			b.troubles = []trouble{tr}
			body := strings.Replace(request("p2", "card-1"), "ann/p2", "ann/p1", 1)
			h.send(h.task, "POST", "/v1/payments", body, shop.HeaderCustomer, "ann", shop.HeaderIdempotencyKey, "k")
			h.sleep(settling)
			h.expectStatus("p2", shop.Authorised)
			h.expectAnswer("capture", h.post(payments.Capture, "p2"), "200 captured")
			h.expectMoves(b, "authorised voided authorised captured")
			h.audit()
		})
	}
}

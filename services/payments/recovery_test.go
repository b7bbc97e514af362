package payments_test

import (
	"errors"
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
			together(h.task, 2, func(t *loop.Task, i int) {
				if i == 0 {
					h.expectAnswer(tt.name+": authorise", authorise(t), tt.authorise)
				} else if t.Sleep(bankTime/4) == nil {
					h.expectAnswer(tt.name+": void", h.postAs(t, payments.Void, "p1", "v"), tt.void)
				}
			})
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

// With the sweeper off nothing is taken up unasked.
func TestResolverIsPartOfTheSweeper(t *testing.T) {
	inHouse(t, func(h *house) {
		h.a.troubles = []trouble{lostReply}
		h.post(payments.Authorise, "p1")
		h.sleep(settling)
		h.expectStatus("p1", shop.Authorising)
		if err := h.rt.Protections.Set(map[resilience.Name]bool{resilience.Sweeper: true}); err != nil {
			t.Fatal(err)
		}
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

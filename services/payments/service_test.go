package payments_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/payments"
	"brownout/services/payments/bank"
	"brownout/services/payments/memstore"
)

func TestPaymentGoesItsWay(t *testing.T) {
	underContract(t, func(h *house) {
		h.expectAnswer("authorise", h.post(payments.Authorise, "p1"), "201 authorised")
		h.expectAnswer("capture", h.post(payments.Capture, "p1"), "200 captured")
		h.expectAnswer("refund", h.post(payments.Refund, "p1"), "200 refunded")
		h.expectMoves(h.a, "authorised captured refunded")
		h.expectMoves(h.b, "")
		h.audit()
		want := map[string]shop.Amount{"authorised:bank-a": 0, "customers-authorised": 0, "bank:bank-a": 0, "revenue:acme": 0}
		balances, err := h.store.Balances(h.task)
		if err != nil || len(balances) != len(want) {
			t.Errorf("balances %v, %v", balances, err)
		}
		for _, leg := range balances {
			if leg.Amount != want[leg.Account] {
				t.Errorf("%s holds %d", leg.Account, leg.Amount)
			}
		}
	})
}

func TestCapturedMoneyIsOwedByTheBank(t *testing.T) {
	underContract(t, func(h *house) {
		h.bring("p1", shop.Captured)
		expectBalances(t, h.task, h.store,
			shop.Leg{Account: "authorised:bank-a"}, shop.Leg{Account: "bank:bank-a", Amount: 1234},
			shop.Leg{Account: "customers-authorised"}, shop.Leg{Account: "revenue:acme", Amount: -1234})
	})
}

// What can be done when, asked with a new key.
func TestOperationsByStatus(t *testing.T) {
	underContract(t, func(h *house) {
		for _, tt := range []struct {
			status                           shop.PaymentStatus
			authorise, capture, void, refund string
		}{
			{"", "201 authorised", "404 not-found", "200 voided", "404 not-found"},
			{shop.Authorised, "200 authorised", "200 captured", "200 voided", "409 wrong-state"},
			{shop.Declined, "409 wrong-state", "409 wrong-state", "200 declined", "409 wrong-state"},
			{shop.Captured, "200 captured", "200 captured", "409 wrong-state", "200 refunded"},
			{shop.Voided, "409 cancelled", "409 cancelled", "200 voided", "409 cancelled"},
			{shop.Refunded, "200 refunded", "409 wrong-state", "409 wrong-state", "200 refunded"},
		} {
			h.tryAfter(tt.status, payments.Authorise, tt.authorise)
			h.tryAfter(tt.status, payments.Capture, tt.capture)
			h.tryAfter(tt.status, payments.Void, tt.void)
			h.tryAfter(tt.status, payments.Refund, tt.refund)
		}
		h.audit()
	})
}

// tryAfter brings a payment to a status and tries an operation, twice. What is not
// there may come, so that this answer is not kept.
func (h *house) tryAfter(status shop.PaymentStatus, do payments.Operation, want string) {
	h.t.Helper()
	id := fmt.Sprintf("p.%s.%s", status, do)
	what := fmt.Sprintf("%s when %q", do, status)
	h.bring(id, status)
	first := h.post(do, id)
	h.expectAnswer(what, first, want)
	again := h.post(do, id)
	if first.code == shop.CodeNotFound {
		h.expectAnswer(what+", again", again, want)
		return
	}
	h.expectAnswer(what+", again", again, want+" replayed")
	if again.body != first.body {
		h.t.Errorf("%s: replayed %q, was %q", what, again.body, first.body)
	}
}

// A decline is the last word, whichever key it is asked with.
// What ends a payment, and the question how it stands which that begins with, is shed last,
// and is served however long it had to wait.
func TestWhatEndsAPaymentGoesFirst(t *testing.T) {
	servicetest.OnLoop(t, func(_ *loop.Task, rt *service.Runtime) {
		client := service.ClientConfig{Downstream: "bank"}
		s := payments.New(rt, payments.Config{Store: memstore.New(service.NewMemory(rt)), Banks: []payments.Bank{bank.NewKeyed(rt, client)}})
		for _, route := range s.Routes {
			ends := strings.HasPrefix(route.Pattern, "/v1/payments/{id}")
			if route.Finishes != ends || ends && route.Importance != resilience.Critical {
				t.Errorf("%s finishes: %v, and is %v", route.Name, route.Finishes, route.Importance)
			}
		}
	})
}

func TestDeclined(t *testing.T) {
	underContract(t, func(h *house) {
		h.bring("p1", shop.Declined)
		body := request("p1", shop.DeclinedCard)
		for _, want := range []string{"402 payment-declined", "402 payment-declined replayed"} {
			a := h.send(h.task, "POST", "/v1/payments", body, shop.HeaderCustomer, "ann", shop.HeaderIdempotencyKey, "k")
			h.expectAnswer("authorise", a, want)
		}
		if h.a.calls != 1 {
			t.Errorf("the bank was asked %d times", h.a.calls)
		}
	})
}

func TestKeys(t *testing.T) {
	underContract(t, func(h *house) {
		const path = "/v1/payments"
		p1, other := request("p1", "card-1"), strings.Replace(request("p1", "card-1"), "1234", "1235", 1)
		for _, tt := range []struct{ name, customer, key, path, body, want string }{
			{"first", "ann", "k1", path, p1, "201 authorised"},
			{"again", "ann", "k1", path, p1, "201 authorised replayed"},
			{"another body", "ann", "k1", path, other, "422 key-mismatch"},
			{"another path", "ann", "k1", path + "/p1/capture", "", "422 key-mismatch"},
			{"spaced otherwise", "ann", "k1", path, p1 + " ", "422 key-mismatch"},
			{"no key", "ann", "", path, p1, "400 key-missing"},
			{"a bad key", "ann", "a key", path, p1, "400 invalid-request"},
			{"a long key", "ann", strings.Repeat("k", 65), path, p1, "400 invalid-request"},
			{"no customer", "", "k1", path, p1, "400 invalid-request"},
			{"a bad customer", "a/b", "k1", path, p1, "400 invalid-request"},
			{"another customer's key", "bob", "k1", path, request("p2", "card-1"), "201 authorised"},
			{"another key, the same payment", "ann", "k2", path, p1, "200 authorised"},
			{"another key, another payment", "ann", "k3", path, other, "409 wrong-state"},
			{"that again", "ann", "k3", path, other, "409 wrong-state replayed"},
		} {
			got := h.send(h.task, "POST", tt.path, tt.body, shop.HeaderCustomer, tt.customer, shop.HeaderIdempotencyKey, tt.key)
			h.expectAnswer(tt.name, got, tt.want)
		}
		h.expectMoves(h.a, "authorised authorised")
	})
}

func TestKeysAreForgottenAfterADay(t *testing.T) {
	underContract(t, func(h *house) {
		h.expectAnswer("first", h.post(payments.Void, "p1"), "200 voided")
		h.sleep(24*time.Hour - time.Second)
		h.expectAnswer("within a day", h.post(payments.Void, "p1"), "200 voided replayed")
		h.sleep(time.Second)
		h.expectAnswer("after a day", h.post(payments.Void, "p1"), "200 voided")
	})
}

func TestRequestsAtOnce(t *testing.T) {
	underContract(t, func(h *house) {
		var all []string
		together(h.task, 5, func(t *loop.Task, i int) { all = append(all, h.postAs(t, payments.Authorise, "p1", "k").String()) })
		together(h.task, 5, func(t *loop.Task, i int) {
			all = append(all, h.postAs(t, payments.Capture, "p1", fmt.Sprint("c", i)).String())
		})
		counts := map[string]int{}
		for _, a := range all {
			counts[a]++
		}
		want := map[string]int{"201 authorised": 1, "409 key-in-flight": 4, "200 captured": 1, "409 wrong-state": 4}
		for a, n := range want {
			if counts[a] != n {
				t.Errorf("answers %v, want %v", counts, want)
			}
		}
		h.expectMoves(h.a, "authorised captured")
	})
}

// Two payments at once with one key: the store lets one have it.
func TestOneKeyForTwoPayments(t *testing.T) {
	underContract(t, func(h *house) {
		counts := map[string]int{}
		together(h.task, 2, func(t *loop.Task, i int) {
			counts[h.postAs(t, payments.Authorise, fmt.Sprint("p", i), "k").String()]++
		})
		if counts["201 authorised"] != 1 || counts["422 key-mismatch"] != 1 {
			h.t.Errorf("answers %v", counts)
		}
		h.expectMoves(h.a, "authorised")
	})
}

func TestBadRequests(t *testing.T) {
	underContract(t, func(h *house) {
		good := request("p1", "card-1")
		with := func(old, new string) string { return strings.Replace(good, old, new, 1) }
		for _, tt := range []struct{ body, want string }{
			{"", "/"},
			{"{}", "/id"},
			{"null", "/"},
			{with(`"p1"`, `"p 1"`), "/id"},
			{with(`"p1"`, `7`), "/id"},
			{with(`"ann/p1"`, `"ann"`), "/reference"},
			{with(`"ann/p1"`, `"ann/a/b"`), "/reference"},
			{with(`"acme"`, `""`), "/tenant"},
			{with(`1234`, `0`), "/amount"},
			{with(`1234`, `-1`), "/amount"},
			{with(`1234`, `1e3`), "/amount"},
			{with(`1234`, `1000000001`), "/amount"},
			{with(`"EUR"`, `"USD"`), "/currency"},
			{with(`"card-1"`, `"a/b"`), "/card"},
			{with(`"id"`, `"ID"`), "/ID"},
			{with(`"id"`, `"card":"x","id"`), "/card"},
		} {
			a := h.send(h.task, "POST", "/v1/payments", tt.body, shop.HeaderCustomer, "ann", shop.HeaderIdempotencyKey, "k")
			var p shop.Problem
			h.decode([]byte(a.body), &p)
			if a.status != 400 || p.Pointer != tt.want {
				t.Errorf("%s: %d at %q, want 400 at %q", tt.body, a.status, p.Pointer, tt.want)
			}
		}
		for path, want := range map[string]string{
			"/v1/payments/a%20b":                     "path:id",
			"/v1/payments/p1?x=1":                    "query:x",
			"/v1/ledger?cursor=x":                    "query:cursor",
			"/v1/ledger?cursor=-1":                   "query:cursor",
			"/v1/events?cursor=01":                   "query:cursor",
			"/v1/ledger?limit=1001":                  "query:limit",
			"/v1/events?limit=0":                     "query:limit",
			"/v1/balances?limit=1":                   "query:limit",
			"/v1/openapi.yaml?x=1":                   "query:x",
			"/v1/ledger?cursor=99999999999999999999": "query:cursor",
		} {
			a := h.send(h.task, "GET", path, "")
			var p shop.Problem
			h.decode([]byte(a.body), &p)
			if a.status != 400 || p.Pointer != want {
				t.Errorf("%s: %d at %q, want 400 at %q", path, a.status, p.Pointer, want)
			}
		}
		if h.a.calls+h.b.calls > 0 {
			t.Error("a bank has heard of it")
		}
	})
}

// A void of a payment that does not exist is the last word about it.
func TestVoidBeforeThePaymentExists(t *testing.T) {
	underContract(t, func(h *house) {
		h.expectAnswer("void", h.post(payments.Void, "p1"), "200 voided")
		h.expectAnswer("authorise", h.post(payments.Authorise, "p1"), "409 cancelled")
		h.expectAnswer("capture", h.post(payments.Capture, "p1"), "409 cancelled")
		if h.a.calls > 0 {
			t.Error("the bank has heard of it")
		}
	})
}

func TestFailover(t *testing.T) {
	for _, tt := range []struct {
		trouble trouble
		off     []resilience.Name
		want    string
		a, b    string
	}{
		{busy, nil, "201 authorised", "", "authorised"},
		{down, nil, "201 authorised", "", "authorised"},
		{lostCall, nil, "504 outcome-unknown", "", ""},
		{lostReply, nil, "504 outcome-unknown", "authorised", ""},
		{nonsense, nil, "504 outcome-unknown", "authorised", ""},
		{busy, []resilience.Name{resilience.Failover}, "503 dependency-unavailable", "", ""},
		{down, []resilience.Name{resilience.Failover}, "503 dependency-unavailable", "", ""},
	} {
		underContract(t, func(h *house) {
			h.a.troubles = []trouble{tt.trouble}
			h.expectAnswer(tt.trouble.String(), h.post(payments.Authorise, "p1"), tt.want)
			h.expectMoves(h.a, tt.a)
			h.expectMoves(h.b, tt.b)
			if tt.b != "" {
				h.expectAnswer("capture", h.post(payments.Capture, "p1"), "200 captured")
				h.expectMoves(h.b, "authorised captured")
				h.audit()
			}
		}, tt.off...)
	}
}

// When nothing was done the key is free, and the payment is what it was.
func TestNothingDoneFreesTheKey(t *testing.T) {
	underContract(t, func(h *house) {
		h.a.troubles, h.b.troubles = []trouble{busy}, []trouble{down}
		h.expectAnswer("authorise", h.post(payments.Authorise, "p1"), "503 dependency-unavailable")
		h.expectAnswer("look", h.send(h.task, "GET", "/v1/payments/p1", ""), "404 not-found")
		h.expectAnswer("another with the key", h.postAs(h.task, payments.Authorise, "p2", "p1.authorise"), "201 authorised")
		h.expectAnswer("with another key", h.postAs(h.task, payments.Authorise, "p1", "k"), "201 authorised")
		h.a.troubles = []trouble{busy, down}
		h.expectAnswer("capture", h.post(payments.Capture, "p1"), "503 dependency-unavailable")
		h.expectStatus("p1", shop.Authorised)
		h.expectAnswer("void", h.post(payments.Void, "p1"), "503 dependency-unavailable")
		h.expectStatus("p1", shop.Authorised)
		h.expectAnswer("capture again", h.post(payments.Capture, "p1"), "200 captured")
		h.expectMoves(h.a, "authorised authorised captured")
		h.expectMoves(h.b, "")
	})
}

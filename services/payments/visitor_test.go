package payments_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/payments"
)

// An answer is what a client is told.
type answer struct {
	status   int
	code     shop.Code
	payment  shop.Payment
	replayed bool
	passing  bool // it may be another one in a moment, and is not stored
	body     string
}

// String is what tables compare.
func (a answer) String() string {
	text := strings.TrimSpace(fmt.Sprintf("%d %s%s", a.status, a.code, a.payment.Status))
	if a.replayed {
		text += " replayed"
	}
	return text
}

// send makes a request and waits for the answer. Headers are pairs of name and value.
// An answer that does not come, for the service has crashed, has the status 0.
func (h *house) send(t *loop.Task, method, target, body string, headers ...string) answer {
	path, query, _ := strings.Cut(target, "?")
	var fields service.Fields
	for i := 0; i < len(headers); i += 2 {
		fields = append(fields, service.Field{Name: headers[i], Value: headers[i+1]})
	}
	came := loop.NewPromise[service.Response](t.Loop(), "answer")
	h.desk.Dispatch(&service.Request{
		Method: method, Path: path, RawQuery: query, Body: []byte(body), Headers: fields, Received: time.Now(),
	}, func(r service.Response) { came.Resolve(r) })
	var r service.Response
	err := t.WithTimeout(time.Minute, func() (err error) {
		r, err = loop.Await(t, came)
		return err
	})
	if err != nil {
		return answer{}
	}
	h.hold(method, target, body, fields, r)
	return h.answer(path, r)
}

func (h *house) answer(path string, r service.Response) answer {
	a := answer{status: r.Status, replayed: service.Fields(r.Header).Get(shop.HeaderReplayed) == "true", body: string(r.Body)}
	if r.Status >= 400 {
		var p shop.Problem
		h.decode(r.Body, &p)
		a.code = p.Code
		a.passing = r.Status >= 500 || r.Status == 404 || service.Fields(r.Header).Get("Retry-After") != ""
	} else if strings.HasPrefix(path, "/v1/payments") {
		h.decode(r.Body, &a.payment)
	}
	return a
}

// hold holds an exchange against the contract.
func (h *house) hold(method, target, body string, fields service.Fields, r service.Response) {
	h.t.Helper()
	if h.contract == nil {
		return
	}
	request, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range fields {
		request.Header.Set(f.Name, f.Value)
	}
	request.Header.Set("Content-Type", "application/json")
	header := http.Header{"Content-Type": {r.MediaType()}}
	for _, f := range r.Header {
		header.Set(f.Name, f.Value)
	}
	h.contract.Check(h.t, request, body, r.Status, header, string(r.Body))
}

func (h *house) decode(body []byte, into any) {
	h.t.Helper()
	if err := json.Unmarshal(body, into, json.RejectUnknownMembers(true)); err != nil {
		h.t.Errorf("%s: %v", body, err)
	}
}

// post sends a request of the customer ann, with the operation as the key.
func (h *house) post(do payments.Operation, id string) answer {
	return h.postAs(h.task, do, id, id+"."+string(do))
}

func (h *house) postAs(t *loop.Task, do payments.Operation, id, key string) answer {
	headers := []string{shop.HeaderCustomer, "ann", shop.HeaderIdempotencyKey, key}
	if do == payments.Authorise {
		return h.send(t, "POST", "/v1/payments", request(id, "card-1"), headers...)
	}
	return h.send(t, "POST", "/v1/payments/"+id+"/"+string(do), "", headers...)
}

func request(id, card string) string {
	return fmt.Sprintf(`{"id":%q,"reference":"ann/%s","tenant":"acme","amount":1234,"currency":"EUR","card":%q}`, id, id, card)
}

// bring takes a payment to a status.
func (h *house) bring(id string, status shop.PaymentStatus) {
	h.t.Helper()
	ways := map[shop.PaymentStatus][]payments.Operation{
		"": {}, shop.Authorised: {payments.Authorise}, shop.Captured: {payments.Authorise, payments.Capture},
		shop.Voided: {payments.Authorise, payments.Void}, shop.Refunded: {payments.Authorise, payments.Capture, payments.Refund},
	}
	if status == shop.Declined {
		h.send(h.task, "POST", "/v1/payments", request(id, shop.DeclinedCard), shop.HeaderCustomer, "ann", shop.HeaderIdempotencyKey, id+".bring")
	}
	for n, do := range ways[status] {
		if a := h.postAs(h.task, do, id, fmt.Sprintf("%s.bring%d", id, n)); a.status >= 300 {
			h.t.Fatalf("bring to %s: %s: %s", status, do, a.body)
		}
	}
	if status != "" {
		h.expectStatus(id, status)
	}
}

func (h *house) expectStatus(id string, want shop.PaymentStatus) {
	h.t.Helper()
	if a := h.send(h.task, "GET", "/v1/payments/"+id, ""); a.payment.Status != want {
		h.t.Errorf("%s is %q (%d), want %q", id, a.payment.Status, a.status, want)
	}
}

func (h *house) expectAnswer(what string, got answer, want string) {
	h.t.Helper()
	if got.String() != want {
		h.t.Errorf("%s: %s, want %s; %s", what, got, want, got.body)
	}
}

// expectMoves compares what moved at a bank, as in "authorised captured".
func (h *house) expectMoves(b *line, want string) {
	h.t.Helper()
	if got := b.moves(); got != want {
		h.t.Errorf("%s: %q, want %q", b.name, got, want)
	}
}

// ledger reads the books as a client does.
func (h *house) ledger() []shop.LedgerEntry {
	h.t.Helper()
	var page shop.LedgerPage
	h.decode([]byte(h.send(h.task, "GET", "/v1/ledger", "").body), &page)
	return page.Entries
}

// audit checks that the books agree with themselves and with what the banks say.
func (h *house) audit() {
	h.t.Helper()
	sums := map[string]shop.Amount{}
	var booked []string
	for _, e := range h.ledger() {
		var sum shop.Amount
		for _, leg := range e.Legs {
			sum += leg.Amount
			sums[leg.Account] += leg.Amount
		}
		if sum != 0 || len(e.Legs) < 2 {
			h.t.Errorf("entry %+v has sides that differ", e)
		}
		booked = append(booked, fmt.Sprint(e.Bank, " ", e.Kind, " ", e.Reference, " ", e.Amount))
	}
	var told []string
	for _, b := range []*line{h.a, h.b} {
		for _, l := range b.lines() {
			told = append(told, fmt.Sprint(b.name, " ", l.Status, " ", l.Reference, " ", l.Amount))
		}
	}
	slices.Sort(booked)
	slices.Sort(told)
	if !slices.Equal(booked, told) {
		h.t.Errorf("the books say %q,\nthe banks %q", booked, told)
	}
	balances, err := h.store.Balances(h.task)
	if err != nil {
		h.t.Error(err)
	}
	for _, leg := range balances {
		if leg.Amount != sums[leg.Account] {
			h.t.Errorf("balance of %s is %d, the entries say %d", leg.Account, leg.Amount, sums[leg.Account])
		}
	}
}

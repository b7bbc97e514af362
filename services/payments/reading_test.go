package payments_test

import (
	"fmt"
	"strings"
	"testing"

	"brownout/internal/shop"
	"brownout/services/payments"
)

func TestTenants(t *testing.T) {
	for _, tt := range []struct {
		name   string
		listed []string
		first  int // distinct tenants who come before acme
		want   string
	}{
		{"any", nil, 0, "201 authorised"},
		{"the last of many", nil, payments.MaxTenants - 1, "201 authorised"},
		{"one too many", nil, payments.MaxTenants, "400 invalid-request"},
		{"listed", []string{"acme"}, 3, "201 authorised"},
		{"not listed", []string{"bolt"}, 0, "400 invalid-request"},
	} {
		inHouse(t, func(h *house) {
			h.tenants = tt.listed
			h.end()
			h.open(h.a)
			for i := range tt.first {
				body := strings.Replace(request("other", "card-1"), "acme", fmt.Sprint("t", i), 1)
				h.send(h.task, "POST", "/v1/payments", body, shop.HeaderCustomer, "ann", shop.HeaderIdempotencyKey, fmt.Sprint("k", i))
			}
			h.expectAnswer(tt.name, h.post(payments.Authorise, "p1"), tt.want)
		})
	}
}

func TestPagesOfTheLedgerAndOfEvents(t *testing.T) {
	underContract(t, func(h *house) {
		for i := range 5 {
			h.post(payments.Authorise, fmt.Sprint("p", i))
		}
		for _, what := range []string{"ledger", "events"} {
			var sizes []int
			path := "/v1/" + what + "?limit=2"
			for path != "" {
				a := h.send(h.task, "GET", path, "")
				var page struct {
					Entries []shop.LedgerEntry  `json:"entries,omitempty"`
					Events  []shop.PaymentEvent `json:"events,omitempty"`
					Next    string              `json:"next"`
				}
				h.decode([]byte(a.body), &page)
				sizes = append(sizes, len(page.Entries)+len(page.Events))
				path = ""
				if page.Next != "" {
					path = "/v1/" + what + "?limit=2&cursor=" + page.Next
				}
			}
			if fmt.Sprint(sizes) != "[2 2 1]" {
				t.Errorf("pages of %s: %v", what, sizes)
			}
		}
	})
}

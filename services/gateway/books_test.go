package gateway_test

import (
	"fmt"
	"slices"
	"strings"

	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/gateway"
)

// books are what the three services have of one order: "confirmed captured sold".
func (w *town) books(o shop.Order) string {
	w.T.Helper()
	money, stock := "none", "none"
	p, err := w.money.Payment(w.Task, o.ID)
	if err == nil {
		money = string(p.Status)
	} else if shop.CodeOf(err) != shop.CodeNotFound {
		w.T.Error(err)
	}
	if h, known := w.holds()[o.ID]; known {
		stock = string(h.Status)
	}
	return fmt.Sprint(o.Status, " ", money, " ", stock)
}

func (w *town) holds() map[string]shop.Hold {
	w.T.Helper()
	page, err := service.Fetch[shop.HoldPage](w.Task, w.auditor, &service.Call{Name: "holds", Method: "GET", Path: "/v1/holds?limit=1000"})
	if err != nil {
		w.T.Error(err)
	}
	all := map[string]shop.Hold{}
	for _, h := range page.Holds {
		all[h.ID] = h
	}
	return all
}

// audit checks that all orders have ended, and that the three services agree on each.
func (w *town) audit() {
	w.T.Helper()
	records, _, err := w.store.Orders(w.Task, gateway.Owner{Tenant: "north"}, 0, 1000)
	if err != nil {
		w.T.Error(err)
	}
	known := map[string]bool{}
	for _, r := range records {
		known[r.Order.ID] = true
		if got := w.books(r.Order); !agreed(got) {
			w.T.Errorf("order %s: %s", r.Order.ID, got)
		}
	}
	for id := range w.holds() {
		if !known[id] {
			w.T.Errorf("a hold %s of no order", id)
		}
	}
}

// agreed says whether the books agree, and nothing is under way.
func agreed(books string) bool {
	parts := strings.Fields(books)
	order, money, stock := parts[0], parts[1], parts[2]
	switch order {
	case "confirmed":
		return money == "captured" && stock == "sold"
	case "refunded":
		return money == "refunded" && stock == "returned"
	case "cancelled":
		return slices.Contains([]string{"none", "voided", "declined", "refunded"}, money) &&
			slices.Contains([]string{"none", "released", "expired", "returned"}, stock)
	}
	return false
}

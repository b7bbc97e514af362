package sim

import (
	"bytes"
	"net/url"

	"brownout/chaos/audit"
	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/gateway"
)

// An auditor reads the books through the services' own routes, without a network.
type auditor struct {
	world *world
	rt    *service.Runtime
	err   error // the first
}

// books reads all books.
func (w *world) books(t *loop.Task) (audit.Books, error) {
	a := &auditor{world: w, rt: w.runtime("auditor")}
	b := audit.Books{
		Ledger:     read(a, t, w.payments, "/v1/ledger", func(p shop.LedgerPage) ([]shop.LedgerEntry, string) { return p.Entries, p.Next }),
		Balances:   read(a, t, w.payments, "/v1/balances", func(p shop.Balances) ([]shop.Leg, string) { return p.Accounts, "" }),
		Stock:      read(a, t, w.inventory, "/v1/stock", func(p shop.StockPage) ([]shop.Stock, string) { return p.Stock, p.Next }),
		Holds:      read(a, t, w.inventory, "/v1/holds", func(p shop.HoldPage) ([]shop.Hold, string) { return p.Holds, p.Next }),
		Statements: map[string][]shop.StatementLine{},
		Orders:     a.orders(t),
		Settled:    true,
	}
	for _, n := range w.banks {
		b.Statements[n.name] = read(a, t, n, "/v1/statement", func(p shop.StatementPage) ([]shop.StatementLine, string) { return p.Lines, p.Next })
	}
	if a.err == nil {
		a.err = b.AddJournal("journal", bytes.NewReader(w.journal.lines.Bytes()))
	}
	return b, a.err
}

// read reads all pages of a list.
func read[Page, Item any](a *auditor, t *loop.Task, of *node, path string, open func(Page) ([]Item, string)) (all []Item) {
	client := service.NewClient(a.rt, service.ClientConfig{Downstream: of.name, Transport: service.Direct(of.desk)})
	for cursor := "?"; cursor != "" && a.err == nil; {
		page, err := service.Fetch[Page](t, client, &service.Call{Name: "books", Method: "GET", Path: path + cursor, Repeatable: true})
		items, next := open(page)
		a.err, all, cursor = err, append(all, items...), next
		if next != "" {
			cursor = "?cursor=" + url.QueryEscape(next)
		}
	}
	return all
}

// orders asks the gateway's store: its routes show each customer their own only.
func (a *auditor) orders(t *loop.Task) []shop.Order {
	all := []shop.Order{}
	for before := int64(0); a.err == nil; {
		page, next, err := a.world.orders.Orders(t, gateway.Owner{Tenant: tenant}, before, 1000)
		for _, r := range page {
			all = append(all, r.Order)
		}
		if a.err, before = err, next; next == 0 {
			break
		}
	}
	return all
}

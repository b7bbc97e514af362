package payments

import (
	"strconv"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// maxPage bounds a page of the ledger or of events, and maxCursor where it begins.
const (
	maxPage   = 1000
	maxCursor = 1 << 53
)

// A reading answers the requests that change nothing.
type reading struct {
	store Store
}

// payment handles GET /v1/payments/{id}.
func (g *reading) payment(t *loop.Task, r *service.Request) (service.Response, error) {
	if err := r.CheckQuery(); err != nil {
		return service.Response{}, err
	}
	id := r.Param("id")
	if err := shop.CheckName("path:id", id); err != nil {
		return service.Response{}, err
	}
	seen, err := g.store.Load(t, id, "")
	if err != nil {
		return service.Response{}, err
	}
	if seen.Record.Payment.Status == "" {
		return service.Response{}, errMissing()
	}
	return service.JSON(200, seen.Record.Payment)
}

// ledger handles GET /v1/ledger.
func (g *reading) ledger(t *loop.Task, r *service.Request) (service.Response, error) {
	after, limit, err := page(r)
	if err != nil {
		return service.Response{}, err
	}
	entries, err := g.store.Ledger(t, after, limit+1)
	if err != nil {
		return service.Response{}, err
	}
	p := shop.LedgerPage{Entries: entries}
	if len(entries) > limit {
		p.Entries = entries[:limit]
		p.Next = strconv.FormatInt(entries[limit-1].Seq, 10)
	}
	return service.JSON(200, p)
}

// balances handles GET /v1/balances.
func (g *reading) balances(t *loop.Task, r *service.Request) (service.Response, error) {
	if err := r.CheckQuery(); err != nil {
		return service.Response{}, err
	}
	accounts, err := g.store.Balances(t)
	if err != nil {
		return service.Response{}, err
	}
	return service.JSON(200, shop.Balances{Accounts: accounts})
}

// events handles GET /v1/events.
func (g *reading) events(t *loop.Task, r *service.Request) (service.Response, error) {
	after, limit, err := page(r)
	if err != nil {
		return service.Response{}, err
	}
	events, err := g.store.Events(t, after, limit+1)
	if err != nil {
		return service.Response{}, err
	}
	p := shop.PaymentEventPage{Events: events}
	if len(events) > limit {
		p.Events, p.Next = events[:limit], events[limit-1].ID
	}
	return service.JSON(200, p)
}

// openAPI handles GET /v1/openapi.yaml.
func (g *reading) openAPI(_ *loop.Task, r *service.Request) (service.Response, error) {
	if err := r.CheckQuery(); err != nil {
		return service.Response{}, err
	}
	return service.Response{Status: 200, ContentType: "application/yaml", Body: OpenAPI}, nil
}

// page reads which entries are asked for: those after a number.
func page(r *service.Request) (after int64, limit int, err error) {
	cursor, limit, err := r.Page(maxPage)
	if err != nil || cursor == "" {
		return 0, limit, err
	}
	after, err = strconv.ParseInt(cursor, 10, 64)
	if err != nil || after < 0 || after > maxCursor || strconv.FormatInt(after, 10) != cursor {
		return 0, 0, shop.Invalid("query:cursor", "is none that this service has given out")
	}
	return after, limit, nil
}

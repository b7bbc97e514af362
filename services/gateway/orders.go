package gateway

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	"github.com/go-json-experiment/json"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

const (
	// maxExport bounds the orders of one answer to POST /v1/exports.
	maxExport = 1000
	// exportSize is about what such an answer has, in bytes.
	exportSize = 512 << 10
	// headerNextCursor holds the cursor of an export's next page.
	headerNextCursor = "Next-Cursor"
	contentLines     = "application/x-ndjson"
)

// getOrder answers GET /v1/orders/{id}.
func (s *sagas) getOrder(t *loop.Task, r *service.Request, who Identity) (service.Response, error) {
	record, err := s.visible(t, r, who)
	if err != nil {
		return service.Response{}, err
	}
	return service.JSON(200, record.Order)
}

// visible returns the order that the path names: the customer's own, or one of the
// operator's tenant. All others are as good as not there.
func (s *sagas) visible(t *loop.Task, r *service.Request, who Identity) (Record, error) {
	id := r.Param("id")
	if err := shop.CheckName("path:id", id); err != nil {
		return Record{}, err
	}
	record, err := s.store.Order(t, id)
	if errors.Is(err, ErrNoOrder) || err == nil && !who.maySee(record.Order) {
		return Record{}, noOrder()
	}
	return record, err
}

func (who Identity) maySee(o shop.Order) bool {
	return o.Tenant == who.Tenant && (o.Customer == who.Customer || who.Role == shop.Operator)
}

func noOrder() error {
	return &shop.Error{Code: shop.CodeNotFound, Message: "there is no such order", Pointer: "path:id"}
}

// listOrders answers GET /v1/orders: the customer's own.
func (s *sagas) listOrders(t *loop.Task, r *service.Request, who Identity) (service.Response, error) {
	before, limit, err := orderPage(r, maxPage)
	if err != nil {
		return service.Response{}, err
	}
	records, next, err := s.store.Orders(t, Owner{Tenant: who.Tenant, Customer: who.Customer}, before, limit)
	if err != nil {
		return service.Response{}, err
	}
	page := shop.OrderPage{Orders: make([]shop.Order, len(records)), Next: orderCursor(next)}
	for i, record := range records {
		page.Orders[i] = record.Order
	}
	return service.JSON(200, page)
}

// orderPage reads the parameters of a page. A cursor is the number of an order, and
// the page begins behind it.
func orderPage(r *service.Request, most int) (before int64, limit int, err error) {
	cursor, limit, err := r.Page(most)
	if err != nil || cursor == "" {
		return 0, limit, err
	}
	before, err = strconv.ParseInt(cursor, 10, 64)
	if err != nil || before < 1 {
		err = shop.Invalid("query:cursor", "is none that was given out")
	}
	return before, limit, err
}

func orderCursor(next int64) string {
	if next == 0 {
		return ""
	}
	return strconv.FormatInt(next, 10)
}

// An exporter lets operators take the orders of their tenant away.
type exporter struct {
	store  OrderStore
	encode *resilience.Offloader
}

// export answers POST /v1/exports: one order a line, read and encoded a hundred at a
// time, the encoding being CPU work for a worker of the pool.
func (x *exporter) export(t *loop.Task, r *service.Request, who Identity) (service.Response, error) {
	if who.Role != shop.Operator {
		return service.Response{}, &shop.Error{Code: shop.CodeForbidden, Message: "only operators export orders"}
	}
	next, left, err := orderPage(r, maxExport)
	if err != nil {
		return service.Response{}, err
	}
	answer := service.Response{ContentType: contentLines}
	for left > 0 {
		var page []Record
		limit := min(left, maxPage)
		if page, next, err = x.store.Orders(t, Owner{Tenant: who.Tenant}, next, limit); err != nil {
			return service.Response{}, err
		}
		lines, err := resilience.Run(t, x.encode, func(context.Context) ([]byte, error) { return orderLines(page) })
		if err != nil {
			return service.Response{}, err
		}
		answer.Body = append(answer.Body, lines...)
		if left -= limit; next == 0 {
			break
		}
	}
	if next != 0 {
		answer.Header = []service.Field{{Name: headerNextCursor, Value: orderCursor(next)}}
	}
	return answer, nil
}

func orderLines(page []Record) ([]byte, error) {
	var lines bytes.Buffer
	for _, record := range page {
		if err := json.MarshalWrite(&lines, record.Order); err != nil {
			return nil, err
		}
		lines.WriteByte('\n')
	}
	return lines.Bytes(), nil
}

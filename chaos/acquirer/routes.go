package acquirer

import (
	_ "embed" // the description
	"fmt"
	"net/http"
	"strconv"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// OpenAPI describes the bank, in OpenAPI 3.1. It is only read.
//
//go:embed openapi.yaml
var OpenAPI []byte

const (
	maxBody = 4096
	// maxPage bounds a page of the statement.
	maxPage = 1000
	// patience is what an order may take whose caller names no deadline. A bank does
	// not know how long its callers wait, and works on for those who have left.
	patience = 10 * time.Second
)

// Service returns the bank as a host or a simulation runs it.
func (b *Bank) Service() service.Service {
	return service.Service{Routes: []service.Route{
		orderRoute("authorise", "/v1/charges", b.authorise, maxBody),
		orderRoute("capture", "/v1/charges/{id}/capture", b.instructed(capture()), 0),
		orderRoute("void", "/v1/charges/{id}/void", b.instructed(void()), 0),
		orderRoute("refund", "/v1/charges/{id}/refund", b.instructed(refund()), 0),
		{Name: "charges", Method: http.MethodGet, Pattern: "/v1/charges", Handle: b.charges},
		{Name: "charge", Method: http.MethodGet, Pattern: "/v1/charges/{id}", Handle: b.charge},
		{Name: "statement", Method: http.MethodGet, Pattern: "/v1/statement", Handle: b.statement},
		{Name: "openapi", Method: http.MethodGet, Pattern: "/v1/openapi.yaml", Handle: describe},
	}}
}

// orderRoute is the route of an order. Orders are critical, for they move money, and the
// bank's own queue bounds them.
func orderRoute(name, pattern string, handle service.Handler, maxBody int) service.Route {
	return service.Route{
		Name: name, Method: http.MethodPost, Pattern: pattern, Handle: handle,
		MaxBody: maxBody, Timeout: patience, Importance: resilience.Critical,
	}
}

// authorise opens a charge, POST /v1/charges.
func (b *Bank) authorise(t *loop.Task, r *service.Request) (service.Response, error) {
	o, err := newOrder(r, b.config.Keys, http.StatusCreated)
	if err != nil {
		return service.Response{}, err
	}
	request, err := service.Decode[shop.ChargeRequest](r.Body)
	if err == nil {
		err = checkAuthorise(request)
	}
	if err != nil {
		return service.Response{}, err
	}
	return b.once(o, func() (service.Response, error) {
		return b.execute(t, o, nil, func() (*shop.StatementLine, shop.Charge, error) { return b.open(request) })
	})
}

// open decides whether a charge is authorised.
func (b *Bank) open(r shop.ChargeRequest) (*shop.StatementLine, shop.Charge, error) {
	if r.Card == shop.DeclinedCard {
		return nil, shop.Charge{}, &shop.Error{Code: shop.CodeDeclined, Message: "the card is declined", Pointer: "/card"}
	}
	id := fmt.Sprintf("%s-%d", b.config.Name, b.appended+1)
	c := shop.Charge{ID: id, Reference: r.Reference, Amount: r.Amount, Currency: r.Currency, Status: shop.ChargeAuthorised}
	return b.movement(c), c, nil
}

// movement is the line of the statement that says where a charge has got to.
func (b *Bank) movement(c shop.Charge) *shop.StatementLine {
	return &shop.StatementLine{
		Seq: b.appended + 1, Time: time.Now().UTC(), Status: c.Status, Charge: c.ID, Reference: c.Reference, Amount: c.Amount,
	}
}

// instructed carries out an instruction, POST /v1/charges/{id}/capture, /void and /refund.
func (b *Bank) instructed(i instruction) service.Handler {
	return func(t *loop.Task, r *service.Request) (service.Response, error) {
		o, err := newOrder(r, b.config.Keys, http.StatusOK)
		if err != nil {
			return service.Response{}, err
		}
		c := b.book.charges[r.Param("id")]
		return b.once(o, func() (service.Response, error) {
			return b.execute(t, o, c, func() (*shop.StatementLine, shop.Charge, error) { return b.instruct(i, c) })
		})
	}
}

// instruct decides whether an instruction is carried out.
func (b *Bank) instruct(i instruction, c *charge) (*shop.StatementLine, shop.Charge, error) {
	if c == nil {
		return nil, shop.Charge{}, errNoCharge()
	}
	if err := i.check(c.Status, b.config.Keys); err != nil {
		return nil, shop.Charge{}, err
	}
	changed := c.Charge
	changed.Status = i.becomes
	return b.movement(changed), changed, nil
}

func errNoCharge() error {
	return &shop.Error{Code: shop.CodeNotFound, Message: "there is no such charge", Pointer: "path:id"}
}

// charge shows a charge, GET /v1/charges/{id}.
func (b *Bank) charge(_ *loop.Task, r *service.Request) (service.Response, error) {
	if err := r.CheckQuery(); err != nil {
		return service.Response{}, err
	}
	c := b.book.charges[r.Param("id")]
	if c == nil {
		return service.Response{}, errNoCharge()
	}
	return service.JSON(http.StatusOK, c.Charge)
}

// charges lists the charges under a reference, GET /v1/charges?reference=.
func (b *Bank) charges(_ *loop.Task, r *service.Request) (service.Response, error) {
	if err := r.CheckQuery("reference"); err != nil {
		return service.Response{}, err
	}
	reference := r.Query("reference")
	if err := checkText("query:reference", reference); err != nil {
		return service.Response{}, err
	}
	return service.JSON(http.StatusOK, shop.ChargeList{Charges: b.book.under(shop.Reference(reference))})
}

// statement lists movements, GET /v1/statement?cursor=&limit=. A cursor is the sequence
// number behind which to go on.
func (b *Bank) statement(_ *loop.Task, r *service.Request) (service.Response, error) {
	cursor, limit, err := r.Page(maxPage)
	if err != nil {
		return service.Response{}, err
	}
	seq, err := parseCursor(cursor)
	if err != nil {
		return service.Response{}, err
	}
	lines, more := b.book.after(seq, limit)
	page := shop.StatementPage{Lines: lines}
	if more {
		page.Next = strconv.FormatInt(lines[len(lines)-1].Seq, 10)
	}
	return service.JSON(http.StatusOK, page)
}

func parseCursor(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	seq, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, shop.Invalid("query:cursor", "is none that was given here")
	}
	return int64(seq), nil
}

func describe(*loop.Task, *service.Request) (service.Response, error) {
	return service.Response{ContentType: "application/yaml", Body: OpenAPI}, nil
}

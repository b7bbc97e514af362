package payments

import (
	"strings"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// A counter takes what clients want, checks it, and passes it to the desk.
type counter struct {
	desk    *desk
	tenants tenants
}

// authorise handles POST /v1/payments.
func (c *counter) authorise(t *loop.Task, r *service.Request) (service.Response, error) {
	q, err := service.Decode[shop.PaymentRequest](r.Body)
	if err != nil {
		return service.Response{}, err
	}
	if err := c.check(q); err != nil {
		return service.Response{}, err
	}
	return c.serve(t, r, wish{do: Authorise, payment: q.ID, request: q})
}

// operate handles POST /v1/payments/{id}/capture, /void and /refund.
func (c *counter) operate(do Operation) service.Handler {
	return func(t *loop.Task, r *service.Request) (service.Response, error) {
		id := strings.Clone(r.Param("id")) // a store in memory keeps it
		if err := shop.CheckName("path:id", id); err != nil {
			return service.Response{}, err
		}
		return c.serve(t, r, wish{do: do, payment: id})
	}
}

// serve completes a wish with what the headers say. While idempotency is off, keys are
// not looked at.
func (c *counter) serve(t *loop.Task, r *service.Request, w wish) (service.Response, error) {
	if err := r.CheckQuery(); err != nil {
		return service.Response{}, err
	}
	customer := r.Header(shop.HeaderCustomer)
	if err := shop.CheckName("header:"+shop.HeaderCustomer, customer); err != nil {
		return service.Response{}, err
	}
	if c.desk.idempotency.On() {
		key, err := r.Key()
		if err != nil {
			return service.Response{}, err
		}
		w.key = Key(customer + "/" + key)
	}
	w.digest, w.trace = digest(r), r.Trace.ID()
	return c.desk.serve(t, w)
}

func (c *counter) check(q shop.PaymentRequest) error {
	for _, err := range []error{
		shop.CheckName("/id", q.ID),
		checkReference(q.Reference),
		shop.CheckName("/tenant", q.Tenant),
		q.Amount.Check("/amount"),
		checkCurrency(q.Currency),
		shop.CheckName("/card", q.Card),
	} {
		if err != nil {
			return err
		}
	}
	return c.tenants.admit(q.Tenant)
}

// checkReference wants a customer, a slash and a key.
func checkReference(r shop.Reference) error {
	customer, key, found := strings.Cut(string(r), "/")
	if !found || shop.CheckName("", customer) != nil || shop.CheckKey(key) != nil {
		return shop.Invalid("/reference", "must be a customer, a slash and an idempotency key")
	}
	return nil
}

func checkCurrency(currency string) error {
	if currency != shop.Currency {
		return shop.Invalid("/currency", "must be "+shop.Currency)
	}
	return nil
}

// tenants are those who may be paid; each has an account in the books, so that their
// number is bounded.
type tenants struct {
	known map[string]struct{}
	fixed bool
}

func newTenants(names []string) tenants {
	s := tenants{known: map[string]struct{}{}, fixed: len(names) > 0}
	for _, name := range names {
		s.known[name] = struct{}{}
	}
	return s
}

// admit refuses a tenant who is not among those listed, or is one too many.
func (s tenants) admit(name string) error {
	if _, ok := s.known[name]; ok {
		return nil
	}
	if s.fixed || len(s.known) >= MaxTenants {
		return shop.Invalid("/tenant", "is not a tenant of this shop")
	}
	s.known[name] = struct{}{}
	return nil
}

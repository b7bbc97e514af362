package gateway

import (
	"fmt"
	"strings"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

const (
	// surveyTimeout is that of a request whose caller names none.
	surveyTimeout = 5 * time.Second
	// maxSurveyed bounds the products of one request to GET /v1/stock or GET /v1/quote.
	maxSurveyed = 200
	// surveyAtOnce bounds how many of them are asked about at once.
	surveyAtOnce = 8
)

// A surveyor asks inventory about many products, with a call for each and past the
// catalogue, for those who must know what is there now. It belongs to its loop.
type surveyor struct {
	inventory Inventory
	fan       *resilience.FanOut
}

func newSurveyor(rt *service.Runtime, inventory Inventory) *surveyor {
	return &surveyor{inventory, resilience.NewFanOut(rt.Protections, "survey", surveyAtOnce)}
}

// stock answers GET /v1/stock. What is asked of inventory is asked side by side.
func (s *surveyor) stock(t *loop.Task, r *service.Request, _ Identity) (service.Response, error) {
	products, err := s.survey(t, r, s.fan.Each)
	if err != nil {
		return service.Response{}, err
	}
	answer := shop.AvailabilityList{Stock: make([]shop.Availability, len(products))}
	for i, p := range products {
		answer.Stock[i] = shop.Availability{Product: p.ID, Available: p.Available}
	}
	return service.JSON(200, answer)
}

// quote answers GET /v1/quote. It is written as one would at first, a loop with a wait in
// it, which fan-out-limit makes a few at a time.
func (s *surveyor) quote(t *loop.Task, r *service.Request, _ Identity) (service.Response, error) {
	products, err := s.survey(t, r, s.fan.EachInTurn)
	if err != nil {
		return service.Response{}, err
	}
	answer := shop.Quote{Products: len(products), Currency: shop.Currency}
	for _, p := range products {
		answer.Total += p.Price
	}
	return service.JSON(200, answer)
}

// A fan calls a function for 0 to n-1, and returns its first error: see resilience.FanOut.
type fan func(t *loop.Task, n int, fn func(t *loop.Task, i int) error) error

// survey returns the products that the request names, in its order.
func (s *surveyor) survey(t *loop.Task, r *service.Request, each fan) ([]shop.Product, error) {
	ids, err := surveyed(r)
	if err != nil {
		return nil, err
	}
	products := make([]shop.Product, len(ids))
	err = each(t, len(ids), func(t *loop.Task, i int) (err error) {
		products[i], err = s.inventory.Product(t, ids[i])
		return err
	})
	if shop.CodeOf(err) == shop.CodeNotFound {
		err = noProduct(surveyedPlace)
	}
	return products, err
}

const surveyedPlace = "query:products"

// surveyed reads the parameter products, a list with commas.
func surveyed(r *service.Request) ([]string, error) {
	if err := r.CheckQuery("products"); err != nil {
		return nil, err
	}
	ids := strings.Split(r.Query("products"), ",")
	if len(ids) > maxSurveyed {
		return nil, shop.Invalid(surveyedPlace, fmt.Sprintf("has %d products, more than %d", len(ids), maxSurveyed))
	}
	for _, id := range ids {
		if err := shop.CheckName(surveyedPlace, id); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

package loadgen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/internal/shop"
)

const (
	maxPages      = 100 // of products
	loginsAtOnce  = 4   // a login is a slow hash: enough to use the shop's processors, too few to drown it
	looksAtOnce   = 8   // as many as inventory has clerks, unless it is told otherwise: none has to wait
	attempts      = 5   // of what must succeed before the load begins
	firstPause    = 200 * time.Millisecond
	renewalPeriod = time.Second
)

// A statusError is an answer that is no 2xx.
type statusError struct {
	status int
	code   string
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d: %s", e.status, e.code) }

// mayPass reports whether trying again makes sense.
func mayPass(err error) bool {
	answered, ok := errors.AsType[*statusError](err)
	return !ok || answered.status == fasthttp.StatusTooManyRequests || answered.status >= 500
}

// learnProducts lists the products, by name.
func (s *Shoppers) learnProducts(ctx context.Context) error {
	if !s.config.Warm && !s.config.Mix.needs(RouteProduct, RouteCheckout, RouteRefund, RouteStock, RouteQuote) {
		return nil
	}
	query := "?limit=100"
	for range maxPages {
		page, err := s.readProducts(ctx, query)
		if err != nil {
			return fmt.Errorf("list the products: %w", err)
		}
		for _, p := range page.Products {
			s.products = append(s.products, p.ID)
		}
		if page.Next == "" {
			break
		}
		query = "?limit=100&cursor=" + url.QueryEscape(page.Next)
	}
	slices.Sort(s.products)
	s.products = slices.Compact(s.products)
	if len(s.products) == 0 {
		return errors.New("the shop has no products")
	}
	return nil
}

func (s *Shoppers) readProducts(ctx context.Context, query string) (shop.ProductPage, error) {
	var page shop.ProductPage
	err := s.insist(ctx, func(r *fasthttp.Request) { r.SetRequestURI(s.gateway + "/v1/products" + query) }, &page)
	return page, err
}

// warm looks at each product once, as in a shop that has been open for a while.
func (s *Shoppers) warm(ctx context.Context) error {
	if !s.config.Warm {
		return nil
	}
	return forEach(ctx, s.products, looksAtOnce, func(ctx context.Context, product string) error {
		var p shop.Product
		if err := s.insist(ctx, s.lookAt(product).Write, &p); err != nil {
			return fmt.Errorf("look at %s: %w", product, err)
		}
		return nil
	})
}

// logIn logs all customers in, some at a time.
func (s *Shoppers) logIn(ctx context.Context) error {
	return forEach(ctx, s.customers, loginsAtOnce, func(ctx context.Context, c *customer) error {
		if err := s.open(ctx, c); err != nil {
			return fmt.Errorf("log in %s: %w", c.id, err)
		}
		return nil
	})
}

// open logs a customer in, and insists.
func (s *Shoppers) open(ctx context.Context, c *customer) error {
	var tokens shop.Tokens
	if err := s.insist(ctx, (&login{c}).Write, &tokens); err != nil {
		return err
	}
	c.session.Store(newSession(tokens, time.Now()))
	return nil
}

// Keep renews the customers' sessions before they end, and those that the shop has
// forgotten, until ctx is done. What it sends beside the load is not measured. A renewal
// that fails is tried again a second later.
func (s *Shoppers) Keep(ctx context.Context) {
	ticks := time.NewTicker(renewalPeriod)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticks.C:
			s.renewDue(ctx, now)
		}
	}
}

func (s *Shoppers) renewDue(ctx context.Context, now time.Time) {
	for _, c := range s.customers {
		if ctx.Err() == nil && c.isDue(now) {
			s.renew(c)
		}
	}
}

// renew swaps the refresh token for new tokens, or logs in again if it is not taken: it
// is good once, and also used up when the answer got lost.
func (s *Shoppers) renew(c *customer) {
	var tokens shop.Tokens
	err := errors.New("no session")
	if old := c.session.Load(); old != nil && !old.lost.Load() {
		err = s.ask(func(r *fasthttp.Request) {
			post(r, s.gateway+"/v1/refresh", shop.RefreshRequest{RefreshToken: old.refresh})
		}, &tokens)
	}
	if err != nil {
		err = s.ask((&login{c}).Write, &tokens)
	}
	if err == nil {
		c.session.Store(newSession(tokens, time.Now()))
	}
}

// insist asks again, after a pause that doubles, while there is hope.
func (s *Shoppers) insist(ctx context.Context, write func(*fasthttp.Request), into any) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := s.ask(write, into)
		if err == nil || attempt == attempts || !mayPass(err) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause *= 2
	}
}

// ask sends one request and decodes its answer.
func (s *Shoppers) ask(write func(*fasthttp.Request), into any) error {
	var request fasthttp.Request
	var answer fasthttp.Response
	write(&request)
	if err := s.config.Doer.DoDeadline(&request, &answer, time.Now().Add(s.config.Timeout)); err != nil {
		return err
	}
	if status := answer.StatusCode(); status < 200 || status > 299 {
		return &statusError{status, ErrorOf(status, answer.Body())}
	}
	if err := json.Unmarshal(answer.Body(), into); err != nil {
		return fmt.Errorf("an answer makes no sense: %w", err)
	}
	return nil
}

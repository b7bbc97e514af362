// Package redisstore keeps an inventory in Redis. Each change is one Lua script, and so
// is each page that is read: see scripts/common.lua for what lies where. The scripts
// make keys of what they read, so they are for a single Redis and not for a cluster.
package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/inventory"
)

// A Store is an inventory.Store.
type Store struct {
	redis   *service.Redis
	scripts map[string]*redis.Script
}

var _ inventory.Store = (*Store)(nil)

// New makes a store of what lies under the prefix of r.
func New(r *service.Redis) *Store { return &Store{redis: r, scripts: loadScripts()} }

// Seed implements inventory.Store.
func (s *Store) Seed(t *loop.Task, products []shop.Product) error {
	args := make([]any, 0, 5*len(products))
	for _, p := range products {
		args = append(args, p.ID, p.Name, int64(p.Price), p.Currency, int64(p.Available))
	}
	_, err := s.run(t, "seed", seedScript, args...)
	return err
}

// Product implements inventory.Store.
func (s *Store) Product(t *loop.Task, id string) (shop.Product, error) {
	key := s.redis.Key("product:", id)
	values, err := service.RedisDo(t, s.redis, "product", func(ctx context.Context, c *redis.Client) ([]any, error) {
		return c.HMGet(ctx, key, "name", "price", "currency", "available").Result()
	})
	if err != nil {
		return shop.Product{}, err
	}
	if values[0] == nil {
		return shop.Product{}, inventory.UnknownProduct(inventory.PathID)
	}
	f := fields{values: values}
	p := shop.Product{ID: id, Name: f.text(), Price: shop.Amount(f.integer()), Currency: f.text(), Available: f.quantity()}
	return p, f.err
}

// Products implements inventory.Store.
func (s *Store) Products(t *loop.Task, after string, limit int) ([]shop.Product, error) {
	products := make([]shop.Product, 0, limit)
	err := s.page(t, "products", after, limit, func(p shop.Product, _ shop.Stock) { products = append(products, p) })
	return products, err
}

// Stocks implements inventory.Store.
func (s *Store) Stocks(t *loop.Task, after string, limit int) ([]shop.Stock, error) {
	accounts := make([]shop.Stock, 0, limit)
	err := s.page(t, "stocks", after, limit, func(_ shop.Product, a shop.Stock) { accounts = append(accounts, a) })
	return accounts, err
}

func (s *Store) page(t *loop.Task, operation, after string, limit int, each func(shop.Product, shop.Stock)) error {
	from := "-"
	if after != "" {
		from = "(" + after
	}
	a, err := s.run(t, operation, productsScript, from, limit)
	if err != nil {
		return err
	}
	for i := range a.rest {
		f := a.array(i)
		p, account := f.product()
		if f.err != nil {
			return f.err
		}
		each(p, account)
	}
	return nil
}

// Restock implements inventory.Store.
func (s *Store) Restock(
	t *loop.Task, key, product string, pieces shop.Quantity, _ time.Time,
) (account shop.Stock, again bool, err error) {
	a, err := s.run(t, "restock", restockScript, key, product, int64(pieces), inventory.KeyTTL.Milliseconds())
	if err != nil {
		return shop.Stock{}, false, err
	}
	switch a.verdict {
	case done, replayed:
		f := a.array(0)
		account = f.account(product)
		return account, a.verdict == replayed, f.err
	case mismatch:
		return shop.Stock{}, false, inventory.KeyMismatch()
	case unknown:
		return shop.Stock{}, false, inventory.UnknownProduct(inventory.PathID)
	}
	return shop.Stock{}, false, a.unexpected()
}

// Hold implements inventory.Store.
func (s *Store) Hold(t *loop.Task, h shop.Hold) (hold shop.Hold, isKnown bool, err error) {
	a, err := s.run(t, "hold", holdScript,
		h.ID, string(h.Reference), linesText(h.Lines), h.Expires.UnixMilli(), inventory.MaxHolds)
	if err != nil {
		return shop.Hold{}, false, err
	}
	switch a.verdict {
	case done:
		h.Expires = time.UnixMilli(h.Expires.UnixMilli()).UTC()
		return h, false, nil
	case known:
		f := a.array(0)
		hold = f.hold(h.ID)
		return hold, true, f.err
	}
	return shop.Hold{}, false, a.lineError()
}

// lineError returns the error of an answer that refuses a hold, for a line or at all.
func (a answer) lineError() error {
	if a.verdict == full {
		return inventory.Full()
	}
	f := fields{values: a.rest}
	line := int(f.integer())
	switch {
	case f.err != nil:
		return f.err
	case a.verdict == short:
		return inventory.OutOfStock(line)
	case a.verdict == unknown:
		return inventory.UnknownProduct(inventory.LineProduct(line))
	}
	return a.unexpected()
}

// FindHold implements inventory.Store.
func (s *Store) FindHold(t *loop.Task, id string) (shop.Hold, error) {
	key := s.redis.Key("hold:", id)
	values, err := service.RedisDo(t, s.redis, "find-hold", func(ctx context.Context, c *redis.Client) ([]any, error) {
		return c.HMGet(ctx, key, "reference", "status", "lines", "expires").Result()
	})
	if err != nil {
		return shop.Hold{}, err
	}
	if values[0] == nil {
		return shop.Hold{}, inventory.UnknownHold()
	}
	f := fields{values: values}
	h := f.hold(id)
	return h, f.err
}

// Holds implements inventory.Store.
func (s *Store) Holds(t *loop.Task, skip int64, limit int) ([]shop.Hold, error) {
	a, err := s.run(t, "holds", holdsScript, skip, skip+int64(limit)-1)
	if err != nil {
		return nil, err
	}
	holds := make([]shop.Hold, len(a.rest))
	for i := range holds {
		f := a.array(i)
		if holds[i] = f.hold(f.text()); f.err != nil {
			return nil, f.err
		}
	}
	return holds, nil
}

// Act implements inventory.Store.
func (s *Store) Act(t *loop.Task, id string, action inventory.Action, now time.Time) (shop.Hold, error) {
	args := []any{id, now.UnixMilli(), inventory.MaxHolds}
	for _, step := range action.Steps() {
		args = append(args, string(step.From), string(step.To), string(step.Take), string(step.Give))
	}
	a, err := s.run(t, string(action), actScript, args...)
	if err != nil {
		return shop.Hold{}, err
	}
	switch a.verdict {
	case done:
		f := a.array(0)
		h := f.hold(id)
		return h, f.err
	case short:
		return shop.Hold{}, inventory.StockGone()
	case full:
		return shop.Hold{}, inventory.Full()
	case refused:
		f := fields{values: a.rest}
		return shop.Hold{}, action.Refuse(shop.HoldStatus(f.text()))
	}
	return shop.Hold{}, a.unexpected()
}

// ExpireDue implements inventory.Store.
func (s *Store) ExpireDue(t *loop.Task, now time.Time, limit int) (int, error) {
	step := inventory.Expire.Steps()[0]
	a, err := s.run(t, "expire-due", expireDueScript,
		now.UnixMilli(), limit, string(step.To), string(step.Take), string(step.Give))
	if err != nil {
		return 0, err
	}
	f := fields{values: a.rest}
	n := f.integer()
	return int(n), f.err
}

// Census implements inventory.Store.
func (s *Store) Census(t *loop.Task) (inventory.Census, error) {
	a, err := s.run(t, "census", censusScript)
	if err != nil {
		return inventory.Census{}, err
	}
	c := inventory.Census{Holds: map[shop.HoldStatus]int64{}}
	if due := a.array(0); len(due.values) > 0 && due.values[0] != "" {
		c.Due = time.UnixMilli(due.integer()).UTC()
		err = due.err
	}
	f := a.array(1)
	for err == nil && f.err == nil && len(f.values) > 0 {
		status := shop.HoldStatus(f.text())
		c.Holds[status] = f.integer()
	}
	return c, errors.Join(err, f.err)
}

// ReadStocks implements inventory.Store.
func (s *Store) ReadStocks(t *loop.Task, lines []shop.Line) ([]shop.Stock, error) {
	a, err := s.run(t, "read-stocks", readStocksScript, linesText(lines))
	if err != nil {
		return nil, err
	}
	if a.verdict != done {
		return nil, a.lineError()
	}
	accounts := make([]shop.Stock, len(a.rest))
	for i := range accounts {
		f := a.array(i)
		if _, accounts[i] = f.product(); f.err != nil {
			return nil, f.err
		}
	}
	return accounts, nil
}

// WriteHold implements inventory.Store.
func (s *Store) WriteHold(t *loop.Task, h shop.Hold, accounts []shop.Stock) error {
	args := []any{h.ID, string(h.Reference), linesText(h.Lines), h.Expires.UnixMilli()}
	for _, account := range accounts {
		args = append(args, account.Product, int64(account.Available), int64(account.Held))
	}
	_, err := s.run(t, "write-hold", writeHoldScript, args...)
	return err
}

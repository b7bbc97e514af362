// Package memstore keeps an inventory in memory, for simulations and tests.
package memstore

import (
	"slices"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/inventory"
)

// A Store is an inventory.Store.
type Store struct {
	memory *service.Memory
	books  *books
}

var _ inventory.Store = (*Store)(nil)

// New makes a store that is empty. Operations take the waits, and the faults, of the
// memory. The store may outlive the service that uses it.
func New(m *service.Memory) *Store { return &Store{memory: m, books: newBooks()} }

// Seed implements inventory.Store.
func (s *Store) Seed(t *loop.Task, products []shop.Product) error {
	products = slices.Clone(products)
	_, err := service.MemoryDo(t, s.memory, "seed", func() (struct{}, error) {
		for _, p := range products {
			s.books.add(p)
		}
		return struct{}{}, nil
	})
	return err
}

// Product implements inventory.Store.
func (s *Store) Product(t *loop.Task, id string) (shop.Product, error) {
	return service.MemoryDo(t, s.memory, "product", func() (shop.Product, error) {
		if p := s.books.products[id]; p != nil {
			return p.described(), nil
		}
		return shop.Product{}, inventory.UnknownProduct(inventory.PathID)
	})
}

// Products implements inventory.Store.
func (s *Store) Products(t *loop.Task, after string, limit int) ([]shop.Product, error) {
	return service.MemoryDo(t, s.memory, "products", func() (page []shop.Product, _ error) {
		for _, p := range s.books.page(after, limit) {
			page = append(page, p.described())
		}
		return page, nil
	})
}

// Stocks implements inventory.Store.
func (s *Store) Stocks(t *loop.Task, after string, limit int) ([]shop.Stock, error) {
	return service.MemoryDo(t, s.memory, "stocks", func() (page []shop.Stock, _ error) {
		for _, p := range s.books.page(after, limit) {
			page = append(page, p.account)
		}
		return page, nil
	})
}

// Restock implements inventory.Store.
func (s *Store) Restock(
	t *loop.Task, key, product string, pieces shop.Quantity, now time.Time,
) (account shop.Stock, replayed bool, err error) {
	r, err := service.MemoryDo(t, s.memory, "restock", func() (r found[shop.Stock], err error) {
		r.value, r.known, err = s.books.restock(key, product, pieces, milliseconds(now))
		return r, err
	})
	return r.value, r.known, err
}

// Hold implements inventory.Store.
func (s *Store) Hold(t *loop.Task, h shop.Hold) (hold shop.Hold, known bool, err error) {
	h = clone(h)
	h.Expires = milliseconds(h.Expires)
	r, err := service.MemoryDo(t, s.memory, "hold", func() (r found[shop.Hold], err error) {
		r.value, r.known, err = s.books.setAside(h)
		return r, err
	})
	return r.value, r.known, err
}

// FindHold implements inventory.Store.
func (s *Store) FindHold(t *loop.Task, id string) (shop.Hold, error) {
	return service.MemoryDo(t, s.memory, "find-hold", func() (shop.Hold, error) {
		if h := s.books.holds[id]; h != nil {
			return clone(*h), nil
		}
		return shop.Hold{}, inventory.UnknownHold()
	})
}

// Holds implements inventory.Store.
func (s *Store) Holds(t *loop.Task, skip int64, limit int) ([]shop.Hold, error) {
	return service.MemoryDo(t, s.memory, "holds", func() (page []shop.Hold, _ error) {
		from := int(min(skip, int64(len(s.books.made))))
		to := min(from+limit, len(s.books.made))
		for _, id := range s.books.made[from:to] {
			page = append(page, clone(*s.books.holds[id]))
		}
		return page, nil
	})
}

// Act implements inventory.Store.
func (s *Store) Act(t *loop.Task, id string, a inventory.Action, now time.Time) (shop.Hold, error) {
	return service.MemoryDo(t, s.memory, string(a), func() (shop.Hold, error) {
		return s.books.act(id, a, milliseconds(now))
	})
}

// ExpireDue implements inventory.Store.
func (s *Store) ExpireDue(t *loop.Task, now time.Time, limit int) (int, error) {
	return service.MemoryDo(t, s.memory, "expire-due", func() (int, error) {
		return s.books.expire(milliseconds(now), limit)
	})
}

// Census implements inventory.Store.
func (s *Store) Census(t *loop.Task) (inventory.Census, error) {
	return service.MemoryDo(t, s.memory, "census", func() (inventory.Census, error) { return s.books.count(), nil })
}

// ReadStocks implements inventory.Store.
func (s *Store) ReadStocks(t *loop.Task, lines []shop.Line) ([]shop.Stock, error) {
	lines = slices.Clone(lines)
	return service.MemoryDo(t, s.memory, "read-stocks", func() ([]shop.Stock, error) {
		return s.books.accounts(lines)
	})
}

// WriteHold implements inventory.Store.
func (s *Store) WriteHold(t *loop.Task, h shop.Hold, accounts []shop.Stock) error {
	h, accounts = clone(h), slices.Clone(accounts)
	h.Expires = milliseconds(h.Expires)
	_, err := service.MemoryDo(t, s.memory, "write-hold", func() (struct{}, error) {
		s.books.overwrite(h, accounts)
		return struct{}{}, nil
	})
	return err
}

// found is what an operation returns that also tells whether it was done before.
type found[T any] struct {
	value T
	known bool
}

// milliseconds is a time as exactly as the store keeps it.
func milliseconds(at time.Time) time.Time { return at.Truncate(time.Millisecond).UTC() }

package memstore

import (
	"container/heap"
	"maps"
	"slices"
	"strings"
	"time"

	"brownout/internal/shop"
	"brownout/services/inventory"
)

// books are the data of a store. Whoever has them has them alone.
type books struct {
	products map[string]*product
	ids      []string // of all products, in order
	holds    map[string]*shop.Hold
	census   map[shop.HoldStatus]int64
	made     []string // the ids of all holds, in the order in which they were made
	due      dueHeap  // the expiries of all that are held, and of some that were
	restocks map[string]restocking
	keys     []string // those of restocks, the oldest first
}

type product struct {
	shop.Product
	account shop.Stock
}

// A restocking is what a key was used for.
type restocking struct {
	product string
	pieces  shop.Quantity
	answer  shop.Stock
	expires time.Time
}

func newBooks() *books {
	return &books{
		products: map[string]*product{},
		holds:    map[string]*shop.Hold{},
		census:   map[shop.HoldStatus]int64{},
		restocks: map[string]restocking{},
	}
}

// add adds a product that is not there yet.
func (b *books) add(p shop.Product) {
	at, found := slices.BinarySearch(b.ids, p.ID)
	if found {
		return
	}
	b.ids = slices.Insert(b.ids, at, p.ID)
	b.products[p.ID] = &product{p, shop.Stock{Product: p.ID, Initial: p.Available, Available: p.Available}}
}

// described returns the product as it stands.
func (p *product) described() shop.Product {
	d := p.Product
	d.Available = p.account.Available
	return d
}

// page returns up to limit products by id, behind a given id.
func (b *books) page(after string, limit int) []*product {
	at, found := slices.BinarySearch(b.ids, after)
	if found {
		at++
	}
	page := make([]*product, 0, min(limit, len(b.ids)-at))
	for _, id := range b.ids[at:][:cap(page)] {
		page = append(page, b.products[id])
	}
	return page
}

// restock returns the account after it, and whether the key was known.
func (b *books) restock(key, id string, pieces shop.Quantity, now time.Time) (shop.Stock, bool, error) {
	b.forget(now)
	if done, known := b.restocks[key]; known {
		if done.product != id || done.pieces != pieces {
			return shop.Stock{}, false, inventory.KeyMismatch()
		}
		return done.answer, true, nil
	}
	p := b.products[id]
	if p == nil {
		return shop.Stock{}, false, inventory.UnknownProduct(inventory.PathID)
	}
	p.account.Restocked += pieces
	p.account.Available += pieces
	b.restocks[key] = restocking{id, pieces, p.account, now.Add(inventory.KeyTTL)}
	b.keys = append(b.keys, key)
	return p.account, false, nil
}

// forget drops the keys that have expired.
func (b *books) forget(now time.Time) {
	for len(b.keys) > 0 && !now.Before(b.restocks[b.keys[0]].expires) {
		delete(b.restocks, b.keys[0])
		b.keys = b.keys[1:]
	}
}

// setAside makes a hold, unless its id is known; then it returns that which has it.
func (b *books) setAside(h shop.Hold) (hold shop.Hold, known bool, err error) {
	if old := b.holds[h.ID]; old != nil {
		return clone(*old), true, nil
	}
	for i, line := range h.Lines {
		switch p := b.products[line.Product]; {
		case p == nil:
			return shop.Hold{}, false, inventory.UnknownProduct(inventory.LineProduct(i))
		case p.account.Available < line.Quantity:
			return shop.Hold{}, false, inventory.OutOfStock(i)
		}
	}
	if len(b.made) >= inventory.MaxHolds {
		return shop.Hold{}, false, inventory.Full()
	}
	b.move(h.Lines, inventory.Available, inventory.Held)
	b.keep(clone(h))
	return h, false, nil
}

// keep writes a hold that may be new.
func (b *books) keep(h shop.Hold) {
	if old := b.holds[h.ID]; old != nil {
		b.census[old.Status]--
	} else {
		b.made = append(b.made, h.ID)
	}
	b.census[h.Status]++
	b.holds[h.ID] = &h
	if h.Status == shop.Held {
		heap.Push(&b.due, due{h.Expires, h.ID})
	}
}

// act carries out a step of an action.
func (b *books) act(id string, a inventory.Action, now time.Time) (shop.Hold, error) {
	h := shop.Hold{ID: id, Status: inventory.Absent, Expires: now}
	if old := b.holds[id]; old != nil {
		h = clone(*old)
	}
	step, ok := a.StepFrom(h.Status)
	if !ok {
		return shop.Hold{}, a.Refuse(h.Status)
	}
	if step.To == step.From {
		return h, nil
	}
	if step.Take == inventory.Available && b.short(h.Lines) {
		return shop.Hold{}, inventory.StockGone()
	}
	if step.From == inventory.Absent && len(b.made) >= inventory.MaxHolds {
		return shop.Hold{}, inventory.Full()
	}
	b.move(h.Lines, step.Take, step.Give)
	h.Status = step.To
	b.keep(clone(h))
	return h, nil
}

// short says whether a line cannot be had.
func (b *books) short(lines []shop.Line) bool {
	return slices.ContainsFunc(lines, func(line shop.Line) bool {
		return b.products[line.Product].account.Available < line.Quantity
	})
}

// move takes the pieces of lines from one pile and gives them to another.
func (b *books) move(lines []shop.Line, take, give inventory.Pile) {
	if take == inventory.NoPile {
		return
	}
	for _, line := range lines {
		p := b.products[line.Product]
		*p.pile(take) -= line.Quantity
		*p.pile(give) += line.Quantity
	}
}

func (p *product) pile(name inventory.Pile) *shop.Quantity {
	switch name {
	case inventory.Available:
		return &p.account.Available
	case inventory.Held:
		return &p.account.Held
	case inventory.Sold:
		return &p.account.Sold
	}
	panic("memstore: there is no pile " + string(name))
}

// expire expires up to limit holds that are due.
func (b *books) expire(now time.Time, limit int) (expired int, err error) {
	for expired < limit && len(b.due) > 0 && !b.due[0].at.After(now) {
		next := heap.Pop(&b.due).(due)
		if b.holds[next.hold].Status != shop.Held {
			continue
		}
		if _, err := b.act(next.hold, inventory.Expire, now); err != nil {
			return expired, err
		}
		expired++
	}
	return expired, nil
}

// count takes a census. What is no longer held is in due no more after it, as far as it
// stands first.
func (b *books) count() inventory.Census {
	for len(b.due) > 0 && b.holds[b.due[0].hold].Status != shop.Held {
		heap.Pop(&b.due)
	}
	c := inventory.Census{Holds: maps.Clone(b.census)}
	if len(b.due) > 0 {
		c.Due = b.due[0].at
	}
	return c
}

// accounts returns those of the products of lines.
func (b *books) accounts(lines []shop.Line) ([]shop.Stock, error) {
	accounts := make([]shop.Stock, len(lines))
	for i, line := range lines {
		p := b.products[line.Product]
		if p == nil {
			return nil, inventory.UnknownProduct(inventory.LineProduct(i))
		}
		accounts[i] = p.account
	}
	return accounts, nil
}

// overwrite writes a hold and its piles, whatever is there.
func (b *books) overwrite(h shop.Hold, accounts []shop.Stock) {
	for _, account := range accounts {
		p := b.products[account.Product]
		p.account.Available, p.account.Held = account.Available, account.Held
	}
	b.keep(h)
}

func clone(h shop.Hold) shop.Hold {
	h.Lines = slices.Clone(h.Lines)
	return h
}

// A due is when a hold expires.
type due struct {
	at   time.Time
	hold string
}

// dueHeap orders by time, and at one time by id, as Redis does.
type dueHeap []due

func (h dueHeap) Len() int { return len(h) }

func (h dueHeap) Less(i, j int) bool {
	if c := h[i].at.Compare(h[j].at); c != 0 {
		return c < 0
	}
	return strings.Compare(h[i].hold, h[j].hold) < 0
}

func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *dueHeap) Push(x any) { *h = append(*h, x.(due)) }

func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

package audit

import (
	"maps"
	"slices"

	"brownout/internal/shop"
)

// pieces are those of one product by the holds.
type pieces struct{ held, sold shop.Quantity }

// stock checks each product's account, in itself and against the holds.
func (v *view) stock() *Invariant {
	i := newInvariant(StockAdds, "available + held + sold = initial + restocked, none negative, and the holds say the same")
	byHolds := v.piecesByHolds(i)
	known := map[string]bool{}
	var sum pieces
	for _, s := range v.Stock {
		if known[s.Product] {
			i.violate("%s: has two accounts", s.Product)
		}
		known[s.Product] = true
		checkAccount(i, s)
		if h := byHolds[s.Product]; s.Held != h.held || s.Sold != h.sold {
			i.violate("%s: %d held and %d sold, and by the holds %d and %d", s.Product, s.Held, s.Sold, h.held, h.sold)
		}
		sum.held, sum.sold = sum.held+s.Held, sum.sold+s.Sold
	}
	for _, product := range slices.Sorted(maps.Keys(byHolds)) {
		if !known[product] {
			i.violate("%s: is on hold and has no account", product)
		}
	}
	i.count("products", len(v.Stock))
	i.count("holds", len(v.Holds))
	i.count("pieces held", int(sum.held))
	i.count("pieces sold", int(sum.sold))
	return i
}

func checkAccount(i *Invariant, s shop.Stock) {
	if min(s.Initial, s.Restocked, s.Available, s.Held, s.Sold) < 0 {
		i.violate("%s: less than none: %d available, %d held, %d sold of %d and %d restocked",
			s.Product, s.Available, s.Held, s.Sold, s.Initial, s.Restocked)
	}
	if s.Available+s.Held+s.Sold != s.Initial+s.Restocked {
		i.violate("%s: %d available + %d held + %d sold are not %d + %d restocked",
			s.Product, s.Available, s.Held, s.Sold, s.Initial, s.Restocked)
	}
}

// piecesByHolds sums up the holds, by product.
func (v *view) piecesByHolds(i *Invariant) map[string]pieces {
	sums := map[string]pieces{}
	seen := make(map[string]bool, len(v.Holds))
	for _, hold := range v.Holds {
		if seen[hold.ID] {
			i.violate("hold %s: comes twice", hold.ID)
		}
		seen[hold.ID] = true
		checkHold(i, hold)
		for _, line := range hold.Lines {
			sums[line.Product] = sums[line.Product].add(hold.Status, line.Quantity)
		}
	}
	return sums
}

func checkHold(i *Invariant, hold shop.Hold) {
	switch hold.Status {
	case shop.Held, shop.Sold, shop.Released, shop.Expired, shop.Returned:
	default:
		i.violate("hold %s: unknown status %q", hold.ID, hold.Status)
	}
	for _, line := range hold.Lines {
		if line.Quantity < 1 {
			i.violate("hold %s: %d of %s", hold.ID, line.Quantity, line.Product)
		}
	}
}

func (p pieces) add(status shop.HoldStatus, quantity shop.Quantity) pieces {
	switch status {
	case shop.Held:
		p.held += quantity
	case shop.Sold:
		p.sold += quantity
	}
	return p
}

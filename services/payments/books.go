package payments

import (
	"time"

	"brownout/internal/shop"
)

// entry returns what the books say of an operation that was done; see the chart of
// accounts in the package's documentation. Its legs sum to nothing.
func entry(o Operation, p shop.Payment, now time.Time) *shop.LedgerEntry {
	return &shop.LedgerEntry{
		Time: now, Kind: o.passage().entry,
		Payment: p.ID, Reference: p.Reference, Bank: p.Bank, Amount: p.Amount,
		Legs: legs(o, p),
	}
}

func legs(o Operation, p shop.Payment) []shop.Leg {
	switch o {
	case Authorise:
		return held(p, p.Amount)
	case Void:
		return held(p, -p.Amount)
	case Capture:
		return append(held(p, -p.Amount), moved(p, p.Amount)...)
	case Refund:
		return moved(p, -p.Amount)
	}
	panic("payments: no legs for " + string(o))
}

// held is money that a bank sets aside.
func held(p shop.Payment, a shop.Amount) []shop.Leg {
	return []shop.Leg{{Account: "authorised:" + p.Bank, Amount: a}, {Account: "customers-authorised", Amount: -a}}
}

// moved is money that a bank owes the shop, and a tenant has earned.
func moved(p shop.Payment, a shop.Amount) []shop.Leg {
	return []shop.Leg{{Account: "bank:" + p.Bank, Amount: a}, {Account: "revenue:" + p.Tenant, Amount: -a}}
}

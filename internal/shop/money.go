package shop

import (
	"fmt"
	"strconv"
)

// Currency is the only one of the shop, by ISO 4217.
const Currency = "EUR"

// MaxAmount bounds what one payment may move: 10 million euros.
const MaxAmount Amount = 1_000_000_000

// An Amount of money in cents. In a ledger it may be negative; what comes in over
// the wire is from 1 to MaxAmount.
type Amount int64

// String returns the amount in euros, as in "12.34 EUR".
func (a Amount) String() string {
	sign := ""
	if a < 0 {
		sign, a = "-", -a
	}
	return fmt.Sprintf("%s%d.%02d %s", sign, a/100, a%100, Currency)
}

// Check returns an error unless the amount may be charged.
func (a Amount) Check(pointer string) error {
	if a < 1 || a > MaxAmount {
		return Invalid(pointer, fmt.Sprintf("must be from 1 to %d cents", MaxAmount))
	}
	return nil
}

// MaxQuantity bounds the pieces of one line of an order.
const MaxQuantity Quantity = 1000

// A Quantity counts pieces.
type Quantity int64

// Check returns an error unless so many may be ordered.
func (q Quantity) Check(pointer string) error {
	if q < 1 || q > MaxQuantity {
		return Invalid(pointer, fmt.Sprintf("must be from 1 to %d", MaxQuantity))
	}
	return nil
}

// UnmarshalJSON takes digits only: no sign but a minus, no fraction, no exponent,
// no string, no null.
func (a *Amount) UnmarshalJSON(text []byte) error { return integer(text, (*int64)(a)) }

// UnmarshalJSON takes digits only, as an Amount does.
func (q *Quantity) UnmarshalJSON(text []byte) error { return integer(text, (*int64)(q)) }

func integer(text []byte, into *int64) error {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return fmt.Errorf("%.40s is no plain integer of 64 bits", text)
	}
	*into = n
	return nil
}

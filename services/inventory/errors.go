package inventory

import (
	"strconv"
	"time"

	"brownout/internal/shop"
)

// UnknownProduct returns the error of a product that is not there, at a place of the
// request: that of a line, or of the path.
func UnknownProduct(pointer string) error {
	return &shop.Error{Code: shop.CodeNotFound, Message: "there is no such product", Pointer: pointer}
}

// UnknownHold returns the error of a hold that is not there.
func UnknownHold() error {
	return &shop.Error{Code: shop.CodeNotFound, Message: "there is no such hold", Pointer: PathID}
}

func isUnknown(err error) bool { return shop.CodeOf(err) == shop.CodeNotFound }

// OutOfStock returns the error of a line, counted from 0, of which too few pieces are
// there.
func OutOfStock(line int) error {
	return &shop.Error{Code: shop.CodeOutOfStock, Message: "there is not enough of this product", Pointer: linePointer(line)}
}

// StockGone returns the error of an expired hold, a line of which cannot be had any more.
func StockGone() error {
	return &shop.Error{Code: shop.CodeHoldExpired, Message: "the hold has expired, and its pieces are gone"}
}

// Full returns the error of books that take no more holds.
func Full() error {
	return &shop.Error{Code: shop.CodeUnavailable, Message: "the books are full", RetryAfter: time.Minute}
}

// KeyMismatch returns the error of a restock whose key was used for another one.
func KeyMismatch() error {
	return &shop.Error{
		Code: shop.CodeKeyMismatch, Message: "this key was used for another restock", Pointer: "header:" + shop.HeaderIdempotencyKey,
	}
}

// PathID is the place in a request of the id in its path.
const PathID = "path:id"

func linePointer(line int) string { return "/lines/" + strconv.Itoa(line) }

// LineProduct names the place of the product of a line, counted from 0.
func LineProduct(line int) string { return linePointer(line) + "/product" }

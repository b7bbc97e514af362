package inventory

import (
	"slices"
	"time"

	"brownout/internal/loop"
	"brownout/internal/shop"
)

// MaxHolds bounds the holds of a store. They are its books, so none is thrown away.
const MaxHolds = 5_000_000

// KeyTTL is how long the idempotency key of a restock is known.
const KeyTTL = 24 * time.Hour

// A Store keeps products and holds. All methods are called by tasks, on the loop, and
// wait; each is one atomic operation. Whatever changes something may be done again
// after its reply was lost, with the same result.
//
// Errors are those of this package (see errors.go) if the store has answered; any other
// means that it has not, or could not. Times are those that the caller passes; a store
// keeps them by the millisecond.
type Store interface {
	// Seed adds those of the products that are not there yet, each with as many
	// pieces as it says are available.
	Seed(t *loop.Task, products []shop.Product) error

	// Product returns one product.
	Product(t *loop.Task, id string) (shop.Product, error)
	// Products returns up to limit products by id, from the first after a given
	// id on; "" is before all of them.
	Products(t *loop.Task, after string, limit int) ([]shop.Product, error)
	// Stocks returns the accounts of products in the same way.
	Stocks(t *loop.Task, after string, limit int) ([]shop.Stock, error)
	// Restock adds pieces to a product and returns its account after that. If
	// the key has been used for that before, it changes nothing, returns what it
	// returned then, and says so.
	Restock(t *loop.Task, key, product string, pieces shop.Quantity, now time.Time) (account shop.Stock, replayed bool, err error)

	// Hold sets aside the lines of a hold, all or none, and keeps the hold. If
	// its id is known, it changes nothing and returns the hold that has it, and
	// known, whatever that holds: see [Again].
	Hold(t *loop.Task, h shop.Hold) (hold shop.Hold, known bool, err error)
	// FindHold returns one hold.
	FindHold(t *loop.Task, id string) (shop.Hold, error)
	// Holds returns up to limit holds in the order in which they were made, after
	// the first skip ones.
	Holds(t *loop.Task, skip int64, limit int) ([]shop.Hold, error)
	// Act does an action to a hold and returns what that is then.
	Act(t *loop.Task, id string, a Action, now time.Time) (shop.Hold, error)
	// ExpireDue expires up to limit of the holds that are due, those first that
	// are due longest, and returns how many.
	ExpireDue(t *loop.Task, now time.Time, limit int) (int, error)

	// Census returns how many holds there are.
	Census(t *loop.Task) (Census, error)

	// ReadStocks returns the accounts of the products of lines. It is half of a
	// hold for who does without atomicity; the other half is WriteHold.
	ReadStocks(t *loop.Task, lines []shop.Line) ([]shop.Stock, error)
	// WriteHold writes a hold and the piles of its products, over whatever is
	// there by now.
	WriteHold(t *loop.Task, h shop.Hold, accounts []shop.Stock) error
}

// A Census is how many holds a store has, by status, and when the first of those that
// are held is due, or was; zero if none is held.
type Census struct {
	Holds map[shop.HoldStatus]int64
	Due   time.Time
}

// Again says what a request to hold finds whose id is known: the hold, if it asks for
// the same; an error, if it asks for something else, or the hold has been released.
func Again(known, asked shop.Hold) (shop.Hold, error) {
	if known.Status == shop.Released {
		return shop.Hold{}, &shop.Error{Code: shop.CodeCancelled, Message: "this hold has been released"}
	}
	if known.Reference != asked.Reference || !slices.Equal(known.Lines, asked.Lines) {
		return shop.Hold{}, &shop.Error{Code: shop.CodeKeyMismatch, Message: "this id is that of another hold", Pointer: "/id"}
	}
	return known, nil
}

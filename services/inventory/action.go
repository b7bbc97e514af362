package inventory

import (
	"brownout/internal/shop"
)

// A Pile is where pieces of a product lie.
type Pile string

// The piles. Their names are those of the fields of shop.Stock.
const (
	NoPile    Pile = ""
	Available Pile = "available"
	Held      Pile = "held"
	Sold      Pile = "sold"
)

// An Action is what may be done to a hold.
type Action string

// The actions.
const (
	Commit  Action = "commit"
	Release Action = "release"
	Return  Action = "return"
	Expire  Action = "expire"
)

// Absent is the status of a hold that nobody knows.
const Absent shop.HoldStatus = ""

// A Step is one way in which an action may go: what a hold becomes, and from which
// pile to which its pieces move. Without piles, nothing moves. A step whose From and
// To are the same changes nothing at all.
type Step struct {
	From, To   shop.HoldStatus
	Take, Give Pile
}

// Steps returns the ways in which an action may go, one for each status that a hold
// may have before it. From any other status it is refused; see [Action.Refuse].
func (a Action) Steps() []Step {
	switch a {
	case Commit:
		return []Step{
			{shop.Held, shop.Sold, Held, Sold},
			{shop.Expired, shop.Sold, Available, Sold}, // if they are there
			{shop.Sold, shop.Sold, NoPile, NoPile},
		}
	case Release:
		return []Step{
			{shop.Held, shop.Released, Held, Available},
			{shop.Expired, shop.Released, NoPile, NoPile},
			{shop.Released, shop.Released, NoPile, NoPile},
			{Absent, shop.Released, NoPile, NoPile}, // a tombstone
		}
	case Return:
		return []Step{
			{shop.Sold, shop.Returned, Sold, Available},
			{shop.Returned, shop.Returned, NoPile, NoPile},
		}
	case Expire:
		return []Step{{shop.Held, shop.Expired, Held, Available}}
	}
	panic("inventory: there is no action " + string(a))
}

// Refuse returns the error of an action that a hold's status does not allow.
func (a Action) Refuse(from shop.HoldStatus) error {
	switch {
	case from == Absent:
		return UnknownHold()
	case a == Commit && from == shop.Released:
		return &shop.Error{Code: shop.CodeCancelled, Message: "the hold has been released"}
	}
	return &shop.Error{Code: shop.CodeState, Message: "the hold is " + string(from)}
}

// StepFrom returns the step of an action from a status; false if there is none.
func (a Action) StepFrom(from shop.HoldStatus) (Step, bool) {
	for _, step := range a.Steps() {
		if step.From == from {
			return step, true
		}
	}
	return Step{}, false
}

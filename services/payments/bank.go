package payments

import (
	"context"
	"errors"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// A Bank executes instructions. Adapters know how to tell a bank something twice.
type Bank interface {
	// Name is the bank's, as in payments, in the books and in metrics.
	Name() string
	// Execute has the bank do what is instructed and returns the charge as it is
	// then. The error is that of [service.Fetch].
	Execute(t *loop.Task, i Instruction) (shop.Charge, error)
}

// An Instruction is what a bank is to do.
type Instruction struct {
	Do Operation
	// Key is the same whenever the same is to be done, and of nothing else.
	Key string
	// Again says that this was, or may have been, sent before, and what came of
	// it is not known. The adapter makes sure that it is done once.
	Again bool
	// Charge is the charge's id at the bank; "" to authorise.
	Charge string
	// Request is what the charge is, or was, authorised with.
	Request shop.ChargeRequest
}

// An outcome is what is known after an instruction.
type outcome int

const (
	outcomeUnknown  outcome = iota // it may have been done
	outcomeDone                    // it was
	outcomeDeclined                // the bank said no to the card
	outcomeRefused                 // the charge's state at the bank does not allow it
	outcomeNothing                 // it was not done, and may be tried elsewhere
)

func (o outcome) String() string {
	return [...]string{"unknown", "done", "declined", "refused", "nothing"}[o]
}

// judge says what is known after an instruction that ended in err. When it may
// have been sent before, that this time nothing was done says nothing.
func judge(i Instruction, err error) outcome {
	switch {
	case err == nil:
		return outcomeDone
	case i.Do == Authorise && shop.CodeOf(err) == shop.CodeDeclined:
		return outcomeDeclined
	case i.Do != Authorise && isRefusal(err):
		return outcomeRefused
	case !i.Again && isNothing(err):
		return outcomeNothing
	}
	return outcomeUnknown
}

func isRefusal(err error) bool {
	switch shop.CodeOf(err) {
	case shop.CodeState, shop.CodeNotFound, shop.CodeCancelled:
		return true
	}
	return false
}

// isNothing says that the bank has certainly done nothing. Whatever is not listed
// here may have been done.
func isNothing(err error) bool {
	if e, ok := errors.AsType[*service.CallError](err); ok {
		return !e.Sent
	}
	if _, ok := errors.AsType[*resilience.Rejection](err); ok {
		return true
	}
	switch shop.CodeOf(err) {
	case shop.CodeUnavailable, shop.CodeDependency, shop.CodeOverloaded, shop.CodeClosing, shop.CodeRateLimited,
		shop.CodeInvalid, shop.CodeKeyMissing, shop.CodeKeyMismatch, shop.CodeUnauthenticated, shop.CodeForbidden,
		shop.CodeNotFound, shop.CodeMethod, shop.CodeLength, shop.CodeTooLarge, shop.CodeHeaderTooLarge:
		return true
	}
	return errors.Is(err, loop.ErrFull) && !errors.Is(err, context.DeadlineExceeded)
}

package acquirer

import (
	"slices"
	"strings"

	"brownout/internal/shop"
)

// An instruction is something that can be done to a charge.
type instruction struct {
	name    string
	becomes shop.ChargeStatus
	// from lists the states that a charge may be in; a bank without keys, which
	// cannot tell a repetition from an order, takes those of repeated as well.
	from, repeated []shop.ChargeStatus
}

func capture() instruction {
	return instruction{
		name: "capture", becomes: shop.ChargeCaptured,
		from: []shop.ChargeStatus{shop.ChargeAuthorised}, repeated: []shop.ChargeStatus{shop.ChargeCaptured},
	}
}

func void() instruction {
	return instruction{name: "void", becomes: shop.ChargeVoided, from: []shop.ChargeStatus{shop.ChargeAuthorised}}
}

func refund() instruction {
	return instruction{
		name: "refund", becomes: shop.ChargeRefunded,
		from: []shop.ChargeStatus{shop.ChargeCaptured}, repeated: []shop.ChargeStatus{shop.ChargeRefunded},
	}
}

// check returns an error unless the instruction may be carried out on a charge in a
// state.
func (i instruction) check(status shop.ChargeStatus, keys bool) error {
	if slices.Contains(i.from, status) || !keys && slices.Contains(i.repeated, status) {
		return nil
	}
	return &shop.Error{Code: shop.CodeState, Message: "cannot " + i.name + " a charge that is " + string(status)}
}

// checkAuthorise returns an error unless a request to authorise keeps the contract.
func checkAuthorise(r shop.ChargeRequest) error {
	if err := checkText("/reference", string(r.Reference)); err != nil {
		return err
	}
	if err := r.Amount.Check("/amount"); err != nil {
		return err
	}
	if r.Currency != shop.Currency {
		return shop.Invalid("/currency", "must be "+shop.Currency)
	}
	return shop.CheckName("/card", r.Card)
}

// checkText returns an error unless a text that means nothing to the bank is one of 1 to
// MaxText visible ASCII characters.
func checkText(pointer, text string) error {
	visible := func(r rune) bool { return r > ' ' && r <= '~' }
	switch {
	case text == "":
		return shop.Invalid(pointer, "must not be empty")
	case len(text) > MaxText:
		return shop.Invalid(pointer, "is too long")
	case strings.ContainsFunc(text, func(r rune) bool { return !visible(r) }):
		return shop.Invalid(pointer, "may have visible ASCII characters only")
	}
	return nil
}

package shop

import "time"

// ChargeRequest is the body of POST /v1/charges at a bank, which authorises.
type ChargeRequest struct {
	Reference Reference `json:"reference"`
	Amount    Amount    `json:"amount"`
	Currency  string    `json:"currency"`
	Card      string    `json:"card"`
}

// ChargeStatus is where a bank sees a charge.
type ChargeStatus string

// The states of a charge.
const (
	ChargeAuthorised ChargeStatus = "authorised"
	ChargeCaptured   ChargeStatus = "captured"
	ChargeVoided     ChargeStatus = "voided"
	ChargeRefunded   ChargeStatus = "refunded"
)

// A Charge is the answer to POST /v1/charges and to POST
// /v1/charges/{id}/capture, /void and /refund. A bank that declines answers 402.
type Charge struct {
	ID        string       `json:"id"`
	Reference Reference    `json:"reference"`
	Status    ChargeStatus `json:"status"`
	Amount    Amount       `json:"amount"`
	Currency  string       `json:"currency"`
}

// ChargeList is the answer to GET /v1/charges?reference=: all charges that a bank
// knows under a reference, the oldest first.
type ChargeList struct {
	Charges []Charge `json:"charges"`
}

// A StatementLine is one movement as the bank saw it. A bank that is told twice to
// capture moves the money twice, unless it knows idempotency keys.
type StatementLine struct {
	Seq       int64        `json:"seq"` // from 1, without gaps
	Time      time.Time    `json:"time"`
	Status    ChargeStatus `json:"status"` // what the charge became
	Charge    string       `json:"charge"`
	Reference Reference    `json:"reference"`
	Amount    Amount       `json:"amount"`
}

// StatementPage is the answer to GET /v1/statement?cursor=&limit=.
type StatementPage struct {
	Lines []StatementLine `json:"lines"`
	Next  string          `json:"next,omitempty"`
}

// DeclinedCard is a card that every bank declines.
const DeclinedCard = "card-declined"

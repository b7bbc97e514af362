package shop

import "time"

// PaymentRequest is the body of POST /v1/payments, which authorises. The caller
// names the payment.
type PaymentRequest struct {
	ID        string    `json:"id"`
	Reference Reference `json:"reference"`
	Tenant    string    `json:"tenant"`
	Amount    Amount    `json:"amount"`
	Currency  string    `json:"currency"`
	Card      string    `json:"card"`
}

// PaymentStatus is where a payment stands.
type PaymentStatus string

// The states of a payment. Those that end in -ing are on their way to a bank, and
// what it did is not known yet.
const (
	Authorising PaymentStatus = "authorising"
	Authorised  PaymentStatus = "authorised"
	Declined    PaymentStatus = "declined"
	Capturing   PaymentStatus = "capturing"
	Captured    PaymentStatus = "captured"
	Voiding     PaymentStatus = "voiding"
	Voided      PaymentStatus = "voided" // also of a payment that never was: it can then never be authorised
	Refunding   PaymentStatus = "refunding"
	Refunded    PaymentStatus = "refunded"
)

// A Payment is the answer to POST /v1/payments, to POST /v1/payments/{id}/capture,
// /void and /refund, and to GET /v1/payments/{id}.
type Payment struct {
	ID        string        `json:"id"`
	Reference Reference     `json:"reference"`
	Tenant    string        `json:"tenant"`
	Status    PaymentStatus `json:"status"`
	Amount    Amount        `json:"amount"`
	Currency  string        `json:"currency"`
	Bank      string        `json:"bank,omitempty"`
}

// EntryKind is what a ledger entry records.
type EntryKind string

// The kinds of entries.
const (
	EntryAuthorised EntryKind = "authorised"
	EntryCaptured   EntryKind = "captured"
	EntryVoided     EntryKind = "voided"
	EntryRefunded   EntryKind = "refunded"
)

// A LedgerEntry is one change of the books. Its legs sum to nothing.
type LedgerEntry struct {
	Seq       int64     `json:"seq"` // from 1, without gaps
	Time      time.Time `json:"time"`
	Kind      EntryKind `json:"kind"`
	Payment   string    `json:"payment"`
	Reference Reference `json:"reference"`
	Bank      string    `json:"bank"`
	Amount    Amount    `json:"amount"`
	Legs      []Leg     `json:"legs"`
}

// A Leg is one side of an entry: what an account gains, or loses if negative.
type Leg struct {
	Account string `json:"account"`
	Amount  Amount `json:"amount"`
}

// LedgerPage is the answer to GET /v1/ledger?cursor=&limit=.
type LedgerPage struct {
	Entries []LedgerEntry `json:"entries"`
	Next    string        `json:"next,omitempty"`
}

// Balances is the answer to GET /v1/balances: what each account holds.
type Balances struct {
	Accounts []Leg `json:"accounts"` // by name
}

// A PaymentEvent tells of a payment's change.
type PaymentEvent struct {
	ID      string        `json:"id"`
	Time    time.Time     `json:"time"`
	Payment string        `json:"payment"`
	Status  PaymentStatus `json:"status"`
}

// PaymentEventPage is the answer to GET /v1/events?cursor=&limit=.
type PaymentEventPage struct {
	Events []PaymentEvent `json:"events"`
	Next   string         `json:"next,omitempty"`
}

package shop

import "time"

// Role is what a user may do.
type Role string

// The roles.
const (
	Customer Role = "customer"
	Operator Role = "operator"
)

// LoginRequest is the body of POST /v1/login.
type LoginRequest struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// RefreshRequest is the body of POST /v1/refresh and of POST /v1/logout.
type RefreshRequest struct {
	RefreshToken string `json:"refresh_token"`
}

// Tokens is the answer to POST /v1/login and POST /v1/refresh (RFC 6749, 5.1).
type Tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"` // Bearer
	ExpiresIn    int64  `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token"`
}

// AvailabilityList is the answer to GET /v1/stock?products=, in the order that was asked for.
type AvailabilityList struct {
	Stock []Availability `json:"stock"`
}

// Availability is what can be bought of a product at this moment.
type Availability struct {
	Product   string   `json:"product"`
	Available Quantity `json:"available"`
}

// A Quote is the answer to GET /v1/quote?products=: what one piece of each comes to.
type Quote struct {
	Products int    `json:"products"`
	Total    Amount `json:"total"`
	Currency string `json:"currency"`
}

// CheckoutRequest is the body of POST /v1/checkout.
type CheckoutRequest struct {
	Lines []Line `json:"lines"`
	Card  string `json:"card"`
}

// OrderStatus is where an order stands.
type OrderStatus string

// The states of an order. Pending, Cancelling and Refunding go on by themselves.
const (
	OrderPending    OrderStatus = "pending"
	OrderConfirmed  OrderStatus = "confirmed"
	OrderCancelling OrderStatus = "cancelling"
	OrderCancelled  OrderStatus = "cancelled"
	OrderRefunding  OrderStatus = "refunding"
	OrderRefunded   OrderStatus = "refunded"
)

// An Order is the answer to POST /v1/checkout, GET /v1/orders/{id} and POST
// /v1/orders/{id}/refund.
type Order struct {
	ID        string      `json:"id"`
	Reference Reference   `json:"reference"`
	Customer  string      `json:"customer"`
	Tenant    string      `json:"tenant"`
	Status    OrderStatus `json:"status"`
	Lines     []Line      `json:"lines"`
	Total     Amount      `json:"total"`
	Currency  string      `json:"currency"`
	Created   time.Time   `json:"created"`
}

// OrderPage is the answer to GET /v1/orders?cursor=&limit=, the newest first. Of POST
// /v1/exports, which exports all orders of the operator's tenant, each line of the
// answer is an Order (application/x-ndjson).
type OrderPage struct {
	Orders []Order `json:"orders"`
	Next   string  `json:"next,omitempty"`
}

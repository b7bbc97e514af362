package shop

import "time"

// A Product as inventory describes it.
type Product struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Price     Amount   `json:"price"`
	Currency  string   `json:"currency"`
	Available Quantity `json:"available"`
}

// ProductPage is the answer to GET /v1/products?cursor=&limit=.
type ProductPage struct {
	Products []Product `json:"products"`
	Next     string    `json:"next,omitempty"` // the cursor of the next page; none on the last
}

// A Line is what is ordered of one product.
type Line struct {
	Product  string   `json:"product"`
	Quantity Quantity `json:"quantity"`
}

// MaxLines bounds the lines of an order.
const MaxLines = 20

// HoldRequest is the body of POST /v1/holds. The caller names the hold; holding
// again what is held returns the hold.
type HoldRequest struct {
	ID        string    `json:"id"`
	Reference Reference `json:"reference"`
	Lines     []Line    `json:"lines"`
}

// HoldStatus is where a hold stands.
type HoldStatus string

// The states of a hold. Held may become Sold, Released or Expired; Expired may
// become Sold if the stock is still there; Sold may become Returned.
const (
	Held     HoldStatus = "held"
	Sold     HoldStatus = "sold"
	Released HoldStatus = "released" // also of a hold that never was: it can then never be held
	Expired  HoldStatus = "expired"
	Returned HoldStatus = "returned"
)

// A Hold is stock set aside for an order. It is the answer to POST /v1/holds and to
// POST /v1/holds/{id}/commit, /release and /return.
type Hold struct {
	ID        string     `json:"id"`
	Reference Reference  `json:"reference"`
	Status    HoldStatus `json:"status"`
	Lines     []Line     `json:"lines"`
	Expires   time.Time  `json:"expires"`
}

// HoldPage is the answer to GET /v1/holds?cursor=&limit=, for the auditor.
type HoldPage struct {
	Holds []Hold `json:"holds"`
	Next  string `json:"next,omitempty"`
}

// RestockRequest is the body of POST /v1/products/{id}/restock.
type RestockRequest struct {
	Quantity Quantity `json:"quantity"`
}

// Stock is the account of one product: Available + Held + Sold = Initial +
// Restocked, none negative.
type Stock struct {
	Product   string   `json:"product"`
	Initial   Quantity `json:"initial"`
	Restocked Quantity `json:"restocked"`
	Available Quantity `json:"available"`
	Held      Quantity `json:"held"`
	Sold      Quantity `json:"sold"`
}

// StockPage is the answer to GET /v1/stock?cursor=&limit=, for the auditor.
type StockPage struct {
	Stock []Stock `json:"stock"`
	Next  string  `json:"next,omitempty"`
}

// Package shop holds the nouns of the shop: money, names, what the services say
// to each other over HTTP, and the codes of what can go wrong. It knows no
// service; each of them knows it, and so do those who check their books.
//
// A checkout is followed through all books by its [Reference], which the client
// chose: the customer and the idempotency key. The order, the hold of stock, the
// ledger and the bank's statement all carry it, so that an auditor can join them
// without trusting any.
package shop

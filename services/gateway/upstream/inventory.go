package upstream

import (
	"net/url"
	"strconv"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// An Inventory is the stock behind a client.
type Inventory struct{ client *service.Client }

// NewInventory makes an adapter, with a client of its own; its Downstream is
// "inventory" unless it has one. On the loop only.
func NewInventory(rt *service.Runtime, c service.ClientConfig) *Inventory {
	if c.Downstream == "" {
		c.Downstream = "inventory"
	}
	return &Inventory{service.NewClient(rt, c)}
}

// Products returns a page of products. For this and the other methods, see
// gateway.Inventory.
func (i *Inventory) Products(t *loop.Task, cursor string, limit int) (shop.ProductPage, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	return service.Fetch[shop.ProductPage](t, i.client, get("products", "/v1/products?"+query.Encode()))
}

// Product returns a product.
func (i *Inventory) Product(t *loop.Task, id string) (shop.Product, error) {
	return service.Fetch[shop.Product](t, i.client, get("product", "/v1/products/"+url.PathEscape(id)))
}

// Hold sets stock aside.
func (i *Inventory) Hold(t *loop.Task, h shop.HoldRequest) (shop.Hold, error) {
	call, err := post("hold", "/v1/holds", h)
	if err != nil {
		return shop.Hold{}, err
	}
	return service.Fetch[shop.Hold](t, i.client, call)
}

// Commit sells what is held.
func (i *Inventory) Commit(t *loop.Task, hold string) (shop.Hold, error) {
	return i.change(t, "commit", hold)
}

// Release gives back what is held.
func (i *Inventory) Release(t *loop.Task, hold string) (shop.Hold, error) {
	return i.change(t, "release", hold)
}

// Return gives back what was sold.
func (i *Inventory) Return(t *loop.Task, hold string) (shop.Hold, error) {
	return i.change(t, "return", hold)
}

func (i *Inventory) change(t *loop.Task, what, hold string) (shop.Hold, error) {
	call, err := post(what, "/v1/holds/"+url.PathEscape(hold)+"/"+what, nil)
	if err != nil {
		return shop.Hold{}, err
	}
	call.Finishes = true
	return service.Fetch[shop.Hold](t, i.client, call)
}

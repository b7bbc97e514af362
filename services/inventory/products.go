package inventory

import (
	"net/http"
	"strings"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

func (s *Inventory) product(t *loop.Task, r *service.Request) (service.Response, error) {
	id, err := pathName(r)
	if err != nil {
		return service.Response{}, err
	}
	if err := s.workRead(t); err != nil {
		return service.Response{}, err
	}
	product, err := s.store.Product(t, id)
	if err != nil {
		return service.Response{}, err
	}
	return service.JSON(http.StatusOK, product)
}

func (s *Inventory) products(t *loop.Task, r *service.Request) (service.Response, error) {
	after, limit, err := productPage(r, maxProducts)
	if err != nil {
		return service.Response{}, err
	}
	if err := s.workRead(t); err != nil {
		return service.Response{}, err
	}
	// One more than asked for tells whether another page follows.
	products, err := s.store.Products(t, after, limit+1)
	if err != nil {
		return service.Response{}, err
	}
	page := shop.ProductPage{Products: products}
	if len(products) > limit {
		page.Products = products[:limit]
		page.Next = products[limit-1].ID
	}
	return service.JSON(http.StatusOK, page)
}

// stock is for auditors: the accounts of all products.
func (s *Inventory) stock(t *loop.Task, r *service.Request) (service.Response, error) {
	after, limit, err := productPage(r, maxPage)
	if err != nil {
		return service.Response{}, err
	}
	accounts, err := s.store.Stocks(t, after, limit+1)
	if err != nil {
		return service.Response{}, err
	}
	page := shop.StockPage{Stock: accounts}
	if len(accounts) > limit {
		page.Stock = accounts[:limit]
		page.Next = accounts[limit-1].Product
	}
	return service.JSON(http.StatusOK, page)
}

// restock answers with the account of the product as it was after the first request
// with the same key.
func (s *Inventory) restock(t *loop.Task, r *service.Request) (service.Response, error) {
	id, err := pathName(r)
	if err != nil {
		return service.Response{}, err
	}
	key, err := r.Key()
	if err != nil {
		return service.Response{}, err
	}
	pieces, err := restockRequest(r)
	if err != nil {
		return service.Response{}, err
	}
	key = strings.Clone(key) // the store may still need it when the request is over
	var account shop.Stock
	var replayed bool
	err = s.write(t, resilience.Normal, func() (err error) {
		account, replayed, err = s.store.Restock(t, key, id, pieces, time.Now())
		return err
	})
	if err != nil {
		return service.Response{}, err
	}
	answer, err := service.JSON(http.StatusOK, account)
	if replayed {
		answer.Header = []service.Field{{Name: shop.HeaderReplayed, Value: "true"}}
	}
	return answer, err
}

// Package upstream reaches inventory and payments as a client of their interfaces, as
// an adapter of what the gateway asks of them.
package upstream

import (
	"github.com/go-json-experiment/json"

	"brownout/internal/service"
	"brownout/internal/shop"
)

// post makes a call that may be repeated: it names what it changes, or carries a key.
func post(name, path string, body any, header ...service.Field) (*service.Call, error) {
	call := &service.Call{Name: name, Method: "POST", Path: path, Header: header, Repeatable: true}
	if body == nil {
		return call, nil
	}
	var err error
	call.Body, err = json.Marshal(body)
	return call, err
}

func get(name, path string) *service.Call {
	return &service.Call{Name: name, Method: "GET", Path: path, Repeatable: true}
}

// onBehalf are the headers of what is done for a customer, once.
func onBehalf(customer, key string) []service.Field {
	return []service.Field{{Name: shop.HeaderCustomer, Value: customer}, {Name: shop.HeaderIdempotencyKey, Value: key}}
}

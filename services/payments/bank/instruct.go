package bank

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/payments"
)

// call is what is sent to have an instruction executed.
func call(i payments.Instruction) (*service.Call, error) {
	c := &service.Call{Name: string(i.Do), Method: http.MethodPost, Path: "/v1/charges"}
	if i.Do != payments.Authorise {
		c.Path += "/" + url.PathEscape(i.Charge) + "/" + string(i.Do)
		c.Finishes = true // only this bank has the charge
		return c, nil
	}
	body, err := json.Marshal(i.Request)
	c.Body = body
	return c, err
}

// send sends it, and makes sure that the answer is one to the instruction. If it
// is not, it is not known what the bank has done.
func send(t *loop.Task, client *service.Client, c *service.Call, i payments.Instruction) (shop.Charge, error) {
	charge, err := service.Fetch[shop.Charge](t, client, c)
	if err == nil {
		err = check(charge, i)
	}
	if err != nil {
		return shop.Charge{}, err
	}
	return charge, nil
}

func check(c shop.Charge, i payments.Instruction) error {
	switch {
	case c.ID == "" || i.Charge != "" && c.ID != i.Charge:
		return senseless(fmt.Sprintf("charge %.40q instead of %.40q", c.ID, i.Charge))
	case c.Status != i.Do.Charge():
		return senseless(fmt.Sprintf("%.20q after %s", c.Status, i.Do))
	case c.Reference != i.Request.Reference || c.Amount != i.Request.Amount || c.Currency != i.Request.Currency:
		return senseless("another charge than the one that was asked for")
	}
	return nil
}

func senseless(what string) error {
	return &shop.Error{Code: shop.CodeBadGateway, Message: "the bank's answer makes no sense: " + what}
}

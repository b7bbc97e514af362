package acquirer

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"brownout/internal/service"
	"brownout/internal/shop"
)

// An order is something that was posted to the bank: what answers it, once and again.
type order struct {
	key     string // "" at a bank that knows none
	digest  string
	traceID string
	status  int // of the answer if all goes well
}

// newOrder takes from a request what outlives it. At a bank with keys, it is an error if
// there is none.
func newOrder(r *service.Request, keys bool, status int) (order, error) {
	o := order{traceID: r.Trace.ID(), status: status}
	if !keys {
		return o, nil
	}
	o.key = strings.Clone(r.Header(shop.HeaderIdempotencyKey))
	if o.key == "" {
		return o, shop.CheckKey("")
	}
	digest := sha256.New()
	for _, part := range []string{r.Method, "\n", r.Path, "\n", string(r.Body)} {
		digest.Write([]byte(part))
	}
	o.digest = hex.EncodeToString(digest.Sum(nil))
	return o, checkText("header:"+shop.HeaderIdempotencyKey, o.key)
}

// answer makes the answer to an order. One with a key needs it whole even if it is a
// refusal, for it is remembered; one without leaves errors to the dispatcher.
func (o order) answer(c shop.Charge, err error) (service.Response, error) {
	switch {
	case err == nil:
		return service.JSON(o.status, c)
	case o.key == "":
		return service.Response{}, err
	}
	return service.Problem(service.AsError(err), o.traceID), nil
}

// remembered is the answer as it is kept under the order's key, nil if there is none.
func (o order) remembered(r service.Response) *Answer {
	if o.key == "" {
		return nil
	}
	return &Answer{Key: o.key, Digest: o.digest, Status: r.Status, Type: r.MediaType(), Body: string(r.Body)}
}

// replay is a remembered answer as it is given again.
func (a *Answer) replay() service.Response {
	return service.Response{
		Status: a.Status, ContentType: a.Type, Body: []byte(a.Body),
		Header: []service.Field{{Name: shop.HeaderReplayed, Value: "true"}},
	}
}

// underWay holds the digests of the orders that have no answer yet, by key.
type underWay map[string]string

// errMismatch refuses a key that belongs to another order.
func errMismatch() error {
	return &shop.Error{
		Code: shop.CodeKeyMismatch, Message: "this key was used for another order",
		Pointer: "header:" + shop.HeaderIdempotencyKey,
	}
}

// once runs do unless the order was answered before, which is answered again, or is under
// way, which is refused.
func (b *Bank) once(o order, do func() (service.Response, error)) (service.Response, error) {
	if o.key == "" {
		return do()
	}
	if first := b.book.answers[o.key]; first != nil {
		if first.Digest != o.digest {
			return service.Response{}, errMismatch()
		}
		return first.replay(), nil
	}
	if digest, found := b.underWay[o.key]; found {
		return service.Response{}, errUnderWay(digest == o.digest)
	}
	b.underWay[o.key] = o.digest
	defer delete(b.underWay, o.key)
	return do()
}

func errUnderWay(same bool) error {
	if !same {
		return errMismatch()
	}
	return &shop.Error{
		Code: shop.CodeKeyInFlight, Message: "the first order with this key has no answer yet", RetryAfter: time.Second,
		Pointer: "header:" + shop.HeaderIdempotencyKey,
	}
}

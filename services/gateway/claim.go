package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"brownout/internal/service"
	"brownout/internal/shop"
)

// claim makes the claim of a request that must come with an idempotency key. While
// the protection idempotency is off, it claims nothing.
func (s *sagas) claim(r *service.Request, who Identity) (reference shop.Reference, c Claim, err error) {
	key, err := r.Key()
	if err != nil {
		return "", Claim{}, err
	}
	reference = shop.NewReference(who.Customer, key)
	if s.idempotency.On() {
		c = Claim{Key: reference, Digest: digestRequest(r)}
	}
	return reference, c, nil
}

// digestRequest stands for what was asked.
func digestRequest(r *service.Request) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n", r.Method, r.Path)
	h.Write(r.Body)
	return hex.EncodeToString(h.Sum(nil))
}

// replay answers a request whose key is taken.
func replay(c Claimed) (service.Response, error) {
	switch c.Standing {
	case Answered:
		answer := responseOf(c.Answer)
		answer.Header = append(answer.Header, service.Field{Name: shop.HeaderReplayed, Value: "true"})
		return answer, nil
	case InFlight:
		return service.Response{}, keyError(shop.CodeKeyInFlight, "the first request with this key has no answer yet")
	case Mismatch:
		return service.Response{}, keyError(shop.CodeKeyMismatch, "this key was used for another request")
	}
	return service.Response{}, fmt.Errorf("gateway: a claim that is %s has no answer", c.Standing)
}

func keyError(code shop.Code, message string) error {
	e := &shop.Error{Code: code, Message: message, Pointer: "header:" + shop.HeaderIdempotencyKey}
	if code == shop.CodeKeyInFlight {
		e.RetryAfter = time.Second
	}
	return e
}

// responseOf makes a response of an answer that was stored.
func responseOf(a Answer) service.Response {
	r := service.Response{Status: a.Status, Body: a.Body}
	if a.Status >= 400 {
		r.ContentType = service.ContentProblem
	}
	return r
}

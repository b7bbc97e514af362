package payments

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"brownout/internal/service"
	"brownout/internal/shop"
)

// A Key is an idempotency key within the customer on whose behalf it was used:
// customer, slash, key. It has the form of a [shop.Reference], but is none: the
// caller of this service makes keys of its own.
type Key string

// A Claim is what is known of a key that was used.
type Claim struct {
	// Digest is that of the first request with this key.
	Digest string `json:"digest"`
	// Answer is the first definite answer to it; its Status is 0 until there is one.
	Answer Answer `json:"answer,omitzero"`
}

// An Answer is what a client was told, byte for byte.
type Answer struct {
	Status int    `json:"status"`
	Body   []byte `json:"body"`
}

// IsZero says that there is no answer.
func (a Answer) IsZero() bool { return a.Status == 0 }

// answerOf keeps what is stored of a response: no definite answer has headers.
func answerOf(r service.Response) Answer { return Answer{Status: r.Status, Body: r.Body} }

// response tells it a client.
func (a Answer) response() service.Response {
	r := service.Response{Status: a.Status, Body: a.Body}
	if a.Status >= http.StatusBadRequest {
		r.ContentType = service.ContentProblem
	}
	return r
}

// replay tells it a client who was told before.
func (a Answer) replay() service.Response {
	r := a.response()
	r.Header = []service.Field{{Name: shop.HeaderReplayed, Value: "true"}}
	return r
}

// digest tells one request from another.
func digest(r *service.Request) string {
	h := sha256.New()
	h.Write([]byte(r.Method + "\n" + r.Path + "\n"))
	h.Write(r.Body)
	return hex.EncodeToString(h.Sum(nil))
}

// errInFlight refuses a request whose key belongs to one that has no answer yet.
func errInFlight() error {
	return &shop.Error{Code: shop.CodeKeyInFlight, Message: "the first request with this key has no answer yet", RetryAfter: time.Second}
}

// errMismatch refuses another request under a key that was used.
func errMismatch() error {
	return &shop.Error{
		Code: shop.CodeKeyMismatch, Message: "this key was used for another request", Pointer: "header:" + shop.HeaderIdempotencyKey,
	}
}

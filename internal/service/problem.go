package service

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/resilience"
	"brownout/internal/shop"
)

// statuses is the one place that knows the HTTP status of a code.
var statuses = map[shop.Code]int{
	shop.CodeInvalid:         http.StatusBadRequest,
	shop.CodeKeyMissing:      http.StatusBadRequest,
	shop.CodeUnauthenticated: http.StatusUnauthorized,
	shop.CodeDeclined:        http.StatusPaymentRequired,
	shop.CodeForbidden:       http.StatusForbidden,
	shop.CodeNotFound:        http.StatusNotFound,
	shop.CodeMethod:          http.StatusMethodNotAllowed,
	shop.CodeSlow:            http.StatusRequestTimeout,
	shop.CodeKeyInFlight:     http.StatusConflict,
	shop.CodeOutOfStock:      http.StatusConflict,
	shop.CodeHoldExpired:     http.StatusConflict,
	shop.CodeState:           http.StatusConflict,
	shop.CodeCancelled:       http.StatusConflict,
	shop.CodeLength:          http.StatusLengthRequired,
	shop.CodeTooLarge:        http.StatusRequestEntityTooLarge,
	shop.CodeKeyMismatch:     http.StatusUnprocessableEntity,
	shop.CodeRateLimited:     http.StatusTooManyRequests,
	shop.CodeHeaderTooLarge:  http.StatusRequestHeaderFieldsTooLarge,
	shop.CodeInternal:        http.StatusInternalServerError,
	shop.CodeBadGateway:      http.StatusBadGateway,
	shop.CodeOverloaded:      http.StatusServiceUnavailable,
	shop.CodeUnavailable:     http.StatusServiceUnavailable,
	shop.CodeDependency:      http.StatusServiceUnavailable,
	shop.CodeClosing:         http.StatusServiceUnavailable,
	shop.CodeDeadline:        http.StatusGatewayTimeout,
	shop.CodeUnknown:         http.StatusGatewayTimeout,
}

// Status returns the HTTP status that belongs to a code; that of an unknown code
// is 500.
func Status(code shop.Code) int {
	if status, ok := statuses[code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// ContentProblem is the media type of an answer that is an error.
const ContentProblem = "application/problem+json"

// AsError turns any error into what a client is told: refusals of the loop, the
// pool and the protections become overload, a deadline that has passed says so, and
// what nobody has foreseen is internal.
func AsError(err error) *shop.Error {
	if e, ok := errors.AsType[*shop.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*CallError](err); ok { // it may be a refusal to try again
		return callFailed(e)
	}
	if e, ok := errors.AsType[*resilience.Rejection](err); ok {
		return rejection(e)
	}
	switch {
	case errors.Is(err, loop.ErrFull), errors.Is(err, pool.ErrFull):
		return &shop.Error{Code: shop.CodeOverloaded, Message: "too much to do", RetryAfter: time.Second, Err: err}
	case errors.Is(err, loop.ErrClosed), errors.Is(err, pool.ErrClosed):
		return &shop.Error{Code: shop.CodeClosing, Message: "about to end", RetryAfter: time.Second, Err: err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &shop.Error{Code: shop.CodeDeadline, Message: "the time for this request is over", Err: err}
	}
	return &shop.Error{Code: shop.CodeInternal, Message: "something went wrong here", Err: err}
}

func rejection(r *resilience.Rejection) *shop.Error {
	code := shop.CodeOverloaded
	switch r.By {
	case resilience.RateLimit, resilience.TenantLimit:
		code = shop.CodeRateLimited
	case resilience.Breaker, resilience.RatioBreaker, resilience.SlowBreaker, resilience.SlowStart:
		code = shop.CodeUnavailable
	}
	return &shop.Error{Code: code, Message: "refused by " + string(r.By), RetryAfter: max(r.RetryAfter, time.Second), Err: r}
}

// callFailed is what a client is told when a downstream gave no answer.
func callFailed(e *CallError) *shop.Error {
	switch {
	case !e.Sent:
		return &shop.Error{Code: shop.CodeUnavailable, Message: e.Downstream + " is not available", RetryAfter: time.Second, Err: e}
	case errors.Is(e.Err, context.DeadlineExceeded):
		return &shop.Error{Code: shop.CodeDeadline, Message: e.Downstream + " did not answer in time", Err: e}
	}
	return &shop.Error{Code: shop.CodeUnknown, Message: e.Downstream + " did not answer", Err: e}
}

// appendProblem encodes a shop.Problem. It is written out because a service that is
// overloaded has better things to do: it takes a fifth of what json.Marshal does.
func appendProblem(b []byte, status int, e *shop.Error, traceID string) []byte {
	b = append(b, `{"type":"urn:brownout:problem:`...)
	b = append(b, e.Code...)
	b = append(b, `","title":"`...)
	b = append(b, http.StatusText(status)...)
	b = append(b, `","status":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = appendMember(b, "detail", e.Message)
	b = append(b, `,"code":"`...)
	b = append(b, e.Code...)
	b = append(b, '"')
	b = appendMember(b, "pointer", e.Pointer)
	b = appendMember(b, "trace_id", traceID)
	return append(b, '}')
}

// appendMember appends a member with a text, unless that is empty.
func appendMember(b []byte, name, text string) []byte {
	if text == "" {
		return b
	}
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	b, _ = jsontext.AppendQuote(b, text) // what is no UTF-8 in it is replaced
	return b
}

// Problem returns the answer that tells a client of an error.
func Problem(e *shop.Error, traceID string) Response {
	status := Status(e.Code)
	body := appendProblem(make([]byte, 0, 256), status, e, traceID)
	r := Response{Status: status, ContentType: ContentProblem, Body: body}
	if e.RetryAfter > 0 {
		r.Header = append(r.Header, Field{"Retry-After", retryAfter(e.RetryAfter)})
	}
	if status == http.StatusUnauthorized {
		r.Header = append(r.Header, Field{"WWW-Authenticate", "Bearer"})
	}
	return r
}

// retryAfter is in whole seconds, rounded up (RFC 9110, 10.2.3).
func retryAfter(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

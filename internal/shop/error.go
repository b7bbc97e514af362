package shop

import (
	"errors"
	"time"
)

// A Code says what went wrong in a word that never changes. It is the code
// member of an answer's problem details; which status belongs to it is known in one
// place, internal/service.
type Code string

// The codes of all services.
const (
	CodeInvalid         Code = "invalid-request"        // 400: the request breaks the contract
	CodeKeyMissing      Code = "key-missing"            // 400: no Idempotency-Key
	CodeUnauthenticated Code = "unauthenticated"        // 401
	CodeDeclined        Code = "payment-declined"       // 402: the bank said no
	CodeForbidden       Code = "forbidden"              // 403
	CodeNotFound        Code = "not-found"              // 404: is not there, or not yours
	CodeMethod          Code = "method-not-allowed"     // 405
	CodeSlow            Code = "request-timeout"        // 408: the request came too slowly
	CodeKeyInFlight     Code = "key-in-flight"          // 409: the first request with this key has no answer yet
	CodeOutOfStock      Code = "out-of-stock"           // 409
	CodeHoldExpired     Code = "hold-expired"           // 409: and the stock is gone
	CodeState           Code = "wrong-state"            // 409: not from the state that the thing is in
	CodeCancelled       Code = "cancelled"              // 409: what this belongs to has been undone
	CodeLength          Code = "length-required"        // 411: Transfer-Encoding is not taken
	CodeTooLarge        Code = "body-too-large"         // 413
	CodeKeyMismatch     Code = "key-mismatch"           // 422: this key was used for another request
	CodeRateLimited     Code = "rate-limited"           // 429
	CodeHeaderTooLarge  Code = "header-too-large"       // 431
	CodeInternal        Code = "internal"               // 500
	CodeBadGateway      Code = "bad-gateway"            // 502: a downstream's answer made no sense
	CodeOverloaded      Code = "overloaded"             // 503: refused before anything was done
	CodeUnavailable     Code = "unavailable"            // 503: is out; nothing was done, or all undone
	CodeDependency      Code = "dependency-unavailable" // 503: is well, and what it needs for this is out; nothing was done
	CodeDeadline        Code = "deadline-exceeded"      // 504: what was done is not known
	CodeUnknown         Code = "outcome-unknown"        // 504: what was done is not known; ask with the same key
	CodeClosing         Code = "closing"                // 503: the service is about to end
)

// An Error is what a client is told. Whatever a handler returns becomes one.
type Error struct {
	Code    Code
	Message string
	// Pointer names the place in the request that is wrong: a JSON pointer
	// (RFC 6901) into the body, or "query:name", "header:Name", "path:name".
	Pointer string
	// RetryAfter, if above 0, is when to try again.
	RetryAfter time.Duration
	// Err is the cause, for the log; clients are not told.
	Err error
}

// Error returns the code, the place, the message and the cause.
func (e *Error) Error() string {
	text := string(e.Code)
	for _, part := range []string{e.Pointer, e.Message} {
		if part != "" {
			text += ": " + part
		}
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Invalid returns the error of a request that breaks the contract at a place.
func Invalid(pointer, message string) *Error {
	return &Error{Code: CodeInvalid, Message: message, Pointer: pointer}
}

// CodeOf returns the code of an error, "" if it has none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

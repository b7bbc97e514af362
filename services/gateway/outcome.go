package gateway

import (
	"errors"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// errUnsettled says that another service does not know yet either.
var errUnsettled = errors.New("gateway: what became of the payment is not known yet")

// told is the verdict that answers with an error.
func told(err error, traceID string) Verdict {
	answer := service.Problem(service.AsError(err), traceID)
	return Verdict{Answer: Answer{Status: answer.Status, Body: answer.Body}}
}

// isUntouched says of a call that it surely never arrived. An answer does not say as
// much: it may be that of a second attempt, after a first that was lost. Nor does a
// refusal to try again.
func isUntouched(err error) bool {
	if e, ok := errors.AsType[*service.CallError](err); ok {
		return !e.Sent
	}
	_, refused := errors.AsType[*resilience.Rejection](err)
	return refused
}

// isRefusal says that the other service said no, so that the state of things tells why.
func isRefusal(err error) bool {
	code := shop.CodeOf(err)
	return code != "" && service.Status(code) < 500
}

// unknown is what a client is told while nobody knows.
func unknown(err error) error {
	return &shop.Error{
		Code:       shop.CodeUnknown,
		Message:    "what became of this request is not known yet; ask again with the same key",
		RetryAfter: time.Second,
		Err:        err,
	}
}

// unavailable is what a client is told when nothing is left of the request.
func unavailable(err error) error {
	return &shop.Error{
		Code:       shop.CodeUnavailable,
		Message:    "this cannot be done now, and nothing was; try again with the same key",
		RetryAfter: max(service.AsError(err).RetryAfter, time.Second),
		Err:        err,
	}
}

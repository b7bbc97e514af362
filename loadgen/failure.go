package loadgen

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"strconv"
	"syscall"

	"github.com/valyala/fasthttp"

	"brownout/internal/shop"
)

// What a sample's Error says of a request that was not sent, or got no answer.
const (
	errorLate        = "late"               // not sent: too much in flight, or its time was over
	errorTimeout     = "timeout"            // no answer in time
	errorRefused     = "connection-refused" // nobody listens
	errorReset       = "connection-reset"
	errorClosed      = "connection-closed" // before the answer was whole
	errorConnections = "too-many-connections"
	errorTooLarge    = "answer-too-large"
	errorHost        = "no-such-host"
	errorOther       = "no-answer"
)

// failureOf names the reason why there is no answer.
func failureOf(err error) string {
	for _, f := range []struct {
		is   error
		name string
	}{
		{syscall.ECONNREFUSED, errorRefused},
		{syscall.ECONNRESET, errorReset},
		{syscall.EPIPE, errorReset},
		{fasthttp.ErrConnectionClosed, errorClosed},
		{io.EOF, errorClosed},
		{io.ErrUnexpectedEOF, errorClosed},
		{fasthttp.ErrNoFreeConns, errorConnections},
		{fasthttp.ErrBodyTooLarge, errorTooLarge},
	} {
		if errors.Is(err, f.is) {
			return f.name
		}
	}
	if _, dns := errors.AsType[*net.DNSError](err); dns {
		return errorHost
	}
	if late, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && late.Timeout() {
		return errorTimeout
	}
	return errorOther
}

// errorOf names what an answer says went wrong: the code of its problem, its status if
// it has none, nothing if it is a 2xx.
func errorOf(answer *fasthttp.Response) string {
	status := answer.StatusCode()
	if status >= 200 && status < 300 {
		return ""
	}
	var problem struct {
		Code shop.Code `json:"code"`
	}
	if json.Unmarshal(answer.Body(), &problem) == nil && shop.CheckName("", string(problem.Code)) == nil {
		return string(problem.Code)
	}
	return "http-" + strconv.Itoa(status)
}

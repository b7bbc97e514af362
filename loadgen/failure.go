package loadgen

import (
	"crypto/tls"
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
	FailureLate     = "late"             // not sent: too much in flight, or its time was over
	FailureTooLarge = "answer-too-large" // its head or its body

	errorTimeout     = "timeout"            // no answer in time
	errorRefused     = "connection-refused" // nobody listens
	errorReset       = "connection-reset"
	errorClosed      = "connection-closed" // before the answer was whole
	errorConnections = "too-many-connections"
	errorHost        = "no-such-host"
	errorCertificate = "bad-certificate"
	errorOther       = "no-answer"
)

// FailureOf names the reason why there is no answer, in one of few words: an error with a method Failure
// says so itself.
func FailureOf(err error) string {
	if e, named := errors.AsType[interface {
		error
		Failure() string
	}](err); named {
		return e.Failure()
	}
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
		{syscall.EMFILE, errorConnections},
		{syscall.EADDRNOTAVAIL, errorConnections}, // no port of this machine is left
		{fasthttp.ErrBodyTooLarge, FailureTooLarge},
	} {
		if errors.Is(err, f.is) {
			return f.name
		}
	}
	if _, dns := errors.AsType[*net.DNSError](err); dns {
		return errorHost
	}
	if _, wrong := errors.AsType[*tls.CertificateVerificationError](err); wrong {
		return errorCertificate
	}
	if late, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && late.Timeout() {
		return errorTimeout
	}
	return errorOther
}

// ErrorOf names what an answer says went wrong: the code of the problem in its body, its status if
// there is none, nothing if it is a 2xx.
func ErrorOf(status int, body []byte) string {
	if status >= 200 && status < 300 {
		return ""
	}
	var problem struct {
		Code shop.Code `json:"code"`
	}
	if json.Unmarshal(body, &problem) == nil && shop.CheckName("", string(problem.Code)) == nil {
		return string(problem.Code)
	}
	return "http-" + strconv.Itoa(status)
}

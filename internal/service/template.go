package service

import (
	"slices"

	"github.com/valyala/fasthttp"

	"brownout/internal/shop"
)

// A template is a problem that is answered when there is no time to lose: all of it but the
// trace id is encoded beforehand.
type template struct {
	status     int
	retryAfter []byte
	head       []byte // of the body, up to the trace id
}

// newTemplate makes the template of an error that tells when to come again.
func newTemplate(e *shop.Error) *template {
	answer := Problem(e, "")
	head := slices.Concat(answer.Body[:len(answer.Body)-1], []byte(`,"trace_id":"`))
	return &template{answer.Status, []byte(retryAfter(e.RetryAfter)), head}
}

// write answers with the problem, and a trace id that needs no escaping.
func (t *template) write(ctx *fasthttp.RequestCtx, traceID []byte) {
	r := &ctx.Response
	r.SetStatusCode(t.status)
	r.Header.SetContentType(ContentProblem)
	r.Header.SetCanonical(retryAfterKey, t.retryAfter)
	r.AppendBody(t.head)
	r.AppendBody(traceID)
	r.AppendBodyString(`"}`)
}

package service

import (
	"time"

	"github.com/valyala/fasthttp"

	"brownout/internal/shop"
)

// An inbound is an exchange that came over HTTP. Its goroutine waits for the loop.
type inbound struct {
	exchange
	headers  fastHeaders
	refusal  error // why the request is malformed, if it is
	answered chan struct{}
	beginFn  func()
}

func newInbound(d *Dispatcher) *inbound {
	in := &inbound{answered: make(chan struct{}, 1)}
	in.dispatcher = d
	in.done = func(*exchange) { in.answered <- struct{}{} }
	in.beginFn = in.begin
	in.runFn = in.run
	in.Headers = &in.headers
	return in
}

// fastHeaders are the headers of a request of fasthttp.
type fastHeaders struct{ *fasthttp.RequestHeader }

// Get implements Headers.
func (h *fastHeaders) Get(name string) string { return string(h.Peek(name)) }

// handle answers one request, on the goroutine of its connection.
func (l *Listener) handle(ctx *fasthttp.RequestCtx) {
	if l.shedder.crowded() && l.shedder.turnAway(ctx) {
		return
	}
	in := l.inbound.Get().(*inbound)
	in.load(ctx)
	if in.serve(ctx) {
		in.unload()
		l.inbound.Put(in)
	}
}

func (in *inbound) load(ctx *fasthttp.RequestCtx) {
	h := &ctx.Request.Header
	in.Received = time.Now()
	in.headers.RequestHeader = h
	in.Method = methodOf(h)
	in.Path, in.RawQuery, in.refusal = splitTarget(string(h.RequestURI()))
	if err := checkHeaders(h.RawHeaders()); err != nil {
		in.refusal = err
	}
	in.Body = ctx.Request.Body()
}

// unload drops what belongs to the request.
func (in *inbound) unload() {
	in.Request = Request{Headers: &in.headers}
	in.headers.RequestHeader, in.refusal = nil, nil
	in.response, in.context = Response{}, nil
}

// serve has the loop answer, unless the request is refused here. It says whether the
// loop has done with the exchange.
func (in *inbound) serve(ctx *fasthttp.RequestCtx) bool {
	if refused := in.admit(in.refusal); refused != nil {
		if in.refusal != nil {
			ctx.SetConnectionClose() // what follows may be misread too
		}
		write(ctx, refused)
		return true
	}
	if err := in.dispatcher.runtime.Loop.Post(in.route.Name, in.beginFn); err != nil {
		in.dispatcher.inFlight.Add(-1)
		in.release()
		write(ctx, in.refuse(err))
		return true
	}
	if !in.wait() {
		in.release()
		write(ctx, in.refuse(&shop.Error{Code: shop.CodeUnknown, Message: "the service ended before this was done"}))
		return false
	}
	in.answer(ctx)
	return true
}

// wait waits for the answer, and says whether there is one: a task that the loop abandons
// at its end gives none.
func (in *inbound) wait() bool {
	select {
	case <-in.answered:
		return true
	case <-in.dispatcher.runtime.Loop.Done():
	}
	select {
	case <-in.answered:
		return true
	default:
		return false
	}
}

// write hands an answer to fasthttp. The body is not copied: nobody changes it.
func write(ctx *fasthttp.RequestCtx, r *Response) {
	ctx.Response.SetStatusCode(r.Status)
	if len(r.Body) > 0 {
		ctx.Response.Header.SetContentType(r.MediaType())
	}
	for _, f := range r.Header {
		ctx.Response.Header.Set(f.Name, f.Value)
	}
	ctx.Response.SetBodyRaw(r.Body)
}

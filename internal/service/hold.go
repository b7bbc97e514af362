package service

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

const (
	// requestCost is what a request holds beside its body and a large answer while it waits:
	// a checkout has 30 KiB on the heap, and 18 KiB of stacks (drill gc-spiral).
	requestCost = 48 << 10
	// largeAnswer is from where on an answer is held until its client has taken it. The
	// kernel takes a smaller one at once.
	largeAnswer = 32 << 10
)

// reserve takes the memory that the request will hold, or says why there is none.
func (x *exchange) reserve() error {
	n := int64(requestCost + len(x.Body) + x.route.Answer)
	if err := x.dispatcher.memory.Reserve(x.route.Importance, n); err != nil {
		return err
	}
	x.held = n
	return nil
}

// release gives back what the request still holds.
func (x *exchange) release() {
	x.dispatcher.memory.Release(x.held)
	x.held = 0
}

// answer writes the answer of the loop, and gives back what the request held: at once, or,
// if the answer is large, when it has been taken.
func (in *inbound) answer(ctx *fasthttp.RequestCtx) {
	body := in.response.Body
	write(ctx, &in.response)
	if len(body) <= largeAnswer {
		in.release()
		return
	}
	memory, n := in.dispatcher.memory, int64(len(body))
	memory.Grow(n)
	in.release()
	ctx.Response.SetBodyStream(&heldBody{bytes.NewReader(body), func() { memory.Release(n) }}, len(body))
}

// A heldBody is the body of an answer that is held until it has been written, or nobody
// takes it any more.
type heldBody struct {
	*bytes.Reader
	release func()
}

// Close implements io.Closer. It is called once.
func (b *heldBody) Close() error {
	b.release()
	return nil
}

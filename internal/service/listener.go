package service

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/internal/shop"
)

// Bounds of a listener. A request that is slower, larger or one too many is refused
// before the loop hears of it.
const (
	maxHeaders    = 8 << 10  // bytes of the request line and all headers
	maxOtherBody  = 64 << 10 // bytes of the body of a request without a route
	readTimeout   = 5 * time.Second
	writeTimeout  = 5 * time.Second
	idleTimeout   = 60 * time.Second
	defaultClient = 4096 // connections
)

// ListenerConfig says how a listener works.
type ListenerConfig struct {
	// Addr is host:port; port 0 means any that is free.
	Addr string
	// Connections bounds those open at a time; 0 means 4096.
	Connections int
}

// A Listener takes HTTP/1.1 requests on goroutines of its own and hands each to the
// loop through the mailbox. What need not reach the loop does not: malformed requests,
// unknown routes, and all that is over a limit.
type Listener struct {
	dispatcher *Dispatcher
	socket     net.Listener
	server     *fasthttp.Server
	inbound    sync.Pool // of *inbound
}

// Listen opens the socket; requests are taken from it by Serve.
func Listen(d *Dispatcher, c ListenerConfig) (*Listener, error) {
	if c.Connections <= 0 {
		c.Connections = defaultClient
	}
	socket, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, err
	}
	l := &Listener{dispatcher: d, socket: socket}
	l.inbound.New = func() any { return newInbound(d) }
	l.server = &fasthttp.Server{
		Handler:                      l.handle,
		ErrorHandler:                 l.malformed,
		HeaderReceived:               l.limits,
		Concurrency:                  c.Connections,
		ReadBufferSize:               maxHeaders,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxRequestBodySize:           maxOtherBody,
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		SecureErrorLogMessage:        true,
		CloseOnShutdown:              true,
		Logger:                       quiet{},
	}
	return l, nil
}

// quiet drops what fasthttp has to say of clients that break off.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// Addr returns the address that the listener is bound to.
func (l *Listener) Addr() net.Addr { return l.socket.Addr() }

// Serve takes requests until Shutdown.
func (l *Listener) Serve() error { return l.server.Serve(l.socket) }

// Shutdown stops taking connections and waits until those under way have their
// answers, or ctx is done.
func (l *Listener) Shutdown(ctx context.Context) error {
	return l.server.ShutdownWithContext(ctx)
}

// An inbound is an exchange that came over HTTP. Its goroutine waits for the loop.
type inbound struct {
	exchange
	headers  fastHeaders
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
	in := l.inbound.Get().(*inbound)
	in.load(ctx)
	in.serve(ctx)
	in.unload()
	l.inbound.Put(in)
}

func (in *inbound) load(ctx *fasthttp.RequestCtx) {
	in.Received = time.Now()
	in.headers.RequestHeader = &ctx.Request.Header
	in.Method = methodOf(&ctx.Request.Header)
	in.Path = pathOf(&ctx.Request.Header)
	in.RawQuery = string(ctx.URI().QueryString())
	in.Body = ctx.Request.Body()
}

// unload drops what belongs to the request.
func (in *inbound) unload() {
	in.Request = Request{Headers: &in.headers}
	in.headers.RequestHeader = nil
	in.response, in.context = Response{}, nil
}

// serve has the loop answer, unless the request is refused here.
func (in *inbound) serve(ctx *fasthttp.RequestCtx) {
	if hasTransferEncoding(&ctx.Request.Header) {
		ctx.SetConnectionClose()
		write(ctx, in.refuse(&shop.Error{Code: shop.CodeLength, Message: "send a Content-Length and no Transfer-Encoding"}))
		return
	}
	if refused := in.admit(); refused != nil {
		write(ctx, refused)
		return
	}
	if err := in.dispatcher.runtime.Loop.Post(in.route.Name, in.beginFn); err != nil {
		in.dispatcher.inFlight.Add(-1)
		write(ctx, in.refuse(err))
		return
	}
	<-in.answered
	write(ctx, &in.response)
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

// limits bounds the body by the route, before it is read.
func (l *Listener) limits(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	var params [maxParams]string
	route, err := l.dispatcher.router.find(methodOf(h), pathOf(h), &params)
	if err != nil {
		return fasthttp.RequestConfig{}
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: max(route.MaxBody, 1)} // 0 would mean the server's
}

// malformed answers what fasthttp could not read.
func (l *Listener) malformed(ctx *fasthttp.RequestCtx, err error) {
	e := shop.Invalid("", "is no HTTP/1.1 request that can be read")
	if _, large := errors.AsType[*fasthttp.ErrSmallBuffer](err); large {
		e = &shop.Error{Code: shop.CodeHeaderTooLarge, Message: "all headers together may have at most 8 KiB"}
	}
	if errors.Is(err, fasthttp.ErrBodyTooLarge) {
		e = tooLarge(l.bodyLimit(&ctx.Request.Header))
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		e = &shop.Error{Code: shop.CodeSlow, Message: "the request did not come in time"}
	}
	answer := Problem(e, "")
	l.dispatcher.http.Observe("", answer.Status, 0)
	ctx.SetConnectionClose()
	write(ctx, &answer)
}

func (l *Listener) bodyLimit(h *fasthttp.RequestHeader) int {
	var params [maxParams]string
	if route, err := l.dispatcher.router.find(methodOf(h), pathOf(h), &params); err == nil {
		return route.MaxBody
	}
	return maxOtherBody
}

// hasTransferEncoding says whether the length of the body is not told beforehand. No
// client of the shop needs that, and where two servers differ about it, requests
// can be smuggled (RFC 9112, 11.2).
func hasTransferEncoding(h *fasthttp.RequestHeader) bool {
	return h.ContentLength() == -1 || len(h.Peek("Transfer-Encoding")) > 0
}

// methodOf spares an allocation for the methods that there are.
func methodOf(h *fasthttp.RequestHeader) string {
	switch method := h.Method(); string(method) {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	default:
		return string(method)
	}
}

// pathOf returns the path as it was sent, without its query; percent-encoding is
// undone where it is right.
func pathOf(h *fasthttp.RequestHeader) string {
	path, _, _ := strings.Cut(string(h.RequestURI()), "?")
	if strings.IndexByte(path, '%') < 0 {
		return path
	}
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

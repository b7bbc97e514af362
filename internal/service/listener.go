package service

import (
	"cmp"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/internal/resilience"
	"brownout/internal/shop"
)

// Bounds of a listener. A request that is slower, larger or one too many is refused
// before the loop hears of it.
const (
	maxHeaders   = 8 << 10  // bytes of the request line and all headers
	maxOtherBody = 64 << 10 // bytes of the body of a request without a route
	readTimeout  = 5 * time.Second
	writeTimeout = 5 * time.Second
	idleTimeout  = 60 * time.Second
	// DefaultConnections bounds the connections of a listener unless told otherwise.
	DefaultConnections = 4096
)

// ListenerConfig says how a listener works.
type ListenerConfig struct {
	// Addr is host:port; port 0 means any that is free.
	Addr string
	// Connections bounds those open at a time; 0 means DefaultConnections. One over
	// it is answered 503 and closed.
	Connections int
	// Read bounds how long a request may take to come, and Write, while the
	// write-deadline protection is on, how long each 16 KiB of an answer may take to be
	// taken; 0 means 5 s. Idle is how long a connection may wait for its next
	// request; 0 means 60 s.
	Read, Write, Idle time.Duration
}

func (c ListenerConfig) withDefaults() ListenerConfig {
	c.Connections = cmp.Or(max(c.Connections, 0), DefaultConnections)
	c.Read = cmp.Or(max(c.Read, 0), readTimeout)
	c.Write = cmp.Or(max(c.Write, 0), writeTimeout)
	c.Idle = cmp.Or(max(c.Idle, 0), idleTimeout)
	return c
}

// A Listener takes HTTP/1.1 requests on goroutines of its own and hands each to the
// loop through the mailbox. What need not reach the loop does not: malformed requests,
// unknown routes, and all that is over a limit.
type Listener struct {
	dispatcher *Dispatcher
	shedder    *shedder
	socket     *door
	server     *fasthttp.Server
	inbound    sync.Pool // of *inbound
}

// Listen opens the socket; requests are taken from it by Serve.
func Listen(d *Dispatcher, c ListenerConfig) (*Listener, error) {
	c = c.withDefaults()
	socket, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, err
	}
	writing := resilience.NewWriteDeadline(d.runtime.Protections, "answers", c.Write)
	l := &Listener{dispatcher: d, shedder: newShedder(d), socket: newDoor(socket, c.Connections, writing)}
	l.inbound.New = func() any { return newInbound(d) }
	l.server = &fasthttp.Server{
		Handler:                      l.handle,
		ErrorHandler:                 l.malformed,
		HeaderReceived:               l.limits,
		Concurrency:                  c.Connections + 1, // the door is the narrower
		ReadBufferSize:               maxHeaders,
		ReadTimeout:                  c.Read,
		IdleTimeout:                  c.Idle,
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

// Connections returns how many connections are open. Any goroutine may call it.
func (l *Listener) Connections() int { return int(l.socket.inside.Load()) }

// Serve takes requests until Shutdown.
func (l *Listener) Serve() error { return l.server.Serve(l.socket) }

// Shutdown stops taking connections and waits until those under way have their
// answers, or ctx is done.
func (l *Listener) Shutdown(ctx context.Context) error {
	err := l.server.ShutdownWithContext(ctx)
	_ = l.socket.Close() // it is closed already, unless Serve is yet to come
	return err
}

// limits bounds the body by the route, before it is read. A body of a length that is not
// told is not read at all, for its request will be refused and its connection closed.
func (l *Listener) limits(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if h.ContentLength() == 0 {
		return fasthttp.RequestConfig{}
	}
	if h.ContentLength() == -1 {
		h.SetContentLength(0)
		h.SetConnectionClose() // whoever answers: what follows is no request
	}
	path, _, _ := splitTarget(string(h.RequestURI())) // an error is told later
	var params [maxParams]string
	route, err := l.dispatcher.router.find(methodOf(h), path, &params)
	if err != nil {
		return fasthttp.RequestConfig{}
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: max(route.MaxBody, 1)} // 0 would mean the server's
}

// malformed answers what fasthttp could not read.
func (l *Listener) malformed(ctx *fasthttp.RequestCtx, err error) {
	x := exchange{dispatcher: l.dispatcher}
	x.Received = time.Now()
	x.Trace = l.dispatcher.runtime.Tracing.Start("", noRoute, x.Received)
	ctx.SetConnectionClose()
	write(ctx, x.refuse(unreadableRequest(err)))
}

// unreadableRequest says in a client's words what fasthttp says. Of the request it has kept
// nothing.
func unreadableRequest(err error) error {
	if _, large := errors.AsType[*fasthttp.ErrSmallBuffer](err); large {
		return &shop.Error{Code: shop.CodeHeaderTooLarge, Message: "all headers together may have at most 8 KiB"}
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return &shop.Error{Code: shop.CodeSlow, Message: "the request did not come in time"}
	}
	switch {
	case errors.Is(err, fasthttp.ErrUnsupportedTransferEncoding):
		return errTransferEncoding()
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return &shop.Error{Code: shop.CodeTooLarge, Message: "the body has more bytes than this request may have"}
	}
	return shop.Invalid("", "is no HTTP/1.1 request that can be read")
}

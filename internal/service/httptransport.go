package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/shop"
)

// maxReply bounds the body of a reply.
const maxReply = 16 << 20

// HTTPConfig says how an HTTP transport reaches its service.
type HTTPConfig struct {
	// Downstream is the name of the service that is called.
	Downstream string
	// URL is http://host:port.
	URL string
	// InFlight bounds the calls at a time, and the connections, while the bulkhead
	// protection is on; 0 means 64.
	InFlight int
	// Queue bounds the calls that wait for their turn, while the queue-bound protection
	// is on; 0 means 256. How long they wait and who is next is for codel and newest-first.
	Queue int
}

// An HTTPTransport sends calls over HTTP/1.1 on connections that it keeps. It sends
// each once: what to do about a failure is for the caller to decide.
type HTTPTransport struct {
	host     string // with its port
	client   *fasthttp.HostClient
	group    *loop.Group
	bulkhead *resilience.Compartment
}

// NewHTTPTransport makes a transport; it connects when it is used. On the loop only.
func NewHTTPTransport(rt *Runtime, c HTTPConfig) (*HTTPTransport, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" || u.Port() == "" || u.Path != "" && u.Path != "/" {
		return nil, fmt.Errorf("%s: %q is not of the form http://HOST:PORT", c.Downstream, c.URL)
	}
	if c.InFlight <= 0 {
		c.InFlight = 64
	}
	if c.Queue <= 0 {
		c.Queue = 256
	}
	client := &fasthttp.HostClient{
		Addr:                      u.Host,
		MaxConns:                  65536, // the group is the limit
		MaxIdleConnDuration:       idleTimeout / 2,
		MaxIdemponentCallAttempts: 1,
		RetryIfErr:                func(*fasthttp.Request, int, error) (bool, bool) { return false, false },
		MaxResponseBodySize:       maxReply,
		NoDefaultUserAgentHeader:  true,
		DisablePathNormalizing:    true,
		DialTimeout:               dial,
	}
	group := rt.Group(c.InFlight, c.Queue)
	rt.Loop.OnClose(c.Downstream, client.CloseIdleConnections)
	resilience.NewCoDel(rt.Protections, c.Downstream, resilience.CoDelConfig{}).Over(group)
	resilience.NewNewestFirst(rt.Protections, c.Downstream, group)
	return &HTTPTransport{
		host:     u.Host,
		client:   client,
		group:    group,
		bulkhead: resilience.NewBulkhead(rt.Protections, c.Downstream, group, c.InFlight, c.Queue),
	}, nil
}

// Host returns host:port of the service.
func (tr *HTTPTransport) Host() string { return tr.host }

// dialTimeout bounds the opening of a connection: to a healthy neighbour it takes less
// than a millisecond.
const dialTimeout = time.Second

// A dialError is the failure to open a connection.
type dialError struct{ error }

func (e dialError) Unwrap() error { return e.error }

func dial(addr string, left time.Duration) (net.Conn, error) {
	timeout := dialTimeout
	if left > 0 {
		timeout = min(timeout, left)
	}
	conn, err := net.DialTimeout("tcp", addr, timeout)
	if err != nil {
		return nil, dialError{err}
	}
	return conn, nil
}

// RoundTrip implements Transport.
func (tr *HTTPTransport) RoundTrip(t *loop.Task, c *Call, timeout time.Duration) (*Reply, error) {
	handed := c.handed
	if handed == nil {
		handed = &handover{}
	}
	deadline := time.Now().Add(timeout)
	if left, bounded := t.Deadline(); bounded && left.Before(deadline) {
		deadline = left // who has left needs no connection
	}
	reply, err := loop.Go(t, tr.group, func(ctx context.Context) (*Reply, error) {
		if !handed.take() {
			return nil, context.Cause(ctx)
		}
		defer handed.end()
		return tr.send(c, deadline)
	})
	err = tr.bulkhead.Refused(err)
	unsent := handed.cancel()
	if _, refused := errors.AsType[*resilience.Rejection](err); refused || err == nil {
		return reply, err
	}
	switch {
	case unsent || neverSent(err):
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	case errors.Is(err, fasthttp.ErrTimeout):
		return nil, fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return nil, err
}

func neverSent(err error) bool {
	_, dialled := errors.AsType[dialError](err)
	return dialled || errors.Is(err, fasthttp.ErrNoFreeConns)
}

// send makes the call, on a goroutine of its own.
func (tr *HTTPTransport) send(c *Call, deadline time.Time) (*Reply, error) {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.Header.SetMethod(c.Method)
	request.SetRequestURI("http://" + tr.host + c.Path)
	for _, f := range c.Header {
		request.Header.Set(f.Name, f.Value)
	}
	request.SetBodyRaw(c.Body)
	if err := tr.client.DoDeadline(request, response, deadline); err != nil {
		tr.broken(err)
		return nil, err
	}
	return &Reply{
		Status: response.StatusCode(),
		Header: replyHeader(&response.Header),
		Body:   bytes.Clone(response.Body()),
	}, nil
}

// broken drops the idle connections after one of them broke: most likely the callee has
// ended, and they with it, and each would cost another call.
func (tr *HTTPTransport) broken(err error) {
	if !errors.Is(err, fasthttp.ErrTimeout) && !neverSent(err) {
		tr.client.CloseIdleConnections()
	}
}

// replyHeader keeps the headers that the shop knows.
func replyHeader(h *fasthttp.ResponseHeader) []Field {
	var fields []Field
	for _, name := range []string{"Retry-After", shop.HeaderReplayed} {
		if value := h.Peek(name); len(value) > 0 {
			fields = append(fields, Field{name, string(value)})
		}
	}
	return fields
}

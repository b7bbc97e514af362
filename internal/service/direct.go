package service

import (
	"bytes"
	"strings"
	"time"

	"brownout/internal/loop"
	"brownout/internal/shop"
)

// Direct returns a transport to a service on the same loop, without a network: for
// simulations and tests. What a caller no longer waits for goes on all the same.
func Direct(d *Dispatcher) Transport { return direct{d} }

type direct struct{ callee *Dispatcher }

// RoundTrip implements Transport.
func (tr direct) RoundTrip(t *loop.Task, c *Call, _ time.Duration) (*Reply, error) {
	answered := loop.NewPromise[*Reply](t.Loop(), "answer")
	tr.callee.Dispatch(tr.request(c), func(r Response) { answered.Resolve(replyOf(r)) })
	return loop.Await(t, answered)
}

// request is the call as the callee sees it: nothing of it is shared with the caller.
func (tr direct) request(c *Call) *Request {
	path, query, _ := strings.Cut(c.Path, "?")
	headers, now := Fields(append([]Field(nil), c.Header...)), time.Now()
	return &Request{
		Method:   c.Method,
		Path:     path,
		RawQuery: query,
		Body:     bytes.Clone(c.Body),
		Headers:  headers,
		Received: now,
		Trace:    tr.callee.runtime.Tracing.Start(headers.Get(shop.HeaderTraceparent), c.Method, now),
	}
}

func replyOf(r Response) *Reply {
	return &Reply{Status: r.Status, Header: append([]Field(nil), r.Header...), Body: bytes.Clone(r.Body)}
}

package telemetry

import (
	"net"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// A Peer is somebody whom a service calls: another service, or a store. It is made once, for what
// all calls to it have in common.
type Peer struct {
	name       string
	url        string // what paths are below, as in "http://127.0.0.1:8081"; "" if it has none
	attributes []attribute.KeyValue
	operation  func(*Operation, *Peer) []attribute.KeyValue
}

// HTTPPeer returns a service of that name at an address, host:port; "" if it has none, as in a
// simulation.
func HTTPPeer(name, addr string) *Peer {
	p := &Peer{name: name, operation: httpOperation, attributes: []attribute.KeyValue{semconv.ServicePeerName(name)}}
	if addr != "" {
		p.url = "http://" + addr
		p.attributes = append(p.attributes, serverAttributes(addr)...)
	}
	return p
}

// RedisPeer returns a Redis of that name at an address, host:port.
func RedisPeer(name, addr string) *Peer {
	return &Peer{name: name, operation: redisOperation, attributes: append(serverAttributes(addr), semconv.DBSystemNameRedis)}
}

func serverAttributes(addr string) []attribute.KeyValue {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return []attribute.KeyValue{semconv.ServerAddress(addr)}
	}
	attributes := []attribute.KeyValue{semconv.ServerAddress(host)}
	if n, err := strconv.Atoi(port); err == nil {
		attributes = append(attributes, semconv.ServerPort(n))
	}
	return attributes
}

// An Operation is what one attempt of a call asks of a peer.
type Operation struct {
	// Name says what for, such as "hold": a constant.
	Name string
	// Method and Path are those of an HTTP request; "" if they are not to be told. A query never is.
	Method, Path string
	// Attempt counts from 1.
	Attempt int
}

func httpOperation(o *Operation, p *Peer) []attribute.KeyValue {
	if o.Method == "" {
		return nil
	}
	attributes := []attribute.KeyValue{method(o.Method)}
	if p.url != "" {
		attributes = append(attributes, semconv.URLFull(p.url+withoutQuery(o.Path)))
	}
	if o.Attempt > 1 {
		attributes = append(attributes, semconv.HTTPRequestResendCount(o.Attempt-1))
	}
	return attributes
}

func redisOperation(o *Operation, _ *Peer) []attribute.KeyValue {
	return []attribute.KeyValue{semconv.DBOperationName(o.Name)}
}

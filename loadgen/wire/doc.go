// Package wire is the engine of the load generator for plain HTTP/1.1 on Linux: it sends one request
// over and over, and costs as little processor time as the kernel leaves, so that what is measured is the server.
//
// An [Engine] is one goroutine on a thread of its own. It owns all connections, and waits for all of them, and for the
// next request that is due, in one place, epoll; so it needs no locks, and nothing is handed over:
//
//	          ┌─> fire what is due: on a connection that is idle, or a new one
//	turn ─────┼─> time out what has waited for too long
//	          ├─> wait: for answers, or until something is due
//	          └─> take answers: each is a sample, and its connection is idle
//
// The bytes of the request are made once; of each that is sent only the ids of its trace are its own. An [answer] is read
// strictly and in place. With connections that the server keeps open a request costs two system calls, and no memory unless samples name their traces.
//
// Requests are due by a schedule, as those of [loadgen.Attacker] are, and the samples say the same; or there are clients
// that wait for their answers, which finds out how much a server can do.
//
// What needs more than that is for other engines: TLS, HTTP/2, proxies, customers, retries, traces that are kept.
//
// # Limits
//
//	an answer's head   64 KiB, then it is too large
//	an answer's body   4 MiB, as with other engines
//	around its chunks  16 bytes for each, and 64 KiB
//	a problem          8 KiB of its body are kept, which have to hold all of it to be read
//	connections        Config.MaxInFlight, then what is due is unsent
//	idle               4 s, then a connection is closed, before its server does
//	addresses          8 of a name, each of which is tried before a request is refused
package wire

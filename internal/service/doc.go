// Package service is what every service of the shop is made of: how requests come in
// and calls go out, where data is kept, how the process lives and ends.
//
// # The way of a request
//
//	client
//	  │ HTTP/1.1
//	  v
//	Listener ── too large, too slow, malformed, a header twice ──> 4xx, and the connection closes
//	  │         one goroutine for each connection
//	  v
//	shedder ─── no room, while the service is crowded ───────────> 503
//	  │
//	  v
//	admit ───── no route, no token, too much under way ──────────> 404 405 413, 401, 503
//	  │         still the connection's goroutine
//	  v
//	mailbox ─── full, or closed ─────────────────────────────────> 503
//	  │
//	  v         ┌──────────────── the loop ────────────────┐
//	begin ───── │ its time is over: not begun              │ ───> 504
//	  │         │ it is too old, as all are: not begun     │ ───> 503
//	  │         │                                          │
//	  v         │                                          │
//	Handler ──> │ Await ──> Offload ──> a worker           │
//	  │   ^     │   │       of the pool                    │
//	  │   └──── │ <─┼─────> Client ───> Transport ─────────┼──> another service
//	  │         │   └─────> RedisDo, MemoryDo ─────────────┼──> data
//	  v         └──────────────────────────────────────────┘
//	finish ──── AsError, Problem: the one place where an error becomes an answer
//	  │
//	  v
//	client, written by the connection's goroutine
//
// What is refused before begin has not been begun, and its answer says so: 503 and 429 mean
// that nothing was done. What was begun and then interrupted, by its deadline or by the end
// of the process, is answered 504: nobody knows what was done. [MayHaveHappened] tells a
// caller the same of its own calls, and [Client.Do] keeps to it over several attempts.
//
// # Which goroutine does what
//
//	a connection's         reads, admits, posts, waits for the answer, writes it
//	the loop               begin, handlers, background work, clients; everything that has
//	                       a loop.Task or says "on the loop only"
//	a worker of the pool   jobs of Runtime.Classes
//	a call's               Transport's round trip, and what RedisDo and MemoryDo run
//	the admin port's       all of Admin: it never enters the loop, and so answers while that
//	                       is blocked
//	Serve's                the loop itself; one more waits for the end
//
// Between a task that may be cancelled and the goroutine of its call, a handover settles
// whether the call was begun: only if not, its error is [ErrNotSent].
//
// # Limits
//
//	connections            ListenerConfig.Connections (4096); one more is answered 503
//	request line, headers  8 KiB together, then 431
//	body                   Route.MaxBody, then 413; without a route 64 KiB
//	length of a body       must be told, else 411
//	time to come           ListenerConfig.Read (5 s), then 408
//	time to be taken       ListenerConfig.Write (5 s) for each 16 KiB of an answer, then the
//	                       connection is reset; the kernel keeps up to 80 KiB of it until
//	                       then
//	between requests       ListenerConfig.Idle (60 s), then the connection is closed
//	requests under way     DispatcherConfig.InFlight (1024), less for less important ones
//	                       (resilience.Importance), then 503
//	memory of requests     DispatcherConfig.Memory (64 MiB, or a quarter of the heap if that
//	                       is less), then 503, sooner for less important ones; each is
//	                       worth 48 KiB, its body, and a large answer until that is taken
//	live heap              4/5 of HostConfig.Memory or GOMEMLIMIT (512 MiB without either),
//	                       then 503, likewise; half of it beyond what requests hold, or
//	                       10,000 goroutines, for 3 s: the process is recycled
//	time of a request      the least of the Deadline-Ms header, Route.Timeout (2 s) and 30 s
//	mailbox                twice the connections, then 503
//	nesting of JSON        10,000, then 400
//	parameters of a path   2 in a pattern
//	time of an attempt     ClientConfig.Timeout (1 s)
//	attempts of a call     resilience.RetryConfig (3), within its budget
//	calls at a time        HTTPConfig.InFlight (64) and Queue (256), then a Rejection
//	body of a reply        16 MiB, then a CallError
//	operations on Redis    RedisConfig.InFlight (64) and Queue (4096); each Timeout (1 s)
//	series of metrics      by the names of routes and calls, never by a path
//	the end                10 s for requests in flight, half a second for each later step
//
// # Simulation
//
// [Simulate] makes a [Runtime] of one loop and a seed, [Direct] a [Transport] without a
// network, [NewMemory] data without a database. The code of a service sees no difference.
package service

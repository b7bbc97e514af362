// Package sim runs the whole shop in virtual time, breaks it by a seed, and audits what
// is left.
//
// # The model
//
// Gateway, payments, inventory and two banks are the real services, with their real
// clients, breakers, sagas, sweepers and resolvers. They share one loop, and with that
// one goroutine:
//
//	customers ──> gateway ──┬──> inventory
//	                        └──> payments ──┬──> bank-a   knows idempotency keys
//	                                        └──> bank-b   knows none
//
//	──>  a link: latency in each direction, lost requests, lost replies, requests
//	     that arrive twice, requests that arrive after their caller has left
//
// Each arrow is a [service.Transport] that hands requests to a dispatcher. Each service
// keeps its data in its adapter in memory, whose operations take time and may fail, before
// or after they were done. Any of the five can crash: its tasks end where they wait,
// caches, breakers and what is in its hands are gone, its store stays, and some
// time later it begins anew. Until then it refuses connections. Of the requests in its hands
// the callers hear at once, as when a process dies, or nothing, as when a machine does.
//
// Customers log in, buy from a few products of which there is little, pay with cards of
// which some are declined, ask again with the same key when they get no answer, ask twice at
// once, give up, give back, and use a key for another purchase. What they asked for and
// were told is the journal.
//
// When the load is over so are the faults. The shop has [Config.Settle] to finish or undo
// whatever is left; then chaos/audit reads the journal, the ledger, the stock, the
// orders and the banks' statements, and says which of the five invariants hold.
//
// Stock expires and orders change hands, in some runs, so early that it happens in the
// middle of a checkout: times to live and leases are drawn as well.
//
// # A seed is a run
//
// Everything that is left to chance comes from the seed, with a source of its own for each
// thing, nothing runs but the loop, and no two events stand at one instant in an
// order that the seed does not decide. So a seed gives the same journal and the same trace,
// byte for byte, and a seed that fails is a bug that can be read line by line:
//
//	go test ./internal/sim -run TestSeeds -seed 4711 -v
//
// # What is not simulated
//
// Real sockets, HTTP parsing and Redis have tests of their own: here a request is a
// struct, and an adapter's operation is atomic, as Redis's scripts are. Clocks agree and
// never jump. Nothing takes processor time, so the loop is never blocked. A message that
// is late comes within [MaxDelay], which is less than the lease of a payment: a bank
// without keys that gets an order later than that cannot be told from one that never got
// it. Between customers and gateway nothing arrives twice, for there a repetition after a
// refusal is a purchase.
package sim

// Package acquirer is a bank outside the walls of the shop: it authorises, captures,
// voids and refunds charges to cards, and keeps a statement that knows nothing of
// the shop's own books. Its capacity is known by design, so that a drill can say what
// load is too much, and it can be made slow or small while it works.
//
// # An order
//
// Everything that is posted to a bank is an order, and goes this way:
//
//	order -> key known? -> wait for a worker -> worked on -> charge alone -> statement -> answer
//	             |               |             ServiceTime                   durable
//	          replayed      queue full: 503
//
// A bank has Workers, and an order takes one of them for ServiceTime, so the bank does
// exactly Workers ÷ ServiceTime orders a second. Orders that wait are served first
// come, first served. The caller's deadline counts while an order waits: what is given
// up then was never begun. Once a worker has begun, the order is carried out, whether
// or not the caller still listens: that is what an unknown outcome is made of.
//
// # Keys
//
// A bank that knows idempotency keys wants one with every order. An order that comes
// again with its key is answered with the first answer, byte for byte, and takes no
// worker; another order with the same key is refused (422), and so is one whose first
// answer is not there yet (409). Keys are kept as long as the statement.
//
// A bank that knows none does what it is told each time: it authorises twice, and it
// captures again what it has captured, which moves the money twice and makes two lines
// of its statement.
//
// # What survives
//
// A bank is a function of its [Statement]: movements, and answers by key. It answers, and
// lets others see what an order did, only when that is durable; a bank made from the same
// statement after a crash knows all that was ever answered. When the statement
// cannot be written, the outcome of what was on its way is unknown, and the bank takes no
// further orders until it is made anew: nobody can tell what a file holds after a
// write to it has failed.
//
// [Memory] is a statement for simulations; package filestatement keeps one in a file.
//
// # Who may call what
//
// [New], [NewBank] and what a bank's routes do belong to the loop. The controls of a
// [Bank], SetWorkers, SetServiceTime and what reads them, are for any goroutine.
//
// # Limits
//
//	orders that wait for a worker      Config.Queue, then 503 overloaded
//	orders on their way to the disk    MaxUnsettled, then 503 overloaded
//	records of a statement             MaxRecords, then 503 unavailable
//	idempotency keys and references    MaxText characters
package acquirer

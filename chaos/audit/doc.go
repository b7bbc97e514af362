// Package audit checks what must hold of the shop whatever broke: five invariants,
// judged from books that different parties keep and of which none is trusted. The
// books are joined by what all of them carry: the reference of a checkout, which its
// client chose, and the id of its order, which is also the id of its payment and of
// its hold.
//
//	money                the ledger's entries balance, and the banks saw the same money move
//	one-charge           no checkout is charged twice; a replay is the first answer
//	stock                available + held + sold = initial + restocked
//	promise              what a client was told is so
//	captured-when-sold   money and stock change hands together
//
// [Check] is pure: books in, report out. [Fetch] reads the books of a running shop
// over HTTP, as they were at one instant. A drill that has everything in memory fills
// in [Books] itself.
package audit

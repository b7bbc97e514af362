package loop

import (
	"math/bits"
	"sync/atomic"
)

// A mailbox carries new work from other goroutines to the loop. It is a
// bounded ring for many producers and one consumer, after Dmitry Vyukov
// (https://www.1024cores.net/home/lock-free-algorithms/queues/bounded-mpmc-queue):
// a slot's turn says who may touch it, the producer of position p when
// turn == p, the consumer when turn == p+1.
//
// Closing sets a bit in the tail. No position can be claimed after that, so
// what was accepted before is exactly what the consumer still finds.
type mailbox struct {
	slots []slot
	mask  uint64
	_     [64]byte
	tail  atomic.Uint64 // next position to claim, and the closed bit
	_     [64]byte
	head  uint64 // next position to take; the loop's
}

type slot struct {
	turn atomic.Uint64
	name string
	fn   func()
}

const mailboxClosed = 1 << 63

func newMailbox(size int) *mailbox {
	n := uint64(1) << bits.Len(uint(max(size, 2)-1)) // with one slot, "taken" and "free" would look alike
	m := &mailbox{slots: make([]slot, n), mask: n - 1}
	for i := range m.slots {
		m.slots[i].turn.Store(uint64(i))
	}
	return m
}

// post puts a callback in, or says ErrFull or ErrClosed. Any goroutine may call it.
func (m *mailbox) post(name string, fn func()) error {
	for {
		at := m.tail.Load()
		if at&mailboxClosed != 0 {
			return ErrClosed
		}
		s := &m.slots[at&m.mask]
		switch turn := s.turn.Load(); {
		case turn < at:
			return ErrFull
		case turn == at && m.tail.CompareAndSwap(at, at+1):
			s.name, s.fn = name, fn
			s.turn.Store(at + 1)
			return nil
		}
	}
}

// full says whether post would be refused now. Any goroutine may ask.
func (m *mailbox) full() bool {
	at := m.tail.Load()
	return at&mailboxClosed == 0 && m.slots[at&m.mask].turn.Load() < at
}

func (m *mailbox) close() { m.tail.Or(mailboxClosed) }

// end is the position after the newest that was claimed.
func (m *mailbox) end() uint64 { return m.tail.Load() &^ mailboxClosed }

// ready says whether take would find something.
func (m *mailbox) ready() bool {
	return m.slots[m.head&m.mask].turn.Load() == m.head+1
}

// take removes the oldest callback; it returns nil when that is not there yet.
func (m *mailbox) take() (name string, fn func()) {
	s := &m.slots[m.head&m.mask]
	if s.turn.Load() != m.head+1 {
		return "", nil
	}
	name, fn = s.name, s.fn
	s.fn = nil
	s.turn.Store(m.head + m.mask + 1)
	m.head++
	return name, fn
}

// waiting counts what is there to be taken. Any goroutine may ask; it looks at
// the slots, newest first, rather than make the loop publish every step.
func (m *mailbox) waiting() (n int) {
	for at := m.end(); n < len(m.slots) && at > 0; n++ {
		at--
		if m.slots[at&m.mask].turn.Load() > at+1 {
			break // taken, as is all before it
		}
	}
	return n
}

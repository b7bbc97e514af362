package wire

import "time"

// A state is what a connection is in.
type state uint8

const (
	closed     state = iota // there is none
	connecting              // for the request that it has
	busy                    // with the request that it has
	idle
)

// A conn is a place for a connection, and its memory, which is used again.
type conn struct {
	slot       int32 // its place
	generation int32 // of its socket: events of an earlier one are none of it
	state      state
	socket     int // -1 if it is closed
	server     int // which of the addresses it is to
	tried      int // how many of them were tried

	before, after *conn // in the list that it is on

	shot                 // if it is connecting or busy
	sent   int           // bytes of the request that were sent
	answer answer        // what has come of it
	since  time.Duration // when it is idle
}

// A shot is one request that was due. All times are since the start.
type shot struct {
	seq                 int64
	due, left, deadline time.Duration
	trace               [16]byte
	parent              [8]byte
}

// A list is connections in an order. The zero value is empty; a connection is on one at most.
type list struct {
	front, back *conn
}

func (l *list) pushFront(c *conn) {
	c.before, c.after = nil, l.front
	if l.front != nil {
		l.front.before = c
	} else {
		l.back = c
	}
	l.front = c
}

func (l *list) pushBack(c *conn) {
	c.before, c.after = l.back, nil
	if l.back != nil {
		l.back.after = c
	} else {
		l.front = c
	}
	l.back = c
}

func (l *list) remove(c *conn) {
	if c.before != nil {
		c.before.after = c.after
	} else {
		l.front = c.after
	}
	if c.after != nil {
		c.after.before = c.before
	} else {
		l.back = c.before
	}
	c.before, c.after = nil, nil
}

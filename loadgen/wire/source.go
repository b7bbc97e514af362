package wire

import (
	"math"
	"time"

	"brownout/loadgen"
)

// A source says when requests are due, since the start.
type source interface {
	// next returns when the next request is due, never if that is not known yet. There is no more when the load
	// has ended.
	next(now time.Duration) (due time.Duration, more bool)
	// fired says that the request which next is about was sent, or will not be.
	fired()
	// ended says that a request that was fired has an outcome, and whether it was acknowledged.
	ended(now time.Duration, acknowledged bool)
}

const never = time.Duration(math.MaxInt64)

// A schedule is that of a pacer.
type schedule struct {
	pacer loadgen.Pacer
	seq   int64
	due   time.Duration
	more  bool
}

func newSchedule(p loadgen.Pacer) *schedule {
	s := &schedule{pacer: p}
	s.due, s.more = p.At(0)
	return s
}

func (s *schedule) next(time.Duration) (time.Duration, bool) { return s.due, s.more }

func (s *schedule) fired() {
	s.seq++
	s.due, s.more = s.pacer.At(s.seq)
}

func (*schedule) ended(time.Duration, bool) {}

// turnedAway is how long a client stays away that got nothing. One that came again at once would
// have the server say no all the time.
const turnedAway = 50 * time.Millisecond

// A crowd is clients who wait for their answers before they ask again.
type crowd struct {
	length time.Duration
	ready  queue // since when clients could ask
	away   queue // when clients come back
}

func newCrowd(clients int, length time.Duration) *crowd {
	c := &crowd{length: length, ready: newQueue(clients), away: newQueue(clients)}
	for range clients {
		c.ready.push(0)
	}
	return c
}

func (c *crowd) next(now time.Duration) (time.Duration, bool) {
	return min(c.ready.first(), c.away.first()), now < c.length
}

func (c *crowd) fired() {
	if c.ready.first() <= c.away.first() {
		c.ready.pop()
	} else {
		c.away.pop()
	}
}

func (c *crowd) ended(now time.Duration, acknowledged bool) {
	if acknowledged {
		c.ready.push(now)
	} else {
		c.away.push(now + turnedAway)
	}
}

// A queue is times in the order in which they were pushed, which is theirs, too. More than it was made for is a
// programmer's error.
type queue struct {
	times []time.Duration // a ring
	head  int
	count int
}

func newQueue(room int) queue { return queue{times: make([]time.Duration, room)} }

// first returns the first one, never if there is none.
func (q *queue) first() time.Duration {
	if q.count == 0 {
		return never
	}
	return q.times[q.head]
}

func (q *queue) push(at time.Duration) {
	if q.count == len(q.times) {
		panic("wire: a client asks twice at a time")
	}
	q.times[(q.head+q.count)%len(q.times)] = at
	q.count++
}

func (q *queue) pop() {
	q.head = (q.head + 1) % len(q.times)
	q.count--
}

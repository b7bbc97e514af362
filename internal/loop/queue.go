package loop

// maxQueued bounds every queue that only the loop itself fills. Reaching it
// is a runaway program, and ends the process before memory does.
const maxQueued = 1 << 24

// A callback is a function with its name.
type callback struct {
	label *label
	fn    func()
}

// A queue is a FIFO ring of callbacks that grows by doubling. Positions count up
// for ever, so a position is also the identity of its job.
type queue struct {
	ring []callback // its length is a power of two
	head uint       // position of the oldest job
	tail uint       // position after the newest job
}

func newQueue() queue { return queue{ring: make([]callback, 64)} }

func (q *queue) empty() bool { return q.head == q.tail }

func (q *queue) len() int { return int(q.tail - q.head) }

func (q *queue) full() bool { return q.tail-q.head == uint(len(q.ring)) }

// push adds a job. Where every nanosecond counts, callers write out its two
// lines, each of which is inlined, while push as a whole is not.
func (q *queue) push(label *label, fn func()) {
	if q.full() {
		q.grow()
	}
	q.put(label, fn)
}

// put adds a job to a queue that is not full.
func (q *queue) put(label *label, fn func()) {
	j := &q.ring[q.tail&uint(len(q.ring)-1)]
	j.label, j.fn = label, fn
	q.tail++
}

// pop takes the oldest job; the queue must not be empty.
func (q *queue) pop() (*label, func()) {
	j := &q.ring[q.head&uint(len(q.ring)-1)]
	label, fn := j.label, j.fn
	j.fn = nil
	q.head++
	return label, fn
}

// clear removes the job at a position, if it is still there, and leaves a hole
// that pops as a nil function.
func (q *queue) clear(at uint) bool {
	if at-q.head >= q.tail-q.head {
		return false
	}
	j := &q.ring[at&uint(len(q.ring)-1)]
	was := j.fn != nil
	j.fn = nil
	return was
}

//go:noinline
func (q *queue) grow() {
	if len(q.ring) == maxQueued {
		panic("loop: a queue of callbacks has reached its limit of 16,777,216")
	}
	ring := make([]callback, 2*len(q.ring))
	for at := q.head; at != q.tail; at++ {
		ring[at&uint(len(ring)-1)] = q.ring[at&uint(len(q.ring)-1)]
	}
	q.ring = ring
}

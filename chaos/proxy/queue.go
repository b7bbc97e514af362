package proxy

import (
	"context"
	"sync/atomic"
)

const (
	queuePieces = 1024
	queueBytes  = 256 << 10
)

// A queue holds pieces on their way through toxics. One goroutine puts, one takes.
type queue struct {
	pieces chan Piece
	bytes  atomic.Int64
	room   chan struct{} // has something when bytes have become fewer
	empty  chan struct{} // closed when the taker has ended
}

func newQueue() *queue {
	return &queue{pieces: make(chan Piece, queuePieces), room: make(chan struct{}, 1), empty: make(chan struct{})}
}

// put waits for room, and says whether the piece is in the queue: it is not if life has ended.
func (q *queue) put(life context.Context, p Piece) bool {
	for q.bytes.Load() >= queueBytes {
		select {
		case <-q.room:
		case <-life.Done():
			return false
		}
	}
	q.bytes.Add(int64(len(p.Data)))
	select {
	case q.pieces <- p:
		return true
	case <-life.Done():
		return false
	}
}

// free makes the room of a piece that has left.
func (q *queue) free(p Piece) {
	q.bytes.Add(-int64(len(p.Data)))
	select {
	case q.room <- struct{}{}:
	default:
	}
}

// finish says that no piece will come, and waits until the last has left.
func (q *queue) finish() {
	close(q.pieces)
	<-q.empty
}

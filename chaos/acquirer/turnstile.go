package acquirer

import (
	"container/list"

	"brownout/internal/loop"
)

// A turnstile is where tasks wait for one of a number of places, first come, first served. It
// belongs to the loop.
type turnstile struct {
	places  int // how many there are
	taken   int
	most    int       // tasks that may wait
	waiting list.List // of *loop.Promise[struct{}], the longest wait first
}

// acquire takes a place, and waits for one if it must. It returns loop.ErrFull if too many
// wait already, and the task's error if that is cancelled first; then no place is taken.
func (s *turnstile) acquire(t *loop.Task) error {
	if s.taken < s.places && s.waiting.Len() == 0 {
		s.taken++
		return nil
	}
	if s.waiting.Len() >= s.most {
		return loop.ErrFull
	}
	turn := loop.NewPromise[struct{}](t.Loop(), "place")
	waits := s.waiting.PushBack(turn)
	_, err := loop.Await(t, turn)
	if err != nil {
		s.withdraw(waits, turn)
	}
	return err
}

// withdraw takes a task out of the queue that no longer wants a place, or gives back
// the one that it has got at the last moment.
func (s *turnstile) withdraw(waits *list.Element, turn *loop.Promise[struct{}]) {
	if turn.Settled() {
		s.release()
		return
	}
	s.waiting.Remove(waits)
}

// release gives a place back.
func (s *turnstile) release() {
	s.taken--
	s.admit()
}

// resize changes how many places there are. Places that are taken stay so.
func (s *turnstile) resize(places int) {
	s.places = places
	s.admit()
}

// admit gives free places to those who have waited longest.
func (s *turnstile) admit() {
	for s.taken < s.places && s.waiting.Len() > 0 {
		s.taken++
		s.waiting.Remove(s.waiting.Front()).(*loop.Promise[struct{}]).Resolve(struct{}{})
	}
}

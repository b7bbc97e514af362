package resilience

import (
	"slices"

	"brownout/internal/loop"
)

// maxWriters bounds the tasks that wait for their turn with one Serializer.
const maxWriters = 1024

// A Serializer lets one task at a time work on a key, first come, first served. It
// belongs to its loop.
type Serializer[K comparable] struct {
	guard
	loop    *loop.Loop
	lines   map[K]*line // of the keys that somebody works on
	waiting int
	full    *refusal
}

// A line is those who wait for a key.
type line struct{ turns []*turn }

// A turn is the place of a task in a line.
type turn struct{ come *loop.Promise[struct{}] }

// NewSingleWriter makes a serializer.
func NewSingleWriter[K comparable](r *Registry, target string, l *loop.Loop) *Serializer[K] {
	s := &Serializer[K]{guard: newGuard(r, SingleWriter, target), loop: l, lines: map[K]*line{}}
	s.full = s.refusal("full")
	return s
}

// Do runs fn while nobody else works on the key, and returns its error. Before that it
// waits for its turn; with 1,024 tasks that do, it fails with a Rejection, and with the
// cause if the task is cancelled. The key is free again when fn has returned or the task
// was unwound. Fn must not call Do with the same key: it would wait for itself.
//
// While the protection is off, fn runs at once. Those that began while it was off do not
// keep others from the key.
func (s *Serializer[K]) Do(t *loop.Task, key K, fn func() error) error {
	if !s.on() {
		return fn()
	}
	if err := s.enter(t, key); err != nil {
		return err
	}
	defer s.leave(key)
	s.admitted.Inc()
	return fn()
}

// enter returns when the key is the task's.
func (s *Serializer[K]) enter(t *loop.Task, key K) error {
	if err := t.Err(); err != nil {
		return err
	}
	waiting := s.lines[key]
	if waiting == nil {
		s.lines[key] = &line{}
		return nil
	}
	if s.waiting >= maxWriters {
		return s.full.reject()
	}
	return s.wait(t, key, waiting)
}

func (s *Serializer[K]) wait(t *loop.Task, key K, in *line) error {
	mine := &turn{loop.NewPromise[struct{}](s.loop, t.Name())}
	in.turns = append(in.turns, mine)
	s.waiting++
	entered := false
	defer func() { // also when the task is unwound here
		if !entered {
			s.giveUp(key, in, mine)
		}
	}()
	_, err := loop.Await(t, mine.come)
	entered = err == nil
	return err
}

// giveUp leaves the line. A turn that has come meanwhile goes to the next.
func (s *Serializer[K]) giveUp(key K, in *line, mine *turn) {
	if mine.come.Settled() {
		s.leave(key)
		return
	}
	i := slices.Index(in.turns, mine)
	in.turns = slices.Delete(in.turns, i, i+1)
	s.waiting--
}

// leave gives the key to the next in line.
func (s *Serializer[K]) leave(key K) {
	in := s.lines[key]
	if len(in.turns) == 0 {
		delete(s.lines, key)
		return
	}
	next := in.turns[0]
	in.turns = slices.Delete(in.turns, 0, 1)
	s.waiting--
	next.come.Resolve(struct{}{})
}

package resilience

import (
	"context"
	"errors"

	"brownout/internal/loop"
)

// errPartAbandoned is how a fan-out ends of which a part was unwound.
var errPartAbandoned = errors.New("fan-out: a part was abandoned")

// A FanOut bounds how many parts of one piece of work are under way at once. It belongs
// to its loop.
type FanOut struct {
	guard
	limit int
}

// NewFanOut makes a fan-out of at most limit parts at once, at least 1.
func NewFanOut(r *Registry, target string, limit int) *FanOut {
	return &FanOut{newGuard(r, FanOutLimit, target), max(limit, 1)}
}

// Each calls fn for 0 to n-1, each call in a task of its own or after another in the
// same; at most limit at once, or all at once while the protection is off. It returns
// when all have returned. The first error, or the end of t, cancels the calls under way
// and begins no others; Each returns it.
func (f *FanOut) Each(t *loop.Task, n int, fn func(t *loop.Task, i int) error) error {
	if err := t.Err(); err != nil || n <= 0 {
		return err
	}
	width := n
	if f.on() {
		width = min(n, f.limit)
		f.admitted.Inc()
	}
	w := &fanning{n: n, fn: fn, ended: loop.NewPromise[struct{}](t.Loop(), t.Name())}
	w.begin(t.Context(), t, width)
	t.Shielded(func() error {
		_, err := loop.Await(t, w.ended)
		return err
	})
	return w.err
}

// EachInTurn is Each for parts that are awaited one after the other while the protection
// is off, as in a plain loop.
func (f *FanOut) EachInTurn(t *loop.Task, n int, fn func(t *loop.Task, i int) error) error {
	if f.on() {
		return f.Each(t, n, fn)
	}
	for i := range n {
		if err := t.Err(); err != nil {
			return err
		}
		if err := fn(t, i); err != nil {
			return err
		}
	}
	return nil
}

// A fanning is one call of Each.
type fanning struct {
	n, next int // parts, and the first that was not begun
	fn      func(*loop.Task, int) error
	running int // tasks
	tasks   []*loop.Task
	err     error
	ended   *loop.Promise[struct{}]
}

// begin starts the tasks. It counts as one that runs, for those that it starts may end
// at once.
func (w *fanning) begin(ctx context.Context, t *loop.Task, width int) {
	w.running++
	for range width {
		if w.err != nil {
			break
		}
		w.running++
		w.tasks = append(w.tasks, t.Loop().Spawn(ctx, t.Name(), w.run))
	}
	w.end()
}

// run is a task: it does one part after the other, until there are none or it is cancelled.
func (w *fanning) run(t *loop.Task) {
	err := errPartAbandoned
	defer func() {
		w.fail(err)
		w.end()
	}()
	err = w.parts(t)
}

func (w *fanning) parts(t *loop.Task) error {
	for w.next < w.n {
		if err := t.Err(); err != nil {
			return err
		}
		i := w.next
		w.next++
		if err := w.fn(t, i); err != nil {
			return err
		}
	}
	return nil
}

// fail notes the first error and cancels the other tasks.
func (w *fanning) fail(err error) {
	if err == nil || w.err != nil {
		return
	}
	w.err = err
	for _, t := range w.tasks {
		t.Cancel(context.Canceled)
	}
}

func (w *fanning) end() {
	if w.running--; w.running == 0 {
		w.ended.Resolve(struct{}{})
	}
}

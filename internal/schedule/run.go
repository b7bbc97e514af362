package schedule

import (
	"cmp"
	"fmt"
	"os"
	"time"

	"brownout/internal/loop"
)

// Run runs a program on a loop of its own, with the ticks and microtasks in the
// order that s says, and returns once nothing is left to do. The reads are real:
// workers of a pool read the beginning of the running program's own executable.
// An error is that of a read, and comes with the trace up to there.
//
// Run uses the calling goroutine as the loop's. Calls of it have nothing in
// common, so any goroutine may call it at any time. A program of MaxSize and
// MaxDepth takes time and memory in proportion to its ops, and 1 ms of waiting
// for each timer that is set by another.
func Run(p Program, s loop.Semantics) (Trace, error) { return setup{}.run(p, s) }

// A setup is what Run does not ask for.
type setup struct {
	// file is what reads read, the running program's executable if empty.
	file string
	// after, if any, is called at the end of each callback, which thereby takes
	// as long as after does.
	after func(*Callback)
}

func (s setup) run(p Program, semantics loop.Semantics) (Trace, error) {
	count := countReads(p)
	r := &runner{
		// Each op runs at most once, so no more reads than these are ever in flight.
		loop:  loop.New(loop.Config{Name: "order", Semantics: semantics, ExitWhenIdle: true, MaxOperations: count}),
		after: s.after,
		trace: Trace{Semantics: semantics},
	}
	if count > 0 {
		if err := s.openReads(r); err != nil {
			return r.trace, err
		}
		defer r.reads.close()
	}
	err := r.loop.Run(func() { r.main(p) })
	return r.trace, cmp.Or(r.err, err)
}

// openReads opens the file that the program's reads read.
func (s setup) openReads(r *runner) (err error) {
	path := s.file
	if path == "" {
		if path, err = os.Executable(); err != nil {
			return fmt.Errorf("a file for io to read: %w", err)
		}
	}
	r.reads, err = openReads(path)
	return err
}

// countReads returns how many ops of a program are reads, in bodies too.
func countReads(p Program) (count int) {
	for _, op := range p {
		if op.Kind == IO {
			count++
		}
		count += countReads(op.Body)
	}
	return count
}

// A runner runs one program. It belongs to its loop.
type runner struct {
	loop      *loop.Loop
	reads     *reads // nil if the program has none
	resolved  *loop.Promise[struct{}]
	began     time.Time
	scheduled [len(kindNames)]int
	running   *Callback
	after     func(*Callback)
	trace     Trace
	err       error // the first; nothing runs after it
}

// main runs the program itself.
func (r *runner) main(p Program) {
	r.began = time.Now()
	r.resolved = loop.NewPromise[struct{}](r.loop, Promise.String())
	r.resolved.Resolve(struct{}{})
	r.run(&Callback{}, p)
}

// run runs a body as a callback.
func (r *runner) run(c *Callback, body Program) {
	if r.err != nil {
		return
	}
	c.Ran = r.now()
	r.running = c
	r.trace.Callbacks = append(r.trace.Callbacks, c)
	for _, op := range body {
		r.do(op)
	}
	if r.after != nil {
		r.after(c)
	}
}

// do carries out an op of the callback that runs.
func (r *runner) do(op Op) {
	if op.Kind == Log {
		r.running.Logs = append(r.running.Logs, op.Text)
		return
	}
	r.scheduled[op.Kind]++
	c := &Callback{Kind: op.Kind, Number: r.scheduled[op.Kind], By: r.running, Set: r.now()}
	r.schedule(c, func() { r.run(c, op.Body) })
}

// schedule hands a callback to the loop.
//
// A promise is a reaction to a promise that is resolved already, which is what
// Promise.resolve().then(body) says. QueueMicrotask would queue the same single
// microtask, but then no promise would be put to the test. That all share one
// promise makes no difference: each reaction is queued when it is added.
func (r *runner) schedule(c *Callback, body func()) {
	name := c.Kind.String()
	switch c.Kind {
	case NextTick:
		r.loop.NextTick(name, body)
	case Promise:
		loop.Then(r.resolved, func(struct{}) (struct{}, error) { body(); return struct{}{}, nil })
	case Timeout:
		r.loop.SetTimeout(name, 0, body)
	case Immediate:
		r.loop.SetImmediate(name, body)
	case IO:
		r.read(c, body)
	}
}

// read starts a read and runs body when it is done.
func (r *runner) read(c *Callback, body func()) {
	err := r.reads.start(r.loop, c.Kind.String(), func(err error) {
		r.check(c, err)
		body()
	})
	r.check(c, err)
}

// check keeps the first error of a read, which ends the program: callbacks that
// are still queued come to nothing.
func (r *runner) check(c *Callback, err error) {
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("%s: %w", c, err)
	}
}

// now says where in the run the loop is.
func (r *runner) now() Moment {
	return Moment{Turn: r.loop.Turn(), Phase: r.loop.Phase(), At: time.Since(r.began)}
}

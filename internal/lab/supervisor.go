package lab

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"brownout/internal/service"
)

// Backoff between the restarts of a child that dies.
const (
	firstPause = 200 * time.Millisecond
	mostPause  = 10 * time.Second
	// healthy is how long a child must have run for its next pause to be the first again.
	healthy = 30 * time.Second
)

// An Event is something that happened to a child.
type Event struct {
	Child string
	Kind  EventKind
	// Ready is where the child is, if it is ready.
	Ready service.ReadyLine
	// Err is why it died, or could not be started, and Pause how long it takes to the
	// next start.
	Err   error
	Pause time.Duration
}

// EventKind is what happened.
type EventKind uint8

// The kinds of events.
const (
	Ready EventKind = iota
	Died
)

// String says what happened, in a sentence without the full stop.
func (e Event) String() string {
	if e.Kind == Ready {
		return e.Child + " is ready"
	}
	return fmt.Sprintf("%s died (%v), next start in %v", e.Child, e.Err, e.Pause)
}

// A Supervisor keeps children running. Its methods are for any goroutine.
type Supervisor struct {
	// OnEvent, if any, is told what happens, one event at a time.
	OnEvent func(Event)

	mu       sync.Mutex
	children []*child      // in the order of their start
	late     chan struct{} // closed when the time to end in order is over
	forks    forker
	telling  sync.Mutex
}

// A child is a spec that is kept running until it is stopped.
type child struct {
	spec   Spec
	life   context.Context
	cancel context.CancelFunc
	done   chan struct{}

	run    *process // the last one, if there was any; the supervisor's mu guards it
	starts int      // and this

	recycled time.Time // when a run was last recycled, if one was; keep's
}

// Start starts a child, waits until it is ready, and keeps it running from then on. If
// it dies before that, it is not started again, and the error says why it died.
func (s *Supervisor) Start(ctx context.Context, spec Spec) (service.ReadyLine, error) {
	return s.begin(ctx, s.enlist(ctx, spec))
}

// StartAll starts children as Start does, all at once. Those that others need come
// first, so that StopAll ends them last.
func (s *Supervisor) StartAll(ctx context.Context, specs ...Spec) error {
	starts, ctx := errgroup.WithContext(ctx)
	for _, spec := range specs {
		c := s.enlist(ctx, spec)
		starts.Go(func() error {
			_, err := s.begin(ctx, c)
			return err
		})
	}
	return starts.Wait()
}

// enlist gives a child its place in the order.
func (s *Supervisor) enlist(ctx context.Context, spec Spec) *child {
	c := &child{spec: spec, done: make(chan struct{})}
	c.life, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.children = append(s.children, c)
	return c
}

func (s *Supervisor) begin(ctx context.Context, c *child) (service.ReadyLine, error) {
	p, line, err := s.launch(ctx, c)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.children = slices.DeleteFunc(s.children, func(other *child) bool { return other == c })
		close(c.done)
		return line, c.spec.named(err)
	}
	go s.keep(c, p)
	return line, nil
}

// named says whose error it is, unless the child's own words do.
func (s Spec) named(err error) error {
	if strings.HasPrefix(err.Error(), s.Name+": ") {
		return err
	}
	return fmt.Errorf("%s: %w", s.Name, err)
}

// launch starts one run of a child and waits until it is ready.
func (s *Supervisor) launch(ctx context.Context, c *child) (*process, service.ReadyLine, error) {
	p, err := s.forks.start(c.next())
	if err != nil {
		return nil, service.ReadyLine{}, err
	}
	s.note(c, p)
	if c.spec.Silent {
		return p, service.ReadyLine{}, nil
	}
	line, err := p.awaitReady(ctx)
	if err != nil {
		s.stop(p)
		return nil, line, err
	}
	return p, line, nil
}

// keep runs the child again whenever it ends, until its life is over.
func (s *Supervisor) keep(c *child, p *process) {
	defer close(c.done)
	pause := firstPause
	for {
		began := time.Now()
		err := s.runUntil(c.life, p)
		if c.life.Err() != nil {
			return
		}
		if time.Since(began) > healthy {
			pause = firstPause
		}
		wait := time.Duration(0)
		if !c.isRecycled(p, time.Now()) {
			wait = grow(&pause)
		}
		if p = s.restart(c.life, c, err, wait, &pause); p == nil {
			return
		}
	}
}

// runUntil waits until the process ends, or ends it when ctx is done.
func (s *Supervisor) runUntil(ctx context.Context, p *process) error {
	select {
	case <-p.ended:
		return p.failure()
	case <-ctx.Done():
		s.stop(p)
		return ctx.Err()
	}
}

func (s *Supervisor) stop(p *process) {
	s.mu.Lock()
	late := s.late
	s.mu.Unlock()
	p.stop(late)
}

// grow returns the pause, and makes the next one longer.
func grow(pause *time.Duration) time.Duration {
	now := *pause
	*pause = min(2*now, mostPause)
	return now
}

// restart starts the child again, after a wait, and where that fails after pauses that
// grow; nil if its life is over.
func (s *Supervisor) restart(ctx context.Context, c *child, err error, wait time.Duration, pause *time.Duration) *process {
	for ; ; wait = grow(pause) {
		s.tell(Event{Child: c.spec.Name, Kind: Died, Err: err, Pause: wait})
		if !sleep(ctx, wait) {
			return nil
		}
		p, line, failed := s.launch(ctx, c)
		if failed == nil {
			s.tell(Event{Child: c.spec.Name, Kind: Ready, Ready: line})
			return p
		}
		if ctx.Err() != nil {
			return nil
		}
		err = failed
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Supervisor) tell(e Event) {
	if s.OnEvent == nil {
		return
	}
	s.telling.Lock()
	defer s.telling.Unlock()
	s.OnEvent(e)
}

// Stop ends a child for good and waits until it has ended; it says whether there was one
// of that name.
func (s *Supervisor) Stop(name string) bool {
	c := s.dismiss(name)
	if c == nil {
		return false
	}
	c.cancel()
	<-c.done
	return true
}

// dismiss takes a child out of the order; nil if there is none of that name.
func (s *Supervisor) dismiss(name string) *child {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.children, func(c *child) bool { return c.spec.Name == name })
	if at < 0 {
		return nil
	}
	c := s.children[at]
	s.children = slices.Delete(s.children, at, at+1)
	return c
}

// Clear ends all children but for those that stay, the last one first, and waits until they have
// ended. If that takes longer than one of them may, each of the others has hurriedTime from then
// on, or from when it is asked. No start of such a child and no other Clear is under way; others may
// be started afterwards.
func (s *Supervisor) Clear() {
	s.end(func(c *child) bool { return !c.spec.Stays })
}

// StopAll is Clear for all children, once and for all.
func (s *Supervisor) StopAll() {
	s.end(func(*child) bool { return true })
	s.forks.close()
}

// end ends the children that are meant.
func (s *Supervisor) end(meant func(*child) bool) {
	late := make(chan struct{})
	defer time.AfterFunc(stopTime, func() { close(late) }).Stop()
	s.mu.Lock()
	s.late = late
	ending := slices.DeleteFunc(slices.Clone(s.children), func(c *child) bool { return !meant(c) })
	s.mu.Unlock()
	for _, c := range slices.Backward(ending) {
		c.cancel()
		<-c.done
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.children = slices.DeleteFunc(s.children, func(c *child) bool { return slices.Contains(ending, c) })
	s.late = nil
}

// A forker starts processes from one thread that lives as long as it does: the kernel takes
// the end of the thread that started a child for the end of its parent.
type forker struct {
	once  sync.Once
	tasks chan func()
}

func (f *forker) start(spec Spec) (p *process, err error) {
	f.once.Do(func() {
		f.tasks = make(chan func())
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			for task := range f.tasks {
				task()
			}
		}()
	})
	done := make(chan struct{})
	f.tasks <- func() {
		defer close(done)
		p, err = start(spec)
	}
	<-done
	return p, err
}

// close ends the thread; no child may be there any more.
func (f *forker) close() {
	if f.tasks != nil {
		close(f.tasks)
	}
}

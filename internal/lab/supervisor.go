package lab

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

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
	children map[string]*child
	order    []*child
	forks    forker
	telling  sync.Mutex
}

// A child is a spec that is kept running until it is stopped.
type child struct {
	spec   Spec
	cancel context.CancelFunc
	done   chan struct{}
}

// Start starts a child, waits until it is ready, and keeps it running from then on. If
// it dies before that, it is not started again, and the error says why it died.
func (s *Supervisor) Start(ctx context.Context, spec Spec) (service.ReadyLine, error) {
	p, line, err := s.launch(ctx, spec)
	if err != nil {
		return line, fmt.Errorf("%s: %w", spec.Name, err)
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &child{spec: spec, cancel: cancel, done: make(chan struct{})}
	s.mu.Lock()
	if s.children == nil {
		s.children = map[string]*child{}
	}
	s.children[spec.Name] = c
	s.order = append(s.order, c)
	s.mu.Unlock()
	go s.keep(life, c, p)
	return line, nil
}

// launch starts one run of a child and waits until it is ready.
func (s *Supervisor) launch(ctx context.Context, spec Spec) (*process, service.ReadyLine, error) {
	p, err := s.forks.start(spec)
	if err != nil {
		return nil, service.ReadyLine{}, err
	}
	if spec.Silent {
		return p, service.ReadyLine{}, nil
	}
	line, err := p.awaitReady(ctx)
	if err != nil {
		p.stop()
		return nil, line, err
	}
	return p, line, nil
}

// keep runs the child again whenever it ends, until its life is over.
func (s *Supervisor) keep(ctx context.Context, c *child, p *process) {
	defer close(c.done)
	pause := firstPause
	for {
		began := time.Now()
		err := runUntil(ctx, p)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > healthy {
			pause = firstPause
		}
		if p = s.restart(ctx, c.spec, err, &pause); p == nil {
			return
		}
	}
}

// runUntil waits until the process ends, or ends it when ctx is done.
func runUntil(ctx context.Context, p *process) error {
	select {
	case <-p.ended:
		return p.failure()
	case <-ctx.Done():
		p.stop()
		return ctx.Err()
	}
}

// restart starts the child again, after a pause that grows; nil if its life is over.
func (s *Supervisor) restart(ctx context.Context, spec Spec, err error, pause *time.Duration) *process {
	for {
		s.tell(Event{Child: spec.Name, Kind: Died, Err: err, Pause: *pause})
		if !sleep(ctx, *pause) {
			return nil
		}
		*pause = min(2**pause, mostPause)
		p, line, failed := s.launch(ctx, spec)
		if failed == nil {
			s.tell(Event{Child: spec.Name, Kind: Ready, Ready: line})
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
	s.mu.Lock()
	c := s.children[name]
	delete(s.children, name)
	s.mu.Unlock()
	if c == nil {
		return false
	}
	c.cancel()
	<-c.done
	return true
}

// StopAll ends all children, the last that was started first, and waits until they have
// ended.
func (s *Supervisor) StopAll() {
	s.mu.Lock()
	order := s.order
	s.mu.Unlock()
	for i := len(order) - 1; i >= 0; i-- {
		order[i].cancel()
		<-order[i].done
	}
	s.forks.close()
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

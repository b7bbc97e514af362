package lab

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"syscall"

	"brownout/chaos/fault"
	"brownout/internal/shop"
)

// newFaults returns an injector of what can be done to the processes of a life, and to its Redis,
// from outside. Its audit log is one of the epoch's.
func (l *life) newFaults() (*fault.Injector, error) {
	log, err := l.log("faults")
	if err != nil {
		return nil, err
	}
	host := fault.Host{Processes: l.house.supervisor, Redis: foreignRedis{}}
	if l.redis.server != nil {
		host.Redis = ownRedis{l.redis.server, l}
	}
	return fault.New(fault.Config{Kinds: fault.Catalogue(host), Log: slog.New(slog.NewJSONHandler(log, nil))}), nil
}

// Kill implements fault.Processes.
func (s *Supervisor) Kill(name string) error {
	p, err := s.running(name)
	if err != nil {
		return err
	}
	return p.command.Process.Kill()
}

// Pause implements fault.Processes. A process that ends while it is paused is started again,
// and not paused.
func (s *Supervisor) Pause(name string) (resume func(), err error) {
	p, err := s.running(name)
	if err != nil {
		return nil, err
	}
	if err := p.command.Process.Signal(syscall.SIGSTOP); err != nil {
		return nil, err
	}
	return func() { _ = p.command.Process.Signal(syscall.SIGCONT) }, nil // of one that has ended, nothing is left to resume
}

// running returns the process of a child.
func (s *Supervisor) running(name string) (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, c := range s.children {
		if c.spec.Name != name {
			names = append(names, c.spec.Name)
			continue
		}
		if c.run.pid() == 0 {
			return nil, fmt.Errorf("names %s, which does not run now", name)
		}
		return c.run, nil
	}
	slices.Sort(names)
	return nil, fmt.Errorf("is %q, which is no process here; there are %s", name, strings.Join(names, ", "))
}

var _ fault.Processes = (*Supervisor)(nil)

// An ownRedis is the embedded one of a life.
type ownRedis struct {
	*embedded
	life *life
}

// Flush implements fault.Redis. The epoch must be named: what is lost does not come back.
func (r ownRedis) Flush(confirm string) (keys int, over func(), err error) {
	if epoch := r.life.epoch.Name(); confirm != epoch {
		return 0, nil, shop.Invalid("/params/confirm", "must be "+epoch+", the name of the epoch whose data are lost for good")
	}
	return r.flush(), r.life.lose(), nil
}

// flush forgets all data, and returns how many keys that were.
func (e *embedded) flush() int {
	keys := len(e.server.Keys())
	e.server.FlushAll()
	return keys
}

// Refuse implements fault.Redis.
func (r ownRedis) Refuse() (restore func(), err error) {
	restart, err := r.refuse()
	if err != nil {
		return nil, err
	}
	return func() {
		if err := restart(); err != nil {
			fmt.Fprintf(r.life.house.out, "the embedded Redis does not come back: %v\n", err)
		}
	}, nil
}

// refuse closes the server, until restart opens it again at the same address with the same data. One
// fault at a time has it closed, or the end of the first would open it for the second.
func (e *embedded) refuse() (restart func() error, err error) {
	if !e.down.CompareAndSwap(false, true) {
		return nil, errors.New("is active already: Redis refuses connections")
	}
	e.server.Close()
	return func() error {
		defer e.down.Store(false)
		return e.server.Restart()
	}, nil
}

// A foreignRedis is one that the lab has not started, and whose life is not the lab's.
type foreignRedis struct{}

var errForeign = errors.New("needs the embedded Redis: a real one is its owner's to stop or to empty")

// Flush implements fault.Redis.
func (foreignRedis) Flush(string) (int, func(), error) { return 0, nil, errForeign }

// Refuse implements fault.Redis.
func (foreignRedis) Refuse() (func(), error) { return nil, errForeign }

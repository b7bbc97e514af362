package service

import (
	"context"
	"fmt"
	"sync"

	"brownout/internal/loop"
)

// A Memory stands where a database would, for adapters that keep their data in
// memory: what is done to it takes a wait, as a round trip does, and is done alone.
// Data that it guards may outlive the service that uses it.
type Memory struct {
	// Fault, if any, is asked about every operation: with an error before, it is
	// not done; with one after, it is done and its reply is lost.
	Fault func(name string) (before, after error)

	group *loop.Group
	lock  *sync.Mutex
}

// NewMemory makes the memory of a service. On the loop only.
func NewMemory(rt *Runtime) *Memory {
	return &Memory{group: rt.Group(0, 0), lock: &sync.Mutex{}}
}

// MemoryDo runs fn, alone, and waits for it. It fails with a *CallError, as Redis
// would, when there is a fault.
func MemoryDo[T any](t *loop.Task, m *Memory, name string, fn func() (T, error)) (T, error) {
	return loop.Go(t, m.group, func(context.Context) (T, error) {
		m.lock.Lock()
		defer m.lock.Unlock()
		return doFaulty(m, name, fn)
	})
}

func doFaulty[T any](m *Memory, name string, fn func() (T, error)) (v T, err error) {
	if m.Fault == nil {
		return fn()
	}
	before, after := m.Fault(name)
	if before != nil {
		return v, &CallError{Downstream: "memory", Call: name, Attempts: 1, Err: fmt.Errorf("%w: %w", ErrNotSent, before)}
	}
	if v, err = fn(); after == nil {
		return v, err
	}
	var lost T
	return lost, &CallError{Downstream: "memory", Call: name, Attempts: 1, Sent: true, Err: after}
}

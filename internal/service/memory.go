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
	lock  sync.Mutex
}

// NewMemory makes the memory of a service. On the loop only.
func NewMemory(rt *Runtime) *Memory {
	return &Memory{group: rt.Group(0, 0)}
}

// MemoryDo runs fn, alone, and waits for it. What fn returns comes back as it is. It fails
// with a *CallError, as Redis would, when there is a fault, and when the wait for it ends
// early.
func MemoryDo[T any](t *loop.Task, m *Memory, name string, fn func() (T, error)) (T, error) {
	var handed handover
	done, err := loop.Go(t, m.group, func(ctx context.Context) (outcomeOf[T], error) {
		if !handed.take() {
			return outcomeOf[T]{}, context.Cause(ctx)
		}
		m.lock.Lock()
		defer m.lock.Unlock()
		return doFaulty(m, name, fn), nil
	})
	if err != nil {
		return done.value, memoryError(name, !handed.cancel(), err)
	}
	return done.value, done.err
}

// outcomeOf keeps what an operation has returned apart from how the wait for it ended.
type outcomeOf[T any] struct {
	value T
	err   error
}

func doFaulty[T any](m *Memory, name string, fn func() (T, error)) (o outcomeOf[T]) {
	var before, after error
	if m.Fault != nil {
		before, after = m.Fault(name)
	}
	if before != nil {
		return outcomeOf[T]{err: memoryError(name, false, before)}
	}
	if o.value, o.err = fn(); after != nil {
		return outcomeOf[T]{err: memoryError(name, true, after)}
	}
	return o
}

func memoryError(name string, sent bool, err error) error {
	if !sent {
		err = fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	return &CallError{Downstream: "memory", Call: name, Attempts: 1, Sent: sent, Err: err}
}

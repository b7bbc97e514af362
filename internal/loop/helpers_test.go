package loop_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"brownout/internal/loop"
)

// errCause is a cause that no other part of the program knows.
var errCause = errors.New("the cause")

// simulate runs a loop in a bubble of virtual time until it is idle.
func simulate(t *testing.T, main func(l *loop.Loop)) {
	t.Helper()
	if err := simulateWith(t, loop.Config{ExitWhenIdle: true}, main); err != nil {
		t.Error(err)
	}
}

// simulateWith runs a loop in a bubble of virtual time and returns what Run did.
// The bubble fails the test if a goroutine is left over.
func simulateWith(t *testing.T, config loop.Config, main func(l *loop.Loop)) (err error) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		l := loop.New(config)
		err = l.Run(func() { main(l) })
	})
	return err
}

// A journal is what happened, one word each.
type journal []string

func (j *journal) add(word string) { *j = append(*j, word) }

func (j *journal) addf(format string, args ...any) { j.add(fmt.Sprintf(format, args...)) }

// does is a callback that adds a word.
func (j *journal) does(word string) func() { return func() { j.add(word) } }

func (j *journal) String() string { return strings.Join(*j, " ") }

func (j *journal) check(t *testing.T, want string) {
	t.Helper()
	if got := j.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// panics returns what fn panics with, nil if it does not.
func panics(fn func()) (reason any) {
	defer func() { reason = recover() }()
	fn()
	return nil
}

// settled is a promise of a value.
func settled[T any](l *loop.Loop, v T) *loop.Promise[T] {
	p := loop.NewPromise[T](l, "settled")
	p.Resolve(v)
	return p
}

// failed is a promise that is rejected, which nobody is told of.
func failed[T any](l *loop.Loop, err error) *loop.Promise[T] {
	p := loop.NewPromise[T](l, "failed")
	p.Reject(err)
	loop.Catch(p, func(error) (v T, _ error) { return v, nil })
	return p
}

// anyKey is the key of some value in a context.
type anyKey struct{}

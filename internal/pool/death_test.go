package pool_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"brownout/internal/pool"
)

// deathVariable names, in a process of its own, the death to die.
const deathVariable = "BROWNOUT_POOL_DEATH"

// deathByPanic has a name to be found in the stack.
func deathByPanic(context.Context) { panic("boom") }

func TestAJobThatDiesEndsTheProcess(t *testing.T) {
	run := func(run func(context.Context)) func(*pool.Class) error {
		return func(c *pool.Class) error { return c.Submit(context.Background(), job{name: "fatal", run: run}) }
	}
	drop := func(drop func(error)) func(*pool.Class) error {
		return func(c *pool.Class) error {
			return c.Submit(expired{context.Background()}, job{name: "fatal", drop: drop})
		}
	}
	deaths := map[string]struct {
		die  func(*pool.Class) error
		want string
	}{
		"panic":          {run(deathByPanic), "panic: boom"},
		"its stack":      {run(deathByPanic), "pool_test.deathByPanic("},
		"nil panic":      {run(func(context.Context) { panic(nil) }), "panic called with nil argument"},
		"runtime error":  {run(func(context.Context) { _ = []int{}[len(os.Args)] }), "index out of range"},
		"Goexit":         {run(func(context.Context) { runtime.Goexit() }), "panic: pool: a job called runtime.Goexit"},
		"panic in Drop":  {drop(func(error) { panic("boom") }), "panic: boom"},
		"Goexit in Drop": {drop(func(error) { runtime.Goexit() }), "panic: pool: a job called runtime.Goexit"},
		"panic in Do": {func(c *pool.Class) error {
			return c.Do(context.Background(), "fatal", func(context.Context) error { panic("boom") })
		}, "panic: boom"},
	}
	if death := os.Getenv(deathVariable); death != "" {
		p := pool.New(pool.Config{Workers: 2})
		if err := deaths[death].die(p.Class("doomed", pool.ClassConfig{})); err != nil {
			t.Fatal(err)
		}
		p.Close()
		return
	}
	for name, death := range deaths {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output := dieInAProcess(t, name)
			for _, want := range []string{`pool: worker died in job "fatal" of class "doomed"`, death.want} {
				if !strings.Contains(output, want) {
					t.Errorf("no %q in\n%s", want, output)
				}
			}
		})
	}
}

// dieInAProcess runs the test again, in a process that is to die, and returns what it printed.
func dieInAProcess(t *testing.T, death string) string {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^TestAJobThatDiesEndsTheProcess$")
	command.Env = append(os.Environ(), deathVariable+"="+death)
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Errorf("the process ended with %v, want exit code 2 as from a panic", err)
	}
	return string(output)
}

package pool_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/pool"
)

// A job does what its functions do; those left out do nothing.
type job struct {
	name string
	run  func(context.Context)
	drop func(error)
}

func (j job) Name() string { return j.name }

func (j job) Run(ctx context.Context) {
	if j.run != nil {
		j.run(ctx)
	}
}

func (j job) Drop(err error) {
	if j.drop != nil {
		j.drop(err)
	}
}

// sleeper is a job that takes some time.
func sleeper(name string, d time.Duration) job {
	return job{name: name, run: func(context.Context) { time.Sleep(d) }}
}

// A journal takes lines from many goroutines.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(format string, values ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, values...))
}

func (j *journal) expect(t *testing.T, want ...string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	if !slices.Equal(j.lines, want) {
		t.Errorf("happened\n\t%s\nwant\n\t%s", strings.Join(j.lines, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// inBubble runs a test with a pool in virtual time. The bubble ends when the last
// goroutine of the pool has, and panics if one never does.
func inBubble(t *testing.T, config pool.Config, test func(t *testing.T, p *pool.Pool)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := pool.New(config)
		defer p.Close()
		synctest.Wait()
		test(t, p)
	})
}

func submit(t *testing.T, c *pool.Class, j pool.Job) {
	t.Helper()
	if err := c.Submit(t.Context(), j); err != nil {
		t.Fatalf("%s: %v", j.Name(), err)
	}
}

// at waits until so long after the start, and until nothing moves any more.
func at(start time.Time, d time.Duration) {
	time.Sleep(time.Until(start.Add(d)))
	synctest.Wait()
}

func expectPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		if got := fmt.Sprint(recover()); got != want {
			t.Errorf("panic %q, want %q", got, want)
		}
	}()
	f()
}

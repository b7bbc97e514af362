package loop_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
)

// TestSameSeedSameRun has twenty tasks offload, call, sleep, time out and cancel
// each other at random, and compares journals: equal for a seed, different for
// different ones.
func TestSameSeedSameRun(t *testing.T) {
	seen := map[string]uint64{}
	for seed := range uint64(50) {
		first, second := simulatedRun(t, seed), simulatedRun(t, seed)
		if first != second {
			t.Fatalf("seed %d gives\n%s\nand\n%s", seed, first, second)
		}
		if other, ok := seen[first]; ok {
			t.Errorf("seeds %d and %d give the same journal", seed, other)
		}
		seen[first] = seed
		if !strings.Contains(first, "<nil>") || !strings.Contains(first, "full") || !strings.Contains(first, "deadline") {
			t.Errorf("seed %d is too tame:\n%s", seed, first)
		}
	}
}

func simulatedRun(t *testing.T, seed uint64) string {
	var out strings.Builder
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{ExitWhenIdle: true})
		pool := loop.NewSimulated(l, loop.SimulatedConfig{Workers: 3, Queue: 4, Seed: seed})
		calls := loop.NewSimulated(l, loop.SimulatedConfig{Seed: seed + 1000})
		group := loop.NewGroup(l, loop.GroupConfig{Limit: 2, Queue: 3, Executor: calls})
		r := rand.New(rand.NewPCG(seed, 2))
		start := time.Now()
		fmt.Fprintln(&out, l.Run(func() {
			for i := range 20 {
				l.Spawn(context.Background(), fmt.Sprint("task ", i), func(task *loop.Task) {
					for range 5 {
						err := task.WithTimeout(time.Duration(1+r.IntN(15))*ms, func() error {
							return act(task, r.IntN(3), pool, group)
						})
						fmt.Fprintln(&out, time.Since(start), task.Name(), err)
					}
				})
			}
		}))
	})
	return out.String()
}

func act(task *loop.Task, what int, pool loop.Executor, group *loop.Group) (err error) {
	nothing := func(context.Context) (int, error) { return 0, nil }
	switch what {
	case 0:
		_, err = loop.Offload(task, pool, nothing)
	case 1:
		_, err = loop.Go(task, group, nothing)
	default:
		err = task.Sleep(3 * ms)
	}
	return err
}

// TestSimulatedPool holds what a pool holds: workers at once, a bounded queue, and
// jobs dropped when nobody waits for them any more.
func TestSimulatedPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{ExitWhenIdle: true})
		second := func(*rand.Rand) time.Duration { return time.Second }
		pool := loop.NewSimulated(l, loop.SimulatedConfig{Workers: 2, Queue: 2, Delay: second})
		var got []string
		start := time.Now()
		l.Run(func() {
			for i := range 5 {
				l.Spawn(context.Background(), fmt.Sprint(i), func(task *loop.Task) {
					patience := time.Duration(5-4*(i/3)) * time.Second // the fourth waits for 1 s
					err := task.WithTimeout(patience-ms, func() error {
						_, err := loop.Offload(task, pool, func(context.Context) (int, error) {
							got = append(got, task.Name()+" runs")
							return 0, nil
						})
						return err
					})
					got = append(got, fmt.Sprint(task.Name(), " ", err, " ", time.Since(start)))
				})
			}
		})
		want := "4 loop: full 0s, 3 context deadline exceeded 999ms, 0 runs, 1 runs, 0 <nil> 1s, 1 <nil> 1s, 2 runs, 2 <nil> 2s"
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("got  %s\nwant %s", s, want)
		}
	})
}

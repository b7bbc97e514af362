package bench

import (
	"context"
	"math/rand/v2"
	"time"

	"brownout/internal/bench/turn"
)

// How micros are measured.
const (
	microBlock = 500 * time.Millisecond // of a pair of processes, and so of a figure
	minBlocks  = 6                      // fewer have no interval
	sliceTime  = 400 * time.Microsecond // of a turn; the builds see the same machine if it is short, and one pays less for turns if it is long
	warmTime   = 60 * time.Millisecond  // of a pair, before it counts
	maxSlice   = 10_000_000             // iterations of a turn

	memoryTurns = 8 // are one when it is for memory
)

// A reading is what a block says about one build.
type reading struct {
	iterations    int
	cpu, wall     float64 // nanoseconds for an iteration
	instructions  float64 // for an iteration; 0 where the machine does not count
	bytes, allocs uint64  // for an iteration, rounded down as package testing does: the rest is the runtime's own
}

// A sum adds up turns.
type sum struct {
	iterations   int
	cpu, wall    time.Duration
	instructions uint64
}

func (s *sum) add(n int, r turn.Report) {
	s.iterations += n
	s.cpu += r.CPU
	s.wall += r.Wall
	s.instructions += r.Instructions
}

// slice finds out how many iterations a turn has.
func (m micro) slice(ctx context.Context, b build) (n int, err error) {
	c, err := startContestant(ctx, b, m)
	if err != nil {
		return 0, err
	}
	defer c.end()
	var warm sum
	for n = 1; warm.wall < warmTime; {
		r, err := c.turn(turn.Time, n)
		if err != nil {
			return 0, err
		}
		warm.add(n, r)
		n = iterations(n, r.Wall)
	}
	return n, nil
}

// iterations is how many fill a turn if n of them take some time. It grows in steps: of a time that is short, little is
// known.
func iterations(n int, took time.Duration) int {
	fit := float64(n) * float64(sliceTime) / float64(max(took, 1))
	return max(1, int(min(fit, 4*float64(n), maxSlice)))
}

// block measures the builds, one or two, side by side, with turns of n iterations. Their processes are new: where one lies in
// memory makes it faster or slower as long as it lives, and so is a part of the chance that blocks must differ by.
func (m micro) block(ctx context.Context, builds []build, n int, random *rand.Rand) ([]reading, error) {
	contestants := make([]*contestant, len(builds))
	defer func() {
		for _, c := range contestants {
			if c != nil {
				c.end()
			}
		}
	}()
	for _, i := range random.Perm(len(builds)) {
		var err error
		if contestants[i], err = startContestant(ctx, builds[i], m); err != nil {
			return nil, err
		}
	}
	if _, err := takeTurns(contestants, n, warmTime, random); err != nil {
		return nil, err
	}
	sums, err := takeTurns(contestants, n, microBlock-warmTime, random)
	if err != nil {
		return nil, err
	}
	all := make([]reading, len(builds))
	for i, c := range contestants {
		if all[i], err = c.read(sums[i], n); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// takeTurns lets contestants take turns, each round in an order of chance, until that has taken some time.
func takeTurns(contestants []*contestant, n int, length time.Duration, random *rand.Rand) ([]sum, error) {
	sums := make([]sum, len(contestants))
	for spent := time.Duration(0); spent < length; {
		for _, i := range random.Perm(len(contestants)) {
			r, err := contestants[i].turn(turn.Time, n)
			if err != nil {
				return nil, err
			}
			sums[i].add(n, r)
			spent += r.Wall
		}
	}
	return sums, nil
}

// read makes a reading of what turns took, and has one more for memory.
func (c *contestant) read(s sum, n int) (reading, error) {
	n *= memoryTurns
	r, err := c.turn(turn.Memory, n)
	return reading{
		iterations:   s.iterations,
		cpu:          float64(s.cpu) / float64(s.iterations),
		wall:         float64(s.wall) / float64(s.iterations),
		instructions: float64(s.instructions) / float64(s.iterations),
		bytes:        r.Bytes / uint64(n),
		allocs:       r.Mallocs / uint64(n),
	}, err
}

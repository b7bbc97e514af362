package schedule_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"brownout/internal/schedule"
)

var (
	firstSeed    = flag.Uint64("seed", 1, "seed of the first program that Node runs")
	programCount = flag.Int("programs", 0, "how many programs Node runs (500, or 60 with -short)")
)

const (
	// nodesAtOnce is how many Node processes run at a time.
	nodesAtOnce = 2
	// nodeTimeout is far longer than any program takes.
	nodeTimeout = time.Minute
)

// TestDifferentialWithNode runs made programs on Node and on the loop, and checks
// each order against the model.
func TestDifferentialWithNode(t *testing.T) {
	node := findNode(t)
	count := cmp.Or(*programCount, 500)
	if testing.Short() {
		count = cmp.Or(*programCount, 60)
	}
	t.Logf("%d programs; to repeat: -run TestDifferentialWithNode -seed %d -programs %d", count, *firstSeed, count)
	dir, seeds := t.TempDir(), make(chan uint64)
	var workers sync.WaitGroup
	for range nodesAtOnce {
		workers.Go(func() {
			for seed := range seeds {
				compareWithNode(t, node, dir, seed)
			}
		})
	}
	for i := range uint64(count) {
		seeds <- *firstSeed + i
		program := generate(*firstSeed + i)
		for _, policy := range []policy{nodePolicy, handbookPolicy} {
			checkLoop(t, program, policy, realTime, frozen, late, busy)
		}
	}
	close(seeds)
	workers.Wait()
}

// compareWithNode runs the program of a seed on Node and reports an order that
// Node's policy does not allow. It may be called from any goroutine.
func compareWithNode(t *testing.T, node, dir string, seed uint64) {
	program := generate(seed)
	file := filepath.Join(dir, fmt.Sprintf("%d.cjs", seed))
	order, err := runOnNode(t.Context(), node, file, program)
	if err != nil {
		t.Errorf("seed %d: %v\n%s", seed, err, program)
		return
	}
	judge(t, fmt.Sprintf("node (seed %d)", seed), program, nodePolicy, order)
}

// checkLoop runs a program on the loop, once by each clock, and reports an order
// that the policy does not allow. It belongs to the goroutine of the test.
func checkLoop(t *testing.T, program schedule.Program, policy policy, clocks ...clock) {
	t.Helper()
	for _, clock := range clocks {
		order := runOnLoop(t, program, policy, clock).Order()
		judge(t, "the loop, by "+clock.name+",", program, policy, order)
	}
}

// judge reports an order that a policy does not allow: the one order of a
// determined program, one of the orders of a free one.
func judge(t *testing.T, who string, program schedule.Program, policy policy, order string) {
	t.Helper()
	if allows(program, policy, order) {
		return
	}
	set, _ := orders(program, policy, stateLimit)
	t.Errorf("%s ran\n%s\nas %q, the %s policy allows %q",
		who, program, order, policy, slices.Sorted(maps.Keys(set)))
}

// runOnNode writes the program to file and returns the order in which Node runs it.
func runOnNode(ctx context.Context, node, file string, program schedule.Program) (order string, err error) {
	if err := os.WriteFile(file, []byte(javascript(program)), 0o600); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	output, err := exec.CommandContext(ctx, node, file).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return string(output), nil
}

// requireVariable names the programs that tests must not do without: where it
// lists node, a missing Node is a failure.
const requireVariable = "BROWNOUT_REQUIRE"

// findNode returns the path of Node, and skips the test where there is none.
func findNode(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv(requireVariable), ","), "node") {
		t.Fatalf("%s asks for node: %v", requireVariable, err)
	}
	t.Skipf("Node is not installed: %v", err)
	return ""
}

package schedule_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
	"brownout/internal/schedule"
)

func Example() {
	document, _ := schedule.Parse("example", []byte(`[
		{"log": "A"},
		{"timeout": [{"log": "B"}]},
		{"promise": [{"log": "C"}]},
		{"log": "D"}
	]`))
	trace, err := schedule.Run(document.Puzzles[0].Program, loop.NodeOrder)
	fmt.Println(trace.Order(), err)
	// Output: A D C B <nil>
}

// semantics is what a policy is called on the loop.
var semantics = [...]loop.Semantics{nodePolicy: loop.NodeOrder, handbookPolicy: loop.HandbookOrder}

// A clock is what passes for time while the loop runs a program.
type clock struct {
	name string
	// run calls test, in a bubble of its own if time is virtual.
	run func(t *testing.T, test func(*testing.T))
	// takes says how long a callback goes on.
	takes func(*schedule.Callback) time.Duration
}

var (
	// realTime races as Node does: the clock, the workers and the loop.
	realTime = clock{"real time", func(t *testing.T, test func(*testing.T)) { test(t) }, always(0)}
	// frozen stands still while anything runs, so no timer is due when the
	// first turn begins.
	frozen = clock{"a frozen clock", synctest.Test, always(0)}
	// late has the first turn begin when every timer is due that was set before.
	late = clock{"a late clock", synctest.Test, inMain(2 * time.Millisecond)}
	// busy has every callback take time, so that timers come due one by one.
	busy = clock{"a busy clock", synctest.Test, always(400 * time.Microsecond)}
)

func always(d time.Duration) func(*schedule.Callback) time.Duration {
	return func(*schedule.Callback) time.Duration { return d }
}

// inMain has what runs before the first turn take d for each callback.
func inMain(d time.Duration) func(*schedule.Callback) time.Duration {
	return func(c *schedule.Callback) time.Duration {
		if c.Ran.Phase == loop.Main {
			return d
		}
		return 0
	}
}

// runOnLoop runs a program on the loop with the semantics that stand for a
// policy, and checks what the trace says.
func runOnLoop(t *testing.T, program schedule.Program, policy policy, clock clock) (trace schedule.Trace) {
	t.Helper()
	clock.run(t, func(t *testing.T) {
		var err error
		setup := schedule.Setup{After: func(c *schedule.Callback) { time.Sleep(clock.takes(c)) }}
		if trace, err = setup.Run(program, semantics[policy]); err != nil {
			t.Fatal(err)
		}
	})
	checkTrace(t, program, trace)
	return trace
}

// checkTrace checks that every callback of the program ran once, in the phase
// of its kind and not before it could.
func checkTrace(t *testing.T, program schedule.Program, trace schedule.Trace) {
	t.Helper()
	kinds := map[schedule.Kind]int{}
	countKinds(program, kinds)
	names := map[string]bool{}
	for _, c := range trace.Callbacks {
		if fault := faultOf(c); fault != "" || names[c.String()] {
			t.Errorf("%s of %s: %s\nby %v, set %+v, ran %+v", c, program, fault, c.By, c.Set, c.Ran)
		}
		names[c.String()] = true
		kinds[c.Kind]--
	}
	kinds[schedule.Log] = 0 // main counts as one, and logs are no callbacks
	for kind, missing := range kinds {
		if missing != 0 {
			t.Errorf("%d callbacks of kind %s did not run: %s", missing, kind, program)
		}
	}
}

// faultOf returns what is impossible about a callback's moments, or "".
func faultOf(c *schedule.Callback) string {
	if c.By == nil {
		return ""
	}
	waited := c.Ran.At - c.Set.At
	switch same := c.Set.Turn == c.Ran.Turn; {
	case waited < 0 || c.Ran.Turn < c.Set.Turn || c.Set.At < c.By.Ran.At:
		return "it ran before it was set"
	case c.Set.Turn != c.By.Ran.Turn || c.Set.Phase != c.By.Ran.Phase:
		return "it was set elsewhere than its setter ran"
	case c.Kind <= schedule.Promise && (!same || c.Set.Phase != c.Ran.Phase):
		return "it left its phase"
	case c.Kind == schedule.Timeout && waited < time.Millisecond:
		return "it ran before it was due"
	case c.Kind == schedule.Timeout && c.Ran.Phase != loop.Timers,
		c.Kind == schedule.Immediate && c.Ran.Phase != loop.Check,
		c.Kind == schedule.IO && c.Ran.Phase != loop.Poll:
		return "it ran in a phase of another kind"
	case same && c.Set.Phase == c.Ran.Phase && c.Kind >= schedule.Timeout:
		return "it ran in the phase that it was set in"
	}
	return ""
}

func TestRunKeepsToThePuzzlesAnswers(t *testing.T) {
	for _, puzzle := range readPuzzles(t) {
		for _, policy := range []policy{nodePolicy, handbookPolicy} {
			for _, clock := range []clock{realTime, frozen, late, busy} {
				order := runOnLoop(t, puzzle.Program, policy, clock).Order()
				if want := answers(puzzle, policy); !slices.Contains(want, order) {
					t.Errorf("%s, %s policy, %s: %q, want one of %q", puzzle.ID, policy, clock.name, order, want)
				}
			}
		}
	}
}

// TestRunGivesBothOrdersWhereTheClockDecides has a timer race an immediate from
// main. Which comes first is for the clock to say, here as in Node: whether 1 ms
// has passed by the time the loop first looks.
func TestRunGivesBothOrdersWhereTheClockDecides(t *testing.T) {
	found := 0
	for _, puzzle := range readPuzzles(t) {
		for _, policy := range []policy{nodePolicy, handbookPolicy} {
			want := answers(puzzle, policy)
			if len(want) == 1 {
				continue
			}
			found++
			immediateFirst := runOnLoop(t, puzzle.Program, policy, frozen).Order()
			timerFirst := runOnLoop(t, puzzle.Program, policy, late).Order()
			if got := []string{immediateFirst, timerFirst}; !slices.Equal(got, want) {
				t.Errorf("%s, %s policy: %q, want %q", puzzle.ID, policy, got, want)
			}
		}
	}
	if found == 0 {
		t.Error("no puzzle has two orders")
	}
}

// TestRunDecidesByTheMillisecond holds the point at which the orders change.
func TestRunDecidesByTheMillisecond(t *testing.T) {
	program := mustParse(t, `[{"timeout":[{"log":"T"}]},{"immediate":[{"log":"I"}]}]`)
	for main, want := range map[time.Duration]string{
		time.Millisecond - 1: "I T",
		time.Millisecond:     "T I",
	} {
		clock := clock{main.String(), synctest.Test, inMain(main)}
		if got := runOnLoop(t, program, nodePolicy, clock).Order(); got != want {
			t.Errorf("main of %s: %q, want %q", main, got, want)
		}
	}
}

// bodies returns a program of the most ops of one kind that a document can hold.
func bodies(kind schedule.Kind) string {
	op := fmt.Sprintf(`{"%s":[]},`, kind)
	count := (schedule.MaxSize - 2) / len(op)
	return "[" + strings.TrimSuffix(strings.Repeat(op, count), ",") + "]"
}

// chain returns a program in which bodies of one kind are nested to the limit.
func chain(kind schedule.Kind) string {
	return strings.ReplaceAll(nested(schedule.MaxDepth), schedule.NextTick.String(), kind.String())
}

func TestRunTakesTheLargestPrograms(t *testing.T) {
	for kind := schedule.NextTick; kind <= schedule.IO; kind++ {
		for name, text := range map[string]string{"wide": bodies(kind), "deep": chain(kind)} {
			t.Run(kind.String()+"/"+name, func(t *testing.T) {
				trace := runOnLoop(t, mustParse(t, text), nodePolicy, frozen)
				if err := trace.Explain(io.Discard); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestRunReportsReadsThatFail(t *testing.T) {
	program := mustParse(t, `[{"log":"A"},{"io":[{"log":"B"}]},{"io":[{"log":"C"}]},{"timeout":[{"log":"D"}]}]`)
	directory := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		trace, err := schedule.Setup{File: directory}.Run(program, loop.NodeOrder)
		if !errors.Is(err, syscall.EISDIR) || !strings.HasPrefix(err.Error(), "io #") {
			t.Errorf("reading a directory: %v", err)
		}
		if trace.Order() != "A" {
			t.Errorf("ran %q after a read had failed", trace.Order())
		}
	})
}

func TestRunReportsAFileThatIsMissing(t *testing.T) {
	program := mustParse(t, `[{"timeout":[{"io":[]}]}]`)
	_, err := schedule.Setup{File: filepath.Join(t.TempDir(), "none")}.Run(program, loop.NodeOrder)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestRunReadsShortFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	trace, err := schedule.Setup{File: file}.Run(mustParse(t, `[{"io":[{"log":"A"}]}]`), loop.NodeOrder)
	if err != nil || trace.Order() != "A" {
		t.Errorf("an empty file: %q, %v", trace.Order(), err)
	}
}

// TestRunOpensNoFileUnasked runs a program without reads where none can be done.
func TestRunOpensNoFileUnasked(t *testing.T) {
	trace, err := schedule.Setup{File: "none"}.Run(mustParse(t, `[{"log":"A"}]`), loop.NodeOrder)
	if err != nil || trace.Order() != "A" {
		t.Errorf("%q, %v", trace.Order(), err)
	}
}

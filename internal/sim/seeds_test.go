package sim_test

import (
	"bytes"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"brownout/chaos/audit"
	"brownout/internal/resilience"
	"brownout/internal/sim"
)

// Of the command that replays a seed.
var (
	oneSeed = flag.Uint64("seed", 0, "run this seed only, and with -v log all that happens; 0 for many")
	seeds   = flag.Uint64("seeds", 200, "how many seeds TestSeeds runs")
)

// run runs a shop in a bubble of its own.
func run(t *testing.T, c sim.Config) (r sim.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var err error
		if r, err = sim.Run(c); err != nil {
			t.Fatal(err)
		}
	})
	return r
}

// runSeeds runs the seeds from 1 to n, in parallel, and has each judged.
func runSeeds(t *testing.T, n uint64, c sim.Config, judge func(t *testing.T, seed uint64, r sim.Result)) {
	t.Helper()
	t.Run("seeds", func(t *testing.T) {
		for seed := range n {
			t.Run(fmt.Sprint(seed+1), func(t *testing.T) {
				t.Parallel()
				c := c
				c.Seed = seed + 1
				judge(t, c.Seed, run(t, c))
			})
		}
	})
}

// wantClean fails with all that is wrong after a run.
func wantClean(t *testing.T, seed uint64, r sim.Result) {
	t.Helper()
	if !r.Report.Clean() || len(r.Complaints) > 0 {
		t.Errorf("seed %d:%s", seed, wrongs(r))
	}
}

func wrongs(r sim.Result) string {
	var b strings.Builder
	for _, c := range r.Complaints {
		fmt.Fprintf(&b, "\ncomplaint: %s", c)
	}
	for _, i := range r.Report.Invariants {
		for _, v := range i.Violations {
			fmt.Fprintf(&b, "\n%s: %s", i.Name, v)
		}
	}
	return b.String()
}

// Whatever goes wrong, when it is over the books agree with each other and with what
// customers were told.
func TestSeeds(t *testing.T) {
	if *oneSeed != 0 {
		replay(t, *oneSeed)
		return
	}
	for seed := range *seeds {
		t.Run(fmt.Sprint(seed+1), func(t *testing.T) {
			t.Parallel()
			wantClean(t, seed+1, run(t, weather(seed+1)))
			if t.Failed() {
				t.Logf("to see it again: go test ./internal/sim -run TestSeeds -seed %d -v", seed+1)
			}
		})
	}
}

// weather is what TestSeeds does with a seed.
func weather(seed uint64) sim.Config {
	if seed%3 == 0 {
		return sim.Config{Seed: seed, Faults: sim.Hurricane()}
	}
	return sim.Config{Seed: seed, Faults: sim.Storm()}
}

// replay runs one seed and tells what happens.
func replay(t *testing.T, seed uint64) {
	var trace bytes.Buffer
	c := weather(seed)
	c.Trace = &trace
	r := run(t, c)
	if testing.Verbose() {
		t.Logf("the trace of seed %d:\n%s", seed, trace.String())
	}
	wantClean(t, seed, r)
}

func TestSameSeedSameRun(t *testing.T) {
	journals := map[string]uint64{}
	for seed := range uint64(5) {
		var first, second bytes.Buffer
		a := run(t, sim.Config{Seed: seed, Faults: sim.Storm(), Trace: &first})
		b := run(t, sim.Config{Seed: seed, Faults: sim.Storm(), Trace: &second})
		if !bytes.Equal(a.Journal, b.Journal) {
			t.Errorf("seed %d gives two journals", seed)
		}
		if first.String() != second.String() {
			t.Errorf("seed %d gives two traces, which part with\n%s", seed, parting(first.String(), second.String()))
		}
		if other, known := journals[string(a.Journal)]; known || len(a.Journal) == 0 {
			t.Errorf("seed %d has the journal of seed %d, of %d bytes", seed, other, len(a.Journal))
		}
		journals[string(a.Journal)] = seed
	}
}

// parting is the first line in which two traces differ.
func parting(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			return as[i] + "\n" + bs[i]
		}
	}
	return "the end of one"
}

// A trace is written without a change to what it is about.
func TestATraceChangesNothing(t *testing.T) {
	var trace bytes.Buffer
	told := run(t, sim.Config{Seed: 7, Faults: sim.Storm(), Trace: &trace})
	untold := run(t, sim.Config{Seed: 7, Faults: sim.Storm()})
	if !bytes.Equal(told.Journal, untold.Journal) || trace.Len() == 0 {
		t.Errorf("with a trace of %d bytes, the journal is another", trace.Len())
	}
}

// Without a protection, the audit sees what it protects from.
func TestAuditFailsWithout(t *testing.T) {
	for _, tt := range []struct {
		off  resilience.Name
		want []audit.Name // that some seed breaks
		may  []audit.Name // that may break with it
	}{
		{resilience.Idempotency, []audit.Name{audit.OneCharge}, []audit.Name{audit.Money, audit.Promise, audit.CapturedWhenSold}},
		{resilience.SingleWriter, []audit.Name{audit.StockAdds}, nil},
		{resilience.Sweeper, []audit.Name{audit.CapturedWhenSold, audit.Promise}, []audit.Name{audit.Money}},
	} {
		t.Run(string(tt.off), func(t *testing.T) {
			var lock sync.Mutex
			broken := map[audit.Name]int{}
			runSeeds(t, 20, sim.Config{Faults: sim.Storm(), Off: []resilience.Name{tt.off}}, func(t *testing.T, _ uint64, r sim.Result) {
				lock.Lock()
				defer lock.Unlock()
				for _, name := range r.Report.Broken() {
					broken[name]++
				}
			})
			t.Log("broken in 20 seeds:", broken)
			for _, name := range tt.want {
				if broken[name] == 0 {
					t.Errorf("%s holds in all seeds", name)
				}
				delete(broken, name)
			}
			for _, name := range tt.may {
				delete(broken, name)
			}
			if len(broken) > 0 {
				t.Errorf("broken as well: %v", broken)
			}
		})
	}
}

// All other protections are there for speed and calm: the books are right without them.
func TestTheBooksNeedNoOtherProtection(t *testing.T) {
	off := slices.DeleteFunc(resilience.Names(), func(name resilience.Name) bool {
		return name == resilience.Idempotency || name == resilience.SingleWriter || name == resilience.Sweeper || name == resilience.FailClosed
	})
	runSeeds(t, 20, sim.Config{Faults: sim.Storm(), Off: off}, wantClean)
}

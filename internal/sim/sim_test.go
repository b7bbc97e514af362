package sim_test

import (
	"bytes"
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/audit"
	"brownout/internal/resilience"
	"brownout/internal/sim"
)

var (
	seedFlag  = flag.Int64("seed", -1, "run this seed only, and log every event")
	seedsFlag = flag.Int("seeds", 200, "how many seeds to run")
)

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

func TestSeeds(t *testing.T) {
	at := time.Now()
	total := sim.Stats{}
	n := *seedsFlag
	start := 0
	var trace bytes.Buffer
	c := sim.Config{Faults: sim.Storm()}
	if *seedFlag >= 0 {
		start, n = int(*seedFlag), int(*seedFlag)+1
		c.Trace = &trace
	}
	for seed := start; seed < n; seed++ {
		c.Seed = uint64(seed)
		r := run(t, c)
		total.Add(r.Stats)
		report(t, seed, r.Report)
	}
	t.Log(trace.String())
	for _, e := range sim.Events() {
		t.Log(e, total[e])
	}
	t.Log(time.Since(at))
}

func report(t *testing.T, seed int, r audit.Report) {
	for _, i := range r.Invariants {
		if !i.Holds {
			t.Error(seed, i.Name, i.Violations)
		}
	}
}

func TestOff(t *testing.T) {
	for _, off := range []resilience.Name{resilience.Idempotency, resilience.SingleWriter, resilience.Sweeper} {
		broken := map[audit.Name]int{}
		for seed := range 50 {
			r := run(t, sim.Config{Seed: uint64(seed), Faults: sim.Storm(), Off: []resilience.Name{off}})
			for _, n := range r.Report.Broken() {
				broken[n]++
			}
		}
		fmt.Println(off, broken)
	}
}

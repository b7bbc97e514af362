package sim_test

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/sim"
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

func TestOne(t *testing.T) {
	at := time.Now()
	r := run(t, sim.Config{Seed: 1, Faults: sim.Storm(), Trace: os.Stdout})
	fmt.Println(r.Stats, time.Since(at))
	for _, i := range r.Report.Invariants {
		t.Log(i.Name, i.Holds, i.Figures, i.Violations)
	}
	os.Stdout.Write(r.Journal[:1000])
}

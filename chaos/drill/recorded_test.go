package drill_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/chaos/drill"
	"brownout/chaos/drills"
	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

var record = flag.String("record", "", "the folder of a run to keep as testdata/recorded/NAME.json.gz")

// keep keeps the evidence of a run that passed for the tests: what the checks of its drill ask for,
// and no more.
func keep(t *testing.T, folder string) {
	t.Helper()
	run, text, err := drill.ReadRun(folder)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := drill.ParsePlan(run.Drill, text)
	if err != nil {
		t.Fatal(err)
	}
	if v := verdict.Judge(plan.Checks(drill.Pace(run.Pace)), run); v.Result != verdict.Pass || v.Partial {
		t.Fatalf("%s: %q", v.Result, v.Reasons)
	}
	asked := plan.Queries(drill.Pace(run.Pace))
	for _, a := range run.Arms {
		a.Traces, a.Turns = nil, nil
		for q := range a.Queries {
			if !slices.Contains(asked, q) {
				delete(a.Queries, q)
			}
		}
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if err := json.NewEncoder(z).Encode(run); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recorded(run.Drill), packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func recorded(name string) string { return filepath.Join("testdata", "recorded", name+".json.gz") }

// replay reads the evidence of a drill that was recorded, each time anew.
func replay(t *testing.T, name string) *evidence.Run {
	t.Helper()
	file, err := os.Open(recorded(name))
	if err != nil {
		t.Fatalf("%v: record a run that passed with go test ./chaos/drill -run Recorded -record RUN", err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var run evidence.Run
	if err := json.Unmarshal(text, &run); err != nil {
		t.Fatal(err)
	}
	return &run
}

// The judge is judged with what was seen: as it was it passes, and with one thing spoilt it does
// not, by the name of that thing.
func TestRecordedRunsPassUntilTheyAreSpoilt(t *testing.T) {
	if *record != "" {
		keep(t, *record)
	}
	for _, name := range drills.Names() {
		t.Run(name, func(t *testing.T) {
			text, err := drills.Read(name)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := drill.ParsePlan(name, text)
			if err != nil {
				t.Fatal(err)
			}
			checks := plan.Checks(drill.Quick)
			if v := verdict.Judge(checks, replay(t, name)); v.Result != verdict.Pass {
				t.Fatalf("as it was: %s %q", v.Result, v.Reasons)
			}
			busy := replay(t, name)
			makeBusy(busy)
			if v := verdict.Judge(checks, busy); v.Result != verdict.Pass {
				t.Errorf("all is kept on a busy machine: %s %q", v.Result, v.Reasons)
			}
			for _, s := range spoilers() {
				run := replay(t, name)
				s.spoil(run)
				v := verdict.Judge(checks, run)
				if v.Result != s.result || !slices.ContainsFunc(v.Reasons, func(r string) bool { return strings.Contains(r, s.reason) }) {
					t.Errorf("%s: %s %q, want %s by %q", s.name, v.Result, v.Reasons, s.result, s.reason)
				}
			}
			for _, c := range checks.Promises {
				atTheBound(t, checks, name, c)
			}
		})
	}
}

// A spoiler spoils one thing.
type spoiler struct {
	name   string
	spoil  func(*evidence.Run)
	result verdict.Result
	reason string
}

func spoilers() []spoiler {
	on := func(r *evidence.Run) *evidence.Arm { return r.Arms[evidence.On] }
	noRecovery := func(r *evidence.Run) {
		end, _ := on(r).LastFault()
		each(on(r), nil, func(at time.Duration, t *evidence.Tally) {
			if at >= end {
				t.Good = 0
			}
		})
	}
	return []spoiler{
		{"a broken promise", noRecovery, verdict.Fail, "on arm: recovery: no recovery"},
		{"a broken promise on a busy machine", func(r *evidence.Run) { noRecovery(r); makeBusy(r) }, verdict.Invalid, "on arm: the machine was busy with something else: 1.20 cores of 2"},
		{"a fault without hits", func(r *evidence.Run) { f := &on(r).Faults[0]; f.Hits, f.NoHits = 0, false }, verdict.Invalid, "hit nothing"},
		{"a fault that does not end", func(r *evidence.Run) { on(r).Faults[0].Ended = false }, verdict.Invalid, "was not seen to end"},
		{"a generator that fell behind", func(r *evidence.Run) {
			each(on(r), nil, func(_ time.Duration, t *evidence.Tally) { t.Unsent = t.Scheduled/10 + 1 })
		}, verdict.Invalid, "on arm: generator"},
		{"an unhealthy baseline", func(r *evidence.Run) {
			each(on(r), nil, func(at time.Duration, t *evidence.Tally) {
				if on(r).Baseline.Holds(at) {
					t.Good = t.Scheduled / 2
				}
			})
		}, verdict.Invalid, "on arm: baseline"},
		{"a double charge", func(r *evidence.Run) {
			for i := range on(r).Books {
				if b := &on(r).Books[i]; b.Name == "one-charge" {
					b.Holds = false
				}
			}
		}, verdict.Fail, "on arm: audit: one-charge"},
	}
}

// makeBusy has something else take 1.2 cores of the machine, all the time.
func makeBusy(r *evidence.Run) {
	for _, a := range r.Arms {
		a.Machine = &evidence.Machine{Cores: 2}
		for at := time.Duration(0); at <= a.Length.To; at += evidence.WindowLength {
			a.Machine.Usage = append(a.Machine.Usage, evidence.Usage{At: at, Busy: at + at/5})
		}
	}
}

// each calls fn for the tallies of some routes, of all if none are named.
func each(a *evidence.Arm, routes []string, fn func(at time.Duration, t *evidence.Tally)) {
	for _, w := range a.Windows {
		for name, t := range w.Routes {
			if len(routes) == 0 || slices.Contains(routes, name) {
				fn(w.Start, t)
			}
		}
	}
}

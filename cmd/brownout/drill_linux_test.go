package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/chaos/drill"
	"brownout/chaos/evidence"
	"brownout/chaos/fault"
)

// tinyDrill is a folder with the smallest drill that there can be, in which some texts are replaced, given as pairs.
func tinyDrill(t *testing.T, replaced ...string) (dir string) {
	t.Helper()
	text, err := os.ReadFile("testdata/drill/tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for pair := range slices.Chunk(replaced, 2) {
		if !strings.Contains(string(text), pair[0]) {
			t.Fatalf("the drill does not say %q", pair[0])
		}
	}
	dir = t.TempDir()
	changed := strings.NewReplacer(replaced...).Replace(string(text))
	if err := os.WriteFile(filepath.Join(dir, "tiny.yaml"), []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// theRun returns the folder of the only run below a folder.
func theRun(t *testing.T, dir string) string {
	t.Helper()
	runs, err := filepath.Glob(filepath.Join(dir, "runs", "*"))
	if err != nil || len(runs) != 1 {
		t.Fatalf("%q, error %v; want one run", runs, err)
	}
	return runs[0]
}

// What a drill shows depends on the machine, but that it shows it does not: neither what it leaves behind, that of
// clients who insist included, nor what it tells a program meanwhile.
func TestDrillLeavesItsEvidence(t *testing.T) {
	t.Parallel()
	dir := tinyDrill(t, "\narms:", "  - {at: 3s, for: 1s, fault: client.retry, on: load, params: {attempts: 2, backoff: 50ms}}\n\narms:")
	p := begin(t, dir, nil, "drill", "run", "./tiny.yaml", "--seed", "7", "--retries", "0", "--events")
	p.judges()
	folder := theRun(t, dir)
	run, plan, err := drill.ReadRun(folder)
	if err != nil || len(plan) == 0 || run.Seed != 7 || len(run.Arms) != 2 {
		t.Fatalf("%+v, error %v", run, err)
	}
	for name, arm := range run.Arms {
		checkEvidence(t, filepath.Join(folder, name), arm)
	}
	if off := strings.Join(run.Arms[evidence.Off].Disabled, " "); off != "breaker failover" || len(run.Arms[evidence.On].Disabled) > 0 {
		t.Errorf("off: %s, on: %v", off, run.Arms[evidence.On].Disabled)
	}
	for _, file := range []string{"verdict.json", "report.html", "report.md", "report.json"} {
		if _, err := os.Stat(filepath.Join(folder, file)); err != nil {
			t.Error(err)
		}
	}
	clientsInsist(t, run.Arms[evidence.Off])
	p.toldAll()
}

// judges waits until a drill has come to its verdict, whatever that is.
func (p *program) judges() {
	p.t.Helper()
	if code := p.wait(); code != statusDone && code != statusFail && code != statusInvalid {
		p.t.Fatalf("status %d\n%s%s", code, p.out.String(), p.err.String())
	}
}

// clientsInsist wants the clients of an arm to have sent again what its journal counts, while that was their fault.
func clientsInsist(t *testing.T, a *evidence.Arm) {
	t.Helper()
	insistence := faultOf(t, a, "client.retry")
	again := int64(0)
	for _, w := range a.Windows {
		for _, tally := range w.Routes {
			again += tally.Attempts - tally.Scheduled
		}
	}
	if insistence.Hits == 0 || !insistence.Ended || again != insistence.Hits {
		t.Errorf("%s arm: %d were sent again, of %+v", a.Name, again, insistence)
	}
}

// faultOf returns what an arm's evidence says of a fault.
func faultOf(t *testing.T, a *evidence.Arm, kind string) evidence.Fault {
	t.Helper()
	at := slices.IndexFunc(a.Faults, func(f evidence.Fault) bool { return f.Kind == kind })
	if at < 0 {
		t.Fatalf("%s arm: no %s in %+v", a.Name, kind, a.Faults)
	}
	return a.Faults[at]
}

// toldAll wants each line that a drill has told to be JSON, and the last one to have the verdict.
func (p *program) toldAll() {
	p.t.Helper()
	told := map[drill.EventKind]int{}
	var last drill.Told
	for line := range strings.Lines(p.out.String()) {
		last = drill.Told{}
		if err := json.Unmarshal([]byte(line), &last); err != nil || last.At.IsZero() {
			p.t.Fatalf("%s: %v", line, err)
		}
		if last.Event != nil {
			told[last.Event.Kind]++
		}
	}
	for _, kind := range []drill.EventKind{drill.ArmBegan, drill.LoadBegan, drill.Second, drill.FaultBegan, drill.FaultEnded, drill.Audited, drill.ArmEnded, drill.Judged} {
		if told[kind] == 0 {
			p.t.Errorf("%v is never told", drill.Event{Kind: kind})
		}
	}
	if last.Verdict == nil || last.Verdict.Drill != "tiny" || filepath.Join(p.dir, last.Evidence) != theRun(p.t, p.dir) {
		p.t.Errorf("the last line is %+v", last)
	}
}

// checkEvidence says what of the evidence of an arm is missing.
func checkEvidence(t *testing.T, folder string, a *evidence.Arm) {
	t.Helper()
	if a.Failed != "" || a.Before != "" || a.After != "" {
		t.Errorf("%s arm: failed %q, before %q, after %q", a.Name, a.Failed, a.Before, a.After)
		return
	}
	if f := faultOf(t, a, "bank.error"); f.Hits == 0 || !f.Ended || f.Err != "" {
		t.Errorf("%s arm: %+v", a.Name, f)
	}
	if len(a.Windows) != 12 || len(a.Books) != 5 || len(a.Traces) == 0 || len(a.Queries) < len(drill.Panels()) {
		t.Errorf("%s arm: %d windows, %d invariants, %d traces, %d queries", a.Name, len(a.Windows), len(a.Books), len(a.Traces), len(a.Queries))
	}
	for _, i := range a.Books {
		if !i.Holds || i.NotChecked != "" {
			t.Errorf("%s arm: %+v", a.Name, i)
		}
	}
	file, err := os.Open(filepath.Join(folder, "journal.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := 0
	for s := bufio.NewScanner(file); s.Scan(); lines++ {
	}
	if lines < 250 {
		t.Errorf("%s arm: the journal has %d lines", a.Name, lines)
	}
}

// Whoever interrupts a drill finds what it has seen, and nothing of its shops.
func TestInterruptedDrillCleansUp(t *testing.T) {
	t.Parallel()
	dir := tinyDrill(t)
	p := begin(t, dir, nil, "drill", "run", "./tiny.yaml", "--arm", "on", "--retries", "0")
	p.says(1, "bank.error on bank-a begins")
	p.signal(syscall.SIGINT)
	if code := p.wait(); code != statusInvalid {
		t.Errorf("status %d, want %d\n%s", code, statusInvalid, p.err.String())
	}
	run, _, err := drill.ReadRun(theRun(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	on := run.Arms[evidence.On]
	if !strings.Contains(on.Failed, "interrupted") || len(on.Faults) != 1 || !on.Faults[0].Ended || len(on.Windows) == 0 {
		t.Errorf("failed %q, faults %+v, %d windows", on.Failed, on.Faults, len(on.Windows))
	}
}

func TestFaultsOfADeadControllerEnd(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	gateway := fault.Client{URL: s.Admin["gateway"], Token: s.AdminToken}
	control := fault.Client{URL: s.Control, Token: s.AdminToken}
	spec := fault.Spec{Fault: "loop.block", Params: map[string]string{"for": "300ms"}, TTL: 5 * time.Minute, Lease: 2 * time.Second}
	if _, err := gateway.Inject(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	spec = fault.Spec{Fault: "proc.pause", Params: map[string]string{"process": "payments"}, TTL: 5 * time.Minute, Lease: 2 * time.Second}
	if _, err := control.Inject(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*fault.Client{&gateway, &control} {
		eventually(t, "no fault is active", func() bool {
			report, err := c.List(t.Context())
			return err == nil && len(report.Active) == 0 && len(report.Ended) == 1 && report.Ended[0].Reason == fault.LeaseLost
		})
	}
	eventually(t, "payments goes on", func() bool { return get(t, s.Admin["payments"]+"/readyz") == 200 })
}

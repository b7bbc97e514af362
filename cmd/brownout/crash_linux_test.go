package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"brownout/chaos/audit"
	"brownout/internal/redistest"
	"brownout/loadgen"
)

// startLoad sends load to the shop, from ten customers who keep a journal. A second run
// goes on with the journal.
func (s *liveShop) startLoad(rate int, duration string) *program {
	s.t.Helper()
	return begin(s.t, s.dir, nil, "load", "--rate", fmt.Sprint(rate), "--duration", duration, "--customers", "10",
		"--mix", "browse=60,product=15,checkout=18,order=3,refund=4", "--journal", "journal.jsonl", "--append", "--json", "report.json", "--quiet")
}

// loaded waits until the load has ended and returns its report.
func (s *liveShop) loaded(load *program) (report loadgen.Report) {
	s.t.Helper()
	if status := load.wait(); status != statusDone {
		s.t.Fatalf("the load ends with status %d: %s", status, load.err.String())
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "report.json"))
	if err == nil {
		err = json.Unmarshal(text, &report)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Logf("load: %d sent, %d acknowledged, %d refused, %d unknown, p99 %v, %v",
		report.Total.Sent, report.Total.Acknowledged, report.Total.Refused, report.Total.Unknown, report.Total.Latency.P99, report.Total.Codes)
	return report
}

// audited wants the books to add up, and to hold what clients were told.
func (s *liveShop) audited() {
	s.t.Helper()
	auditor := begin(s.t, s.dir, nil, "audit", "--journal", "journal.jsonl", "--json")
	status := auditor.wait()
	var report audit.Report
	if err := json.Unmarshal([]byte(auditor.out.String()), &report); err != nil {
		s.t.Fatalf("audit: exit status %d, %v: %s%s", status, err, auditor.out.String(), auditor.err.String())
	}
	if status != statusDone || !report.Clean() || len(report.Invariants) != 5 {
		s.t.Errorf("audit: exit status %d: %s\n%s", status, auditor.err.String(), auditor.out.String())
	}
	for _, invariant := range report.Invariants {
		if invariant.NotChecked != "" {
			s.t.Errorf("audit: %s was not checked: %s", invariant.Name, invariant.NotChecked)
		}
	}
}

// Without a crash nothing goes wrong, unless the machine has no time for it. This test
// has the package's processes for itself.
func TestLoadAndAudit(t *testing.T) {
	for _, tt := range []struct {
		name      string
		arguments func(t *testing.T) []string
	}{
		{"embedded Redis", func(*testing.T) []string { return nil }},
		{"real Redis", func(t *testing.T) []string { return []string{"--redis", redistest.Real(t).Addr} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := openUp(t, tt.arguments(t)...)
			report := s.loaded(s.startLoad(100, "3s"))
			if total := report.Total; total.Scheduled != 300 || total.Errors > 0.1 {
				t.Errorf("of %d requests %.1f%% went wrong", total.Scheduled, 100*total.Errors)
			}
			// What the machine has held back comes at once, which may be more than a customer is allowed.
			for code, n := range report.Total.Codes {
				if !slices.Contains([]string{"deadline-exceeded", "outcome-unknown", "unavailable", "dependency-unavailable", "overloaded", "rate-limited"}, code) {
					t.Errorf("%d answers are %s", n, code)
				}
			}
			s.audited()
		})
	}
}

// Each part of the shop crashes under load; afterwards nothing is lost, and nothing is
// there twice.
func TestCrashesUnderLoad(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	load := s.startLoad(80, "9s")
	for i, part := range []struct{ name, url string }{
		{"payments", s.Payments}, {"gateway", s.Gateway}, {"inventory", s.Inventory}, {"bank-a", s.Banks[0]},
	} {
		s.journalHas(load, (i+1)*120)
		s.crash(part.url)
		s.says(1, part.name+" is ready\n")
	}
	if report := s.loaded(load); report.Total.Acknowledged == 0 {
		t.Error("nothing was acknowledged")
	}
	s.audited()
}

// A Redis that crashes keeps what it has answered: a write is in its append-only file
// before its answer is sent.
func TestCrashOfRedisUnderLoad(t *testing.T) {
	t.Parallel()
	r := redistest.Real(t)
	s := openUp(t, "--redis", r.Addr)
	load := s.startLoad(80, "8s")
	for i := range 2 {
		s.journalHas(load, (i+1)*150)
		r.Kill()
		s.journalHas(load, (i+1)*150+40)
		r.Restart(t)
	}
	if report := s.loaded(load); report.Total.Acknowledged == 0 {
		t.Error("nothing was acknowledged")
	}
	s.audited()
}

// journalHas waits until the load's journal has some lines, or the load is over.
func (s *liveShop) journalHas(load *program, lines int) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("the journal has %d lines", lines), func() bool {
		select {
		case <-load.ended:
			s.t.Fatalf("the load is over: %s", load.err.String())
		default:
		}
		text, _ := os.ReadFile(filepath.Join(s.dir, "journal.jsonl"))
		return bytes.Count(text, []byte("\n")) >= lines
	})
}

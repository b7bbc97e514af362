package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/lab"
	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

// atLab is where faults of processes and of Redis are injected.
func atLab(s *shopfile.Shop) *fault.Client { return &fault.Client{URL: s.Control, Token: s.AdminToken} }

// run runs a command beside the shop, and wants its exit status.
func (s *liveShop) run(status int, arguments ...string) *program {
	s.t.Helper()
	p := begin(s.t, s.dir, nil, arguments...)
	if code := p.wait(); code != status {
		s.t.Errorf("%q: status %d, want %d\n%s%s", arguments, code, status, p.out.String(), p.err.String())
	}
	return p
}

func TestFaultsOfTheLabByHand(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	s.run(statusDone, "fault", "inject", "payments", "proc.pause", "--ttl", "1m")
	s.run(statusDone, "fault", "inject", "lab", "proc.pause", "process=inventory", "--ttl", "1m")
	s.run(statusDone, "fault", "inject", "redis", "redis.down", "--ttl", "1m")
	list := s.run(statusDone, "fault", "list", "lab").out.String()
	for _, want := range []string{"process=payments", "process=inventory", "redis.down"} {
		if line := lineWith(list, want); !strings.HasPrefix(line, "lab ") {
			t.Errorf("%s is on the line %q of\n%s", want, line, list)
		}
	}
	if !strings.Contains(list, "proc.kill: ") {
		t.Errorf("no proc.kill in\n%s", list)
	}
	if cleared := s.run(statusDone, "fault", "clear", "--all").out.String(); strings.Count(cleared, "lab: ") != 3 {
		t.Error(cleared)
	}
	s.close()
}

// lineWith returns the first line that has a text.
func lineWith(lines, text string) string {
	for line := range strings.Lines(lines) {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

// What is flushed is lost, so the epoch ends, and nobody audits its books with new data.
func TestAFlushEndsTheEpoch(t *testing.T) {
	t.Parallel()
	s := openUp(t, "--load", "30")
	eventually(t, "there are orders", func() bool { return s.journal() > 30 })
	said := s.run(statusMisused, "fault", "inject", "redis", "redis.flush", "--ttl", "1s").err.String()
	if said != "brownout: redis.flush forgets all data of epoch 0001, for good: say --yes, or confirm=0001, if that is meant\n" {
		t.Errorf("without a word: %q", said)
	}
	_, err := atLab(s.Shop).Inject(t.Context(), fault.Spec{Fault: "redis.flush", TTL: time.Second})
	if e, ok := err.(*shop.Error); !ok || e.Pointer != "/params/confirm" || !strings.Contains(e.Message, "0001") {
		t.Errorf("at the port: %v", err)
	}
	s.run(statusDone, "fault", "inject", "redis", "redis.flush", "--ttl", "1s", "--yes")
	s.says(1, "epoch 0001 ended with the loss of its data: epoch 0002, embedded Redis\n")
	now := s.found()
	journal := filepath.Join(s.dir, ".brownout/epochs/0002/journal.jsonl")
	if now.Epoch != "0002" || now.EpochID == s.EpochID || len(now.Journals) != 1 || filepath.Join(s.dir, now.Journals[0]) != journal {
		t.Errorf("the file says epoch %s, journals %q", now.Epoch, now.Journals)
	}
	eventually(t, "there are orders again", func() bool { return linesOf(journal) > 30 })
	s.auditIsClean()
	s.close()
}

func TestAFlushIsConfirmedOnATerminal(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	for _, tt := range []struct {
		typed  string
		status int
	}{{"yes\n", statusMisused}, {"\x04", statusMisused}, {"0001\n", statusDone}} {
		person, program := openTerminal(t, 80)
		if _, err := person.WriteString(tt.typed); err != nil {
			t.Fatal(err)
		}
		var shown bytes.Buffer
		flush := exec.Command("brownout", "fault", "inject", "redis", "redis.flush", "--ttl", "1m")
		flush.Dir, flush.Stdin, flush.Stderr = s.dir, program, &shown
		_ = flush.Run() // the status tells
		if got := flush.ProcessState.ExitCode(); got != tt.status || !strings.HasPrefix(shown.String(), "redis.flush forgets all data of epoch 0001, for good. Type") {
			t.Errorf("%q: status %d, want %d: %s", tt.typed, got, tt.status, shown.String())
		}
		_ = program.Close()
	}
	report, err := atLab(s.Shop).List(t.Context())
	if err != nil || len(report.Active) != 1 {
		t.Errorf("%+v, %v", report.Active, err)
	}
}

// A guest's data are a guest's: their loss is a part of its drill, and none of the host's.
func TestAFlushOfAGuestEndsNoEpoch(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	token := s.login()
	guest, err := lab.Borrow(t.Context(), s.Shop, terms("Ada"))
	if err != nil {
		t.Fatal(err)
	}
	flush := fault.Spec{Fault: "redis.flush", TTL: time.Minute, Params: map[string]string{"confirm": s.Epoch}}
	if _, err := atLab(&guest.Shop).Inject(t.Context(), flush); shop.CodeOf(err) != shop.CodeInvalid {
		t.Errorf("with the host's epoch: %v", err)
	}
	flush.Params["confirm"] = guest.Shop.Epoch
	status, err := atLab(&guest.Shop).Inject(t.Context(), flush)
	if err != nil || status.Hits == 0 {
		t.Fatalf("%+v, %v", status, err)
	}
	if _, err := atLab(&guest.Shop).Clear(t.Context(), status.ID); err != nil {
		t.Error(err)
	}
	if err := guest.Return(); err != nil {
		t.Error(err)
	}
	if now := s.found(); now.EpochID != s.EpochID || ask(t, "GET", s.Gateway+"/v1/orders", token, "") != 200 {
		t.Errorf("afterwards it is epoch %s", now.Epoch)
	}
	s.close()
}

// A loan ends the faults of the host, and the epoch whose data are lost with them.
func TestAnEpochEndsWhileTheShopIsLent(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	s.run(statusDone, "fault", "inject", "lab", "redis.flush", "confirm=0001", "--ttl", "1m")
	guest, err := lab.Borrow(t.Context(), s.Shop, terms("Ada"))
	if err != nil {
		t.Fatal(err)
	}
	if now := s.found(); now.EpochID != guest.Shop.EpochID {
		t.Errorf("while it is lent, it is epoch %s", now.Epoch)
	}
	if err := guest.Return(); err != nil {
		t.Error(err)
	}
	if now := s.found(); now.Epoch != "0002" || get(t, s.Gateway+"/v1/products") != 200 {
		t.Errorf("afterwards it is epoch %s", now.Epoch)
	}
	s.close()
}

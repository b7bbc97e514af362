package lab

import (
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/internal/service"
	"brownout/internal/shopfile"
)

func sleeper(name, script string) Spec {
	return Spec{Name: name, Program: "/bin/sh", Args: []string{"-c", script}, Silent: true}
}

// lively returns a supervisor with a child that lives and one that has been killed and
// lives again, both of which end with the test.
func lively(t *testing.T) *Supervisor {
	t.Helper()
	ready := make(chan Event, 10)
	s := &Supervisor{OnEvent: func(e Event) { ready <- e }}
	t.Cleanup(s.StopAll)
	for _, name := range []string{"gateway", "load"} {
		if _, err := s.Start(t.Context(), sleeper(name, "exec cat")); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Kill(s.Children()[1].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for e := (Event{Kind: Died}); e.Kind != Ready; {
		select {
		case e = <-ready:
		case <-time.After(patience):
			t.Fatal("nothing happens")
		}
	}
	return s
}

func TestChildrenAreKnownByTheirProcesses(t *testing.T) {
	s := lively(t)
	all := s.Children()
	if len(all) != 2 || all[0].Name != "gateway" || all[0].Restarts != 0 || all[1].Name != "load" || all[1].Restarts != 1 {
		t.Fatalf("%+v", all)
	}
	for _, c := range all {
		if syscall.Kill(c.PID, 0) != nil {
			t.Errorf("there is no process %d", c.PID)
		}
	}
	s.Stop("load")
	if left := s.Children(); len(left) != 1 || left[0] != all[0] {
		t.Errorf("after the end of one: %+v", left)
	}
}

func TestAChildThatIsDeadHasNoProcess(t *testing.T) {
	died := make(chan Event, 10)
	s := &Supervisor{OnEvent: func(e Event) { died <- e }}
	t.Cleanup(s.StopAll)
	s.enlist(t.Context(), sleeper("late", ""))
	s.children[0].cancel() // it never began, and StopAll need not wait for it
	close(s.children[0].done)
	if _, err := s.Start(t.Context(), sleeper("gone", "exit 1")); err != nil {
		t.Fatal(err)
	}
	if e := <-died; e.Pause < firstPause {
		t.Fatal(e)
	}
	if all := s.Children(); len(all) != 2 || all[0].PID != 0 || all[0].Restarts != 0 || all[1].PID != 0 {
		t.Errorf("%+v", all)
	}
}

func TestTheControlPortTellsTheChildren(t *testing.T) {
	s := lively(t)
	server := httptest.NewServer(control{"secret", s, &background{}, &desk{}, &lender{}}.server(t.Context()).Handler)
	defer server.Close()
	for token, want := range map[string][]ChildState{"secret": s.Children(), "wrong": nil} {
		got := children(t.Context(), &shopfile.Shop{Control: server.URL, AdminToken: token})
		if !slices.Equal(got, want) {
			t.Errorf("token %s: %+v, want %+v", token, got, want)
		}
	}
	if got := children(t.Context(), &shopfile.Shop{}); got != nil {
		t.Errorf("without a lab: %+v", got)
	}
}

func TestAStatusShowsProcesses(t *testing.T) {
	s := Status{Parts: []PartStatus{{Name: "gateway"}, {Name: "payments", Err: ErrNotRunning}, {Name: "inventory"}, {Name: "bank-a"}}}
	s.addChildren([]ChildState{{"gateway", 11, 0}, {"payments", 12, 3}, {"inventory", 0, 4}, {"load", 13, 1}})
	var text strings.Builder
	if err := s.Write(&text); err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, line := range strings.Split(text.String(), "\n")[2:8] {
		rows = append(rows, strings.Fields(line)[:3])
	}
	want := [][]string{
		{"part", "pid", "restarts"}, {"gateway", "11", "0"}, {"payments", "12", "3"}, {"inventory", "dead", "4"}, {"bank-a", "-", "-"}, {"load", "13", "1"},
	}
	if !slices.EqualFunc(rows, want, slices.Equal) {
		t.Errorf("%v in\n%s", rows, text.String())
	}
}

func TestAStatusNamesTheCulpritOfLate(t *testing.T) {
	now := time.Now()
	turns := []service.LongTurn{{At: now.Add(-time.Second), Name: "hash", Phase: "poll"}, {At: now, Name: "loop.block", Phase: "timers"}}
	old := []service.LongTurn{{At: now.Add(-time.Minute), Name: "export", Phase: "poll"}}
	s := Status{Parts: []PartStatus{{Name: "gateway", Loop: service.LoopReport{LongTurns: turns}}, {Name: "payments", Loop: service.LoopReport{LongTurns: old}}}}
	var text strings.Builder
	if err := s.Write(&text); err != nil {
		t.Fatal(err)
	}
	if got := text.String(); !strings.Contains(got, "gateway: a turn took long 0s ago: loop.block, in phase timers\n") || strings.Contains(got, "hash") || strings.Contains(got, "export") {
		t.Error(got)
	}
}

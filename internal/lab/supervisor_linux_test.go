package lab_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/internal/lab"
	"brownout/internal/transcript"
)

// patience bounds how long a test waits for what must happen.
const patience = 30 * time.Second

// shell is a child that runs a script. It should exec what it waits for, so that there is
// one process to end.
func shell(name, script string) lab.Spec {
	return lab.Spec{Name: name, Program: "/bin/sh", Args: []string{"-c", script}}
}

// ready has a script say that it is.
const ready = `echo '{"service":"s","pid":'$$',"url":"http://u","admin":"http://a"}'; `

// supervise returns a supervisor that ends with the test, and what it tells.
func supervise(t *testing.T) (*lab.Supervisor, chan lab.Event) {
	t.Helper()
	events := make(chan lab.Event, 100)
	s := &lab.Supervisor{OnEvent: func(e lab.Event) { events <- e }}
	t.Cleanup(s.StopAll)
	return s, events
}

func next(t *testing.T, events <-chan lab.Event) lab.Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(patience):
		t.Fatal("nothing happens")
		return lab.Event{}
	}
}

func TestStartReturnsWhereTheChildIs(t *testing.T) {
	s, _ := supervise(t)
	line, err := s.Start(t.Context(), shell("a", ready+`exec cat`))
	if err != nil || line.Service != "s" || line.URL != "http://u" || line.Admin != "http://a" || !lives(line.PID) {
		t.Fatalf("%+v, %v", line, err)
	}
	if !s.Stop("a") || s.Stop("a") || lives(line.PID) {
		t.Error("a is not stopped once and for all")
	}
}

func lives(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestStartSaysWhyNot(t *testing.T) {
	records := strings.Repeat(`{"level":"INFO","msg":"`+strings.Repeat("x", 600)+`"}`+"\n", 10)
	for _, tt := range []struct{ name, script, want string }{
		{"silent", `exit 3`, "a: exit status 3"},
		{"without an error", `exit 0`, "a: ended by itself"},
		{"words", `echo sorry >&2; exit 1`, "a: sorry"},
		{"a report", `echo 'brownout: a: no port' >&2; exit 1`, "a: no port"},
		{"a report and advice", `echo 'brownout: wrong flag' >&2; echo 'Try --help' >&2; exit 1`, "a: wrong flag"},
		{"words before records", `echo sorry >&2; echo '` + records + `' >&2; exit 1`, "a: sorry"},
		{"records only", `echo '` + records + `' >&2; exit 1`, "a: exit status 1"},
		{"half a line", `printf sorry >&2; exit 1`, "a: sorry"},
		{"a crash", `printf 'panic: oh\n\ngoroutine 1 [running]:\nmain.main()\n' >&2; exit 2`, "a: panic: oh"},
		{"a long line", `echo '` + strings.Repeat("y", 2000) + `' >&2; exit 1`, "a: " + strings.Repeat("y", 512)},
		{"no readiness", `echo 'I am ready'; exit 1`, "a: exit status 1"},
	} {
		s, events := supervise(t)
		if _, err := s.Start(t.Context(), shell("a", tt.script)); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
		if len(events) > 0 {
			t.Errorf("%s: %v", tt.name, <-events)
		}
	}
	s, _ := supervise(t)
	if _, err := s.Start(t.Context(), lab.Spec{Name: "a", Program: "/nowhere"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no program: %v", err)
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	s, _ := supervise(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Start(ctx, shell("a", `exec cat`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestAChildThatDiesComesBack(t *testing.T) {
	s, events := supervise(t)
	first, err := s.Start(t.Context(), shell("a", ready+`exec cat`))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if e := next(t, events); e.Kind != lab.Died || e.String() != "a died (signal: killed), next start in 200ms" {
		t.Errorf("%v", e)
	}
	if e := next(t, events); e.Kind != lab.Ready || e.String() != "a is ready" || e.Ready.PID == first.PID || !lives(e.Ready.PID) {
		t.Errorf("%+v", e)
	}
}

// The file is there for the first start only.
func TestThePauseGrowsAndStopEndsIt(t *testing.T) {
	s, events := supervise(t)
	once := filepath.Join(t.TempDir(), "once")
	if err := os.WriteFile(once, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Start(t.Context(), shell("a", `rm '`+once+`' 2>/dev/null || { echo gone >&2; exit 1; }; `+ready+`exit 7`)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"a died (exit status 7), next start in 200ms",
		"a died (gone), next start in 400ms",
		"a died (gone), next start in 800ms",
	} {
		if e := next(t, events); e.String() != want {
			t.Errorf("%v, want %s", e, want)
		}
	}
	if !s.Stop("a") {
		t.Error("a was not there")
	}
	if len(events) > 0 {
		t.Errorf("after the end: %v", <-events)
	}
}

func TestStartAllStopsInTheOppositeOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "order")
	var specs []lab.Spec
	for i, delay := range []string{"0.2", "0.1", "0"} { // the first is ready last
		name := fmt.Sprint(i)
		specs = append(specs, shell(name, `trap 'echo `+name+` >>'`+file+`'; exit' TERM; sleep `+delay+`; `+ready+`while :; do sleep 0.01; done`))
	}
	s := &lab.Supervisor{}
	if err := s.StartAll(t.Context(), specs...); err != nil {
		t.Fatal(err)
	}
	s.StopAll()
	if text, _ := os.ReadFile(file); string(text) != "2\n1\n0\n" {
		t.Errorf("the order was %q", text)
	}
}

func TestOthersStartAfterAClear(t *testing.T) {
	s, _ := supervise(t)
	for range 2 {
		if err := s.StartAll(t.Context(), shell("a", ready+`exec cat`), shell("b", ready+`exec cat`)); err != nil {
			t.Fatal(err)
		}
		pids := s.Children()
		s.Clear()
		if len(pids) != 2 || lives(pids[0].PID) || lives(pids[1].PID) || len(s.Children()) > 0 {
			t.Errorf("%+v are cleared, and there are %+v", pids, s.Children())
		}
	}
}

func TestAChildThatStaysOutlivesAClear(t *testing.T) {
	s := &lab.Supervisor{}
	staying := shell("room", ready+`exec cat`)
	staying.Stays = true
	if err := s.StartAll(t.Context(), shell("a", ready+`exec cat`), staying, shell("b", ready+`exec cat`)); err != nil {
		s.StopAll()
		t.Fatal(err)
	}
	before := s.Children()
	s.Clear()
	left := s.Children()
	if len(left) != 1 || left[0] != before[1] || lives(before[0].PID) || !lives(before[1].PID) || lives(before[2].PID) {
		t.Errorf("of %+v there are left %+v", before, left)
	}
	s.StopAll()
	if lives(before[1].PID) || len(s.Children()) > 0 {
		t.Error("it outlives the supervisor")
	}
}

func TestStartAllFailsWithTheFirst(t *testing.T) {
	s, _ := supervise(t)
	err := s.StartAll(t.Context(), shell("good", ready+`exec cat`), shell("bad", `echo sorry >&2; exit 1`), shell("slow", `exec cat`))
	if err == nil || err.Error() != "bad: sorry" {
		t.Errorf("%v", err)
	}
}

func TestWhatAChildLogsIsKept(t *testing.T) {
	s, _ := supervise(t)
	var log transcript.Transcript
	spec := shell("a", `echo "$X $BROWNOUT_SUPERVISED" >&2; exec cat`)
	spec.Log, spec.Env, spec.Silent = &log, []string{"X=7"}, true
	if _, err := s.Start(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); log.String() != "7 1\n"; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%q", log.String())
		}
	}
}

// TestNoChildOutlivesItsParent runs this test's program as a supervisor, and kills it. Its
// child is stopped, does not see its input end, and takes no hint from the hang-up that
// the kernel sends to a stopped orphan.
func TestNoChildOutlivesItsParent(t *testing.T) {
	if os.Getenv("LAB_PARENT") != "" {
		s := &lab.Supervisor{}
		line, err := s.Start(t.Context(), shell("a", `trap "" HUP; `+ready+`exec sleep 600`))
		fmt.Printf("%d %v\n", line.PID, err)
		select {}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent, out := startProgram(t, []string{"LAB_PARENT=1"}, self, "-test.run=^TestNoChildOutlivesItsParent$")
	var pid int
	if _, err := fmt.Fscanf(out, "%d <nil>\n", &pid); err != nil || !lives(pid) {
		t.Fatalf("the child is %d, %v", pid, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	_ = parent.Kill()
	for end := time.Now().Add(patience); !slices.Contains([]string{"", "Z"}, state(pid)); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the child is still there, in state %s", state(pid))
		}
	}
}

// state returns the letter of a process's state, "" if it is gone.
func state(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(text), ") ")
	letter, _, _ := strings.Cut(after, " ")
	return letter
}

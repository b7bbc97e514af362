package drill

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/evidence"
)

// start starts a child that ends with the test, or after a minute.
func start(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, name, args...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// glance looks at the machine, of which a lineage is the lab.
func glance(t *testing.T, lab *lineage) evidence.Usage {
	t.Helper()
	u, cores, err := readMachine()
	if err != nil || cores < 1 {
		t.Fatal(cores, err)
	}
	if u.Own, err = lab.look(); err != nil {
		t.Fatal(err)
	}
	return u
}

// What a child burns is the lab's own where this process is the lab, also when the child has ended, and something else's where the lab
// is another process.
func TestMachineTellsItsOwnFromOthers(t *testing.T) {
	var labs []*lineage
	var before []evidence.Usage
	for _, pid := range []int{os.Getpid(), start(t, "sleep", "60").Process.Pid} {
		lab, err := newLineage([]int{pid})
		if err != nil {
			t.Fatal(err)
		}
		labs, before = append(labs, lab), append(before, glance(t, lab))
	}
	const enough = time.Second / 2
	deadline := time.Now().Add(time.Minute)
	child := start(t, "sh", "-c", "while :; do :; done")
	for glance(t, labs[0]).Own-before[0].Own < enough {
		if time.Now().After(deadline) {
			t.Fatal("the child is not seen to burn anything")
		}
		time.Sleep(10 * time.Millisecond) // the kernel's time passes, which nobody can fake
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	unseen := start(t, "sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done") // it begins and ends between two looks
	if err := unseen.Wait(); err != nil {
		t.Fatal(err)
	}
	var burnt time.Duration
	for _, c := range []*exec.Cmd{child, unseen} {
		burnt += c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	}

	ours, theirs := glance(t, labs[0]), glance(t, labs[1])
	if own := ours.Own - before[0].Own; own < burnt-4*clockTick {
		t.Errorf("children of ours burnt %v, and what is ours took %v", burnt, own)
	}
	own := theirs.Own - before[1].Own
	if own > 2*clockTick {
		t.Errorf("a process that sleeps took %v", own)
	}
	// The kernel counts what cores do by looking at them now and then.
	if foreign := theirs.Busy - before[1].Busy - own; foreign < burnt*3/4 {
		t.Errorf("something else burnt %v, and %v was seen", burnt, foreign)
	}
}

// A machine is looked at once a second until the load ends.
func TestMachineIsWatchedEachSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		m := watchMachine(ctx, []int{os.Getpid()}, time.Now())
		if m == nil || m.Cores < 1 || len(m.Usage) != 4 {
			t.Fatalf("%+v", m)
		}
		for i, u := range m.Usage {
			if u.At != time.Duration(i)*time.Second || u.Own <= 0 || u.Busy < u.Own/2 {
				t.Errorf("look %d: %+v", i, u)
			}
		}
	})
}

// Where it is not known what the lab is, nothing is told.
func TestNothingIsKnownOfUnknownProcesses(t *testing.T) {
	for _, roots := range [][]int{nil, {os.Getpid(), 1 << 30}} {
		if m := watchMachine(t.Context(), roots, time.Now()); m != nil {
			t.Errorf("%v: %+v", roots, m)
		}
	}
}

// What descendants have used stays used: by those that were waited for, and by those whose parent ended first.
func TestLineageKeepsWhatTheDeadHaveUsed(t *testing.T) {
	const ours, child, orphan, stranger = 10, 11, 12, 13
	l := &lineage{members: map[int]process{ours: {parent: 1, start: "1"}}}
	for i, tt := range []struct {
		all  map[int]process
		want time.Duration
	}{
		{map[int]process{ours: {1, "1", 5}, child: {ours, "2", 3}, orphan: {child, "3", 2}, stranger: {1, "4", 99}}, 10},
		{map[int]process{ours: {1, "1", 6}, child: {ours, "2", 4}, orphan: {child, "3", 3}}, 13},
		{map[int]process{ours: {1, "1", 10}, orphan: {1, "3", 4}}, 14},  // the child was waited for, and the orphan is ours still
		{map[int]process{ours: {1, "1", 10}, orphan: {1, "9", 50}}, 14}, // it ended, and a stranger has its id
		{map[int]process{ours: {1, "1", 11}}, 15},
	} {
		if got := l.count(tt.all); got != tt.want {
			t.Errorf("look %d: %d used, want %d", i, got, tt.want)
		}
	}
}

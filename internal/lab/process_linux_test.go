package lab

import (
	"testing"
	"time"
)

// patience bounds how long a test waits for what must happen.
const patience = 30 * time.Second

// TestALateChildStillEndsByItself stops a child whose time is over before it was asked.
func TestALateChildStillEndsByItself(t *testing.T) {
	p, err := start(Spec{Program: "/bin/sh", Args: []string{"-c",
		`trap 'sleep 0.1; exit 7' TERM; echo '{}'; while :; do sleep 0.01; done`}})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ready:
	case <-time.After(patience):
		t.Error("nothing happens")
	}
	late := make(chan struct{})
	close(late)
	if p.stop(late); p.err == nil || p.err.Error() != "exit status 7" {
		t.Errorf("it ended with %v", p.err)
	}
}

func TestTheEndOfARunEndsItsLastLine(t *testing.T) {
	w := &gated{gate: make(chan struct{})}
	close(w.gate)
	o := newOutlet(w)
	p, err := start(Spec{Program: "/bin/sh", Args: []string{"-c", `printf 'one\nhalf' >&2`}, Log: &relay{to: o}})
	if err != nil {
		t.Fatal(err)
	}
	<-p.ended
	o.close()
	if <-o.done; w.text.String() != "one\nhalf\n" {
		t.Errorf("%q", w.text.String())
	}
}

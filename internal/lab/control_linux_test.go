package lab

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"brownout/internal/shopfile"
)

// backgroundOf is a load that runs, and does nothing.
func backgroundOf(t *testing.T) *background {
	t.Helper()
	s := &Supervisor{}
	t.Cleanup(s.StopAll)
	b := &background{supervisor: s, until: t.Context()}
	t.Cleanup(b.end)
	if err := b.come(catLoad); err != nil || !b.running {
		t.Fatal("the load does not run: ", err)
	}
	return b
}

// catLoad is a load that does nothing.
var catLoad = Spec{Name: "load", Program: "/bin/sh", Args: []string{"-c", "exec cat"}, Silent: true}

func TestTheLoadGoesOnAfterTheLastPause(t *testing.T) {
	b := backgroundOf(t)
	pause := func(by string) func() error { return func() error { return b.pause(by, time.Minute) } }
	resume := func(by string) func() error { return func() error { return b.resume(by) } }
	for i, tt := range []struct {
		step func() error
		runs bool
	}{
		{pause("a"), false},
		{pause("b"), false},
		{resume("a"), false},
		{resume("a"), false},
		{b.start, false}, // as a timer does that comes too late
		{resume("b"), true},
		{resume("b"), true},
		{pause("a"), false},
		{pause("a"), false},
		{b.start, false},
		{resume("a"), true},
	} {
		if err := tt.step(); err != nil || b.running != tt.runs {
			t.Fatalf("step %d: runs: %v, %v", i, b.running, err)
		}
	}
}

func TestPausesEndByTheClock(t *testing.T) {
	b, now := background{pauses: map[string]time.Time{}}, time.Now()
	b.pauses["short"], b.pauses["long"] = now.Add(time.Second), now.Add(time.Minute)
	for _, tt := range []struct{ after, rest time.Duration }{
		{0, time.Minute}, {time.Second, 59 * time.Second}, {time.Minute, 0}, {time.Hour, 0},
	} {
		if rest := b.rest(now.Add(tt.after)); rest != tt.rest {
			t.Errorf("after %v: %v, want %v", tt.after, rest, tt.rest)
		}
	}
}

func TestPausesAreBounded(t *testing.T) {
	b := &background{}
	t.Cleanup(b.end)
	for i := range maxPauses {
		if err := b.pause(fmt.Sprint(i), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if again, other := b.pause("0", time.Minute), b.pause("other", time.Minute); again != nil || other == nil {
		t.Errorf("again: %v, another: %v", again, other)
	}
}

// Who asks for a pause is told why there is none.
func TestWhoGetsNoPauseIsToldWhy(t *testing.T) {
	b, mux := &background{}, http.NewServeMux()
	t.Cleanup(b.end)
	b.handle(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	found := &shopfile.Shop{Control: server.URL}
	for _, tt := range []struct {
		pauses int
		d      time.Duration
		want   string
	}{
		{0, MaxLoadPause, "<nil>"},
		{0, MaxLoadPause + 1, "the background load cannot be stopped: invalid-request: query:for: must be a duration above 0s, and up to 5m0s"},
		{0, 0, "the background load cannot be stopped: invalid-request: query:for: must be a duration above 0s, and up to 5m0s"},
		{maxPauses, time.Minute, "the background load cannot be stopped: rate-limited: there are 64 pauses already"},
	} {
		b.pauses = map[string]time.Time{}
		for i := range tt.pauses {
			b.pauses[fmt.Sprint(i)] = time.Now().Add(time.Hour)
		}
		if _, err := PauseLoad(t.Context(), found, tt.d); fmt.Sprint(err) != tt.want {
			t.Errorf("%d pauses, for %v: %v, want %s", tt.pauses, tt.d, err, tt.want)
		}
	}
}

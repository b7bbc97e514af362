package loop_test

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"brownout/internal/loop"
)

// crashes are programs that end the process. The test binary runs them again, in
// a process of their own.
var crashes = map[string]func(l *loop.Loop){
	"callback": func(l *loop.Loop) {
		l.SetTimeout("other", 0, func() {})
		l.SetImmediate("buggy", func() { panicHere() })
	},
	"task": func(l *loop.Loop) {
		l.Spawn(context.Background(), "buggy", func(t *loop.Task) {
			t.Sleep(ms)
			panicHere()
		})
	},
	"goexit": func(l *loop.Loop) { l.SetImmediate("buggy", func() { runtime.Goexit() }) },
	"runaway": func(l *loop.Loop) {
		l.SetImmediate("buggy", func() {
			for {
				l.QueueMicrotask("runaway", func() {})
			}
		})
	},
}

func panicHere() { panic("a broken invariant") }

func TestMain(m *testing.M) {
	if crash, ok := crashes[os.Getenv("LOOP_CRASH")]; ok {
		l := loop.New(loop.Config{Name: "doomed", ExitWhenIdle: true})
		l.Run(func() { crash(l) })
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestPanicEndsTheProcess(t *testing.T) {
	for name, want := range map[string][]string{
		"callback": {`loop "doomed" died in callback "buggy": phase check, turn 1`, "1 timers", "panic: a broken invariant", "panicHere"},
		"task":     {`died in callback "buggy": phase timers`, `task "buggy": a broken invariant`, "panicHere", "1 tasks"},
		"goexit":   {`died in callback "buggy": phase check`},
		"runaway":  {`died in callback "buggy"`, "limit of 16,777,216", "16777216 microtasks"},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.Command(os.Args[0])
			command.Env = append(os.Environ(), "LOOP_CRASH="+name)
			out, err := command.CombinedOutput()
			if err == nil {
				t.Fatal("the process went on")
			}
			for _, part := range want {
				if !strings.Contains(string(out), part) {
					t.Errorf("no %q in:\n%s", part, out)
				}
			}
		})
	}
}

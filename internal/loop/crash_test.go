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
	"nested task, recovered by its spawner": func(l *loop.Loop) {
		l.Spawn(context.Background(), "outer", func(t *loop.Task) {
			defer func() { recover() }()
			l.Spawn(context.Background(), "buggy", func(*loop.Task) { panicHere() })
		})
	},
	"call": func(l *loop.Loop) {
		l.Spawn(context.Background(), "buggy", func(t *loop.Task) {
			loop.Go(t, loop.NewGroup(l, loop.GroupConfig{}), func(context.Context) (int, error) {
				panicHere()
				return 0, nil
			})
		})
	},
	"goexit in a call": func(l *loop.Loop) {
		l.Spawn(context.Background(), "buggy", func(t *loop.Task) {
			loop.Go(t, loop.NewGroup(l, loop.GroupConfig{}), func(context.Context) (int, error) {
				runtime.Goexit()
				return 0, nil
			})
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
		go l.Run(func() { crash(l) })
		<-l.Done() // not closed by a panic
		if l.Post("late", func() {}) == nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestPanicEndsTheProcess(t *testing.T) {
	for name, want := range map[string][]string{
		"callback":                              {`loop "doomed" died in callback "buggy": phase check, turn 1`, "1 timers", "panic: a broken invariant", "panicHere"},
		"task":                                  {`died in callback "buggy": phase timers`, `task "buggy": a broken invariant`, "panicHere", "1 tasks"},
		"nested task, recovered by its spawner": {`died in callback "buggy": phase main`, "a broken invariant", "panicHere"},
		"call":                                  {`a call of "buggy" died`, "a broken invariant", "panicHere"},
		"goexit in a call":                      {`a call of "buggy" died`, "Goexit"},
		"goexit":                                {`died in callback "buggy": phase check`},
		"runaway":                               {`died in callback "buggy"`, "limit of 16,777,216", "16777216 microtasks"},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.Command(os.Args[0])
			command.Env = append(os.Environ(), "LOOP_CRASH="+name)
			out, err := command.CombinedOutput()
			if (err == nil) != (name == "goexit") {
				t.Errorf("the process ended with %v", err)
			}
			for _, part := range want {
				if !strings.Contains(string(out), part) {
					t.Errorf("no %q in:\n%s", part, out)
				}
			}
		})
	}
}

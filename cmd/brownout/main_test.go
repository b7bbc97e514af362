package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the outputs in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){"brownout": main})
}

// A suite is all tests of the command.
type suite struct{ m *testing.M }

// Run implements testscript.TestingM. Most tests wait for processes, and do not keep a core busy: twice as
// many as there are cores run at once, unless -parallel says otherwise. Under the race detector all processes that tests
// start are under it, too. What it finds in them is seldom seen by the test, and so is looked for here.
func (s suite) Run() (status int) {
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err) // testing has renamed it
	}
	races, err := os.MkdirTemp("", "brownout-races")
	if err == nil {
		defer func() { _ = os.RemoveAll(races) }()
		err = os.Setenv("GORACE", os.Getenv("GORACE")+" log_path="+filepath.Join(races, "race"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	status = s.m.Run()
	found, _ := filepath.Glob(filepath.Join(races, "*"))
	for _, file := range found {
		text, _ := os.ReadFile(file)
		fmt.Fprintf(os.Stderr, "a process says:\n%s", text)
		status = 1
	}
	return status
}

func TestScripts(t *testing.T) {
	t.Parallel()
	runScripts(t, "testdata/script", nil)
}

// runScripts runs the scripts of a folder, each after setup if there is one.
func runScripts(t *testing.T, dir string, setup func(*testscript.Env) error) {
	t.Helper()
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		Setup:               setup,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
	})
}

// exits is the script command
//
//	exits STATUS PROGRAM [ARGUMENT...]
//
// that runs a program, as exec does, and wants it to exit with a status.
func exits(ts *testscript.TestScript, negated bool, arguments []string) {
	if negated || len(arguments) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM [ARGUMENT...]")
	}
	want, err := strconv.Atoi(arguments[0])
	ts.Check(err)
	if got := exitStatus(ts, ts.Exec(arguments[1], arguments[2:]...)); got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func exitStatus(ts *testscript.TestScript, err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	ts.Check(err)
	return 0
}

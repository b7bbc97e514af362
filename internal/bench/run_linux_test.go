package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A clone is a repository like the lab's: it has what benchmarks take turns with, and one benchmark.
type clone struct{ dir string }

const cloneSuite = "time: 3s\nthreshold: 5%\nmicro:\n  - package: internal/work\n    benchmarks: [Work]\n"

// work is a package whose benchmark does so many rounds, and allocates so many bytes.
const work = `package work_test

import (
	"testing"

	"brownout/internal/bench/lockstep"
)

var (
	kept  []byte
	state uint64 = 1
)

func BenchmarkWork(b *testing.B) {
	for turns := lockstep.Start(b); turns.Next(); {
		for range %d {
			state ^= state << 13
			state ^= state >> 7
			state ^= state << 17
		}
		kept = make([]byte, %d)
	}
}
`

func newClone(t *testing.T) clone {
	t.Helper()
	c := clone{t.TempDir()}
	for _, path := range []string{"go.mod", "go.sum", "internal/bench/turn/turn.go", "internal/bench/lockstep/lockstep.go", "internal/bench/lockstep/process_linux.go", "internal/bench/lockstep/counters_linux.go"} {
		text, err := os.ReadFile(filepath.Join("..", "..", path))
		if err != nil {
			t.Fatal(err)
		}
		c.write(t, path, string(text))
	}
	c.write(t, ".gitignore", "/.brownout/\n")
	c.write(t, "internal/work/work_test.go", fmt.Sprintf(work, 100, 32))
	c.git(t, "init", "--quiet", "--initial-branch", "main")
	c.commit(t)
	return c
}

func (c clone) write(t *testing.T, path, text string) {
	t.Helper()
	path = filepath.Join(c.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func (c clone) git(t *testing.T, arguments ...string) {
	t.Helper()
	command := exec.Command("git", append([]string{"-C", c.dir, "-c", "user.name=Nobody", "-c", "user.email=nobody@example.com"}, arguments...)...)
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", arguments, err, text)
	}
}

func (c clone) commit(t *testing.T) {
	t.Helper()
	c.git(t, "add", "-A")
	c.git(t, "commit", "--quiet", "-m", "a change")
}

// config compares what is checked out with its commit.
func (c clone) config(t *testing.T, suite string) RunConfig {
	t.Helper()
	s, err := parseSuite("suite.yaml", []byte(suite))
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(c.dir, ".brownout", "bench")
	return RunConfig{Suite: s, Tree: c.dir, Against: "HEAD", Out: filepath.Join(folder, "new.txt"), Dir: folder, Seed: 3, Tell: func(string) {}}
}

func (c RunConfig) compare(t *testing.T) *Comparison {
	t.Helper()
	comparison, err := Compare(mustRead(t, OldPath(c.Out)), mustRead(t, c.Out), math.NaN())
	if err != nil {
		t.Fatal(err)
	}
	return comparison
}

func (c clone) noWorktrees(t *testing.T) {
	t.Helper()
	text, err := exec.Command("git", "-C", c.dir, "worktree", "list").Output()
	if err != nil || strings.Count(string(text), "\n") != 1 {
		t.Errorf("worktrees are left: %s, %v", text, err)
	}
}

func TestAChangeIsFound(t *testing.T) {
	t.Parallel()
	c := newClone(t)
	c.write(t, "internal/work/work_test.go", fmt.Sprintf(work, 200, 48))
	config := c.config(t, cloneSuite)
	if err := Run(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	comparison := config.compare(t)
	if !comparison.Interleaved || comparison.Outcome() != Regression {
		t.Errorf("outcome %v of %+v", comparison.Outcome(), comparison.Findings)
	}
	var verdicts []string
	for _, f := range comparison.Findings {
		verdicts = append(verdicts, fmt.Sprintf("%s %s", f.Measure, f.Verdict))
	}
	if got, want := strings.Join(verdicts, ", "), "CPU slower, wall slower, B/op more, allocs/op same"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if f := comparison.Findings[2]; f.Old != 32 || f.New != 48 {
		t.Errorf("of 32 bytes and 48: %v and %v", f.Old, f.New)
	}
	if f := comparison.Findings[0]; f.Change < 0.4 || f.Change > 1.5 {
		t.Errorf("twice the work is %+.0f %%", 100*f.Change)
	}
	c.noWorktrees(t)
	if _, err := os.Stat(config.sideDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copies of programs are left: %v", err)
	}
}

func TestAnInterruptedRunGoesOn(t *testing.T) {
	t.Parallel()
	c := newClone(t)
	c.write(t, "internal/work/work_test.go", fmt.Sprintf(work, 101, 32)) // its digest is known only when it is built again
	config := c.config(t, cloneSuite)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	config.Tell = func(line string) {
		if line == "4 more rounds" {
			cancel()
		}
	}
	if err := Run(ctx, config); !errors.Is(err, context.Canceled) {
		t.Fatal("interrupted: ", err)
	}
	before := mustRead(t, config.Out)
	if n := before.count("brownout/internal/work", before.all[0].name); n != 3 {
		t.Errorf("%d pairs are kept of 3", n)
	}
	config.Tell = func(string) {}
	if err := Run(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	after := config.compare(t)
	if f := after.Findings[0]; len(f.Ratios) != 7 || !after.Interleaved {
		t.Errorf("%+v: want 7 pairs", f)
	}
	if got := mustRead(t, config.Out).config[keyRun]; got != before.config[keyRun] {
		t.Errorf("it goes on as %s, and was %s", got, before.config[keyRun])
	}
	c.noWorktrees(t)
	config.Tell = func(line string) { t.Errorf("of another run it is said that it is %s", line) }
	config.Seed++
	if err := Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), `whose seed is "3" and not "4"`) {
		t.Errorf("another run: %v", err)
	}
	config.Seed--
	c.commit(t)
	if err := Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), "whose commit is ") {
		t.Errorf("of another commit: %v", err)
	}
}

func TestRunsThatCannotBe(t *testing.T) {
	t.Parallel()
	c := newClone(t)
	c.write(t, "internal/work/work_test.go", "package work_test\n\nfunc broken( {\n")
	c.commit(t)
	c.git(t, "tag", "broken")
	c.write(t, "internal/work/work_test.go", "package work_test\n")
	c.commit(t)
	c.git(t, "tag", "without")
	c.write(t, "internal/work/work_test.go", fmt.Sprintf(work, 100, 32))
	c.commit(t)
	for name, row := range map[string]struct {
		against, suite, want string
	}{
		"no such revision":   {"nothing", cloneSuite, `there is neither a file of results nor a revision "nothing" here`},
		"it does not build":  {"broken", cloneSuite, "does not build: "},
		"no such benchmark":  {"HEAD", strings.Replace(cloneSuite, "[Work]", "[Play]", 1), "internal/work has no benchmark Play that takes turns"},
		"none in the old":    {"without", cloneSuite, "internal/work has no benchmark Work that takes turns"},
		"no such package":    {"HEAD", strings.Replace(cloneSuite, "internal/work", "internal/play", 1), "does not build: "},
		"changes as results": {filepath.Join(c.dir, "results.txt"), cloneSuite, "cannot be built again"},
	} {
		c.write(t, "results.txt", "commit: aaaa+changes-1234\nBenchmarkX 1 1 ns/op\n")
		config := c.config(t, row.suite)
		config.Against = row.against
		err := Run(t.Context(), config)
		if _, misused := errors.AsType[Misuse](err); !misused || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want a misuse: %s", name, err, row.want)
		}
	}
	c.noWorktrees(t)
	config := c.config(t, cloneSuite)
	unlock, err := lock(config.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), "another run measures in") {
		t.Errorf("while another one measures: %v", err)
	}
	unlock()
	config.Tree = t.TempDir()
	if err := Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), "this is none") {
		t.Errorf("outside of a clone: %v", err)
	}
}

// Neither build is at an advantage because of where its programs are.
func TestProgramsOfBothBuildsAreAlike(t *testing.T) {
	c := RunConfig{Suite: &Suite{micros: []micro{{pkg: "internal/work"}}, macros: []macro{{}}}, Dir: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(c.sideDir(), "0", "of a run that was killed"), 0o777); err != nil {
		t.Fatal(err)
	}
	var builds []build
	for _, name := range []string{"revisions/abc", "work"} {
		b := build{commit: name, dir: filepath.Join(c.Dir, name)}
		if err := os.MkdirAll(b.dir, 0o777); err != nil {
			t.Fatal(err)
		}
		for _, program := range b.programs(c.Suite) {
			if err := writeProgram(program, []byte("#!/bin/sh\necho "+name)); err != nil {
				t.Fatal(err)
			}
		}
		builds = append(builds, b)
	}
	copies, err := c.sideBySide(builds)
	if err != nil || len(copies) != 2 || len(copies[0].dir) != len(copies[1].dir) {
		t.Fatalf("%v, %v", copies, err)
	}
	for i, b := range copies {
		if entries, err := os.ReadDir(b.dir); err != nil || len(entries) != 2 {
			t.Errorf("%v, %v", entries, err)
		}
		for _, program := range b.programs(c.Suite) {
			if text, err := exec.Command(program).Output(); err != nil || string(text) != b.commit+"\n" || b.commit != builds[i].commit {
				t.Errorf("%s is of %q: %v", program, text, err)
			}
		}
	}
}

// A program can be executed at once, whatever else is begun while it is written.
func TestWrittenProgramsAreNotBusy(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var others sync.WaitGroup
	for range 4 {
		others.Go(func() {
			for ctx.Err() == nil {
				if err := exec.Command("/bin/true").Run(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	defer others.Wait()
	defer cancel()
	program := filepath.Join(t.TempDir(), "program")
	text := slices.Concat([]byte("#!/bin/sh\n"), bytes.Repeat([]byte("# and so on\n"), 20_000))
	for range 200 {
		if err := writeProgram(program, text); err != nil {
			t.Fatal(err)
		}
		if err := exec.Command(program).Run(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlyAFewRevisionsAreKept(t *testing.T) {
	dir := t.TempDir()
	for i := range 10 {
		if err := os.MkdirAll(filepath.Join(dir, fmt.Sprint(i), "programs"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := forget(dir, "0"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != maxRevisions || entries[0].Name() != "0" {
		t.Errorf("%v are left, %v", entries, err)
	}
}

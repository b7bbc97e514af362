package bench

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/perf/benchfmt"
)

// A RunConfig says what Run measures.
type RunConfig struct {
	Suite *Suite
	// Tree is a folder in the clone that is measured; "" for the one that this process runs in.
	Tree string
	// Against is the revision that what is checked out is compared with, or a file of results that says which; "" to
	// compare with none.
	Against string
	// Out is the file of results. If a run was interrupted that wrote there, it goes on.
	Out string
	// Dir is where programs that were built are kept.
	Dir string
	// Seed decides about the order of turns, and of all else that is done to one build after the other.
	Seed uint64
	// Tell is told what is done, a line at a time.
	Tell func(line string)
}

// Run builds what is checked out, and the revision that it is compared with, and measures both side by side. All that was
// measured is in Out, and beside it in OldPath(Out), also if there is an error: of ctx, of a build that took no more
// turns, or a [Misuse]. That shops fell behind is no error: what came of it is in Out, too.
func Run(ctx context.Context, c RunConfig) error {
	err := c.run(ctx)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // whatever else went wrong is its doing
	}
	return err
}

func (c *RunConfig) run(ctx context.Context) error {
	repository, err := openRepository(ctx, c.Tree)
	if err != nil {
		return err
	}
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return err
	}
	unlock, err := lock(c.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	builds, err := c.builds(ctx, repository)
	if err != nil {
		return err
	}
	defer func() {
		if err := os.RemoveAll(c.sideDir()); err != nil { // the next run tries again
			c.Tell(err.Error())
		}
	}()
	r := &runner{RunConfig: *c}
	if r.builds, err = c.sideBySide(builds); err != nil {
		return err
	}
	return r.measure(ctx, c.settings(repository))
}

// lock makes a folder and takes it, until unlock: two runs would disturb each other, and build over each other's programs.
func lock(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, Misuse{err}
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, Misuse{err}
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = misuse("another run measures in %s", dir)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() { _ = file.Close() }, nil
}

// commits are that of the old build, if there is one, and that of the new one, of whose changes there is no digest yet.
func (c *RunConfig) commits(ctx context.Context, r repository) (all []string, err error) {
	if c.Against != "" {
		old, err := c.against(ctx, r)
		if err != nil {
			return nil, err
		}
		all = append(all, old)
	}
	work, err := r.checkedOut(ctx)
	return append(all, work), err
}

// builds are the old one, if there is one, and that of what is checked out. Whether Out has another run is better known
// before minutes of building.
func (c *RunConfig) builds(ctx context.Context, r repository) (all []build, err error) {
	commits, err := c.commits(ctx, r)
	if err != nil {
		return nil, err
	}
	if _, err := newBook(c.Out, "", c.settings(r), commits).read(); err != nil {
		return nil, err
	}
	for _, commit := range commits[:len(commits)-1] {
		c.Tell("building " + build{commit: commit}.short())
		b, err := r.buildCommit(ctx, c.Dir, commit, c.Suite)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	c.Tell("building what is checked out")
	b, err := r.buildWork(ctx, c.Dir, c.Suite)
	return append(all, b), err
}

// sideDir has the programs of a run.
func (c *RunConfig) sideDir() string { return filepath.Join(c.Dir, "side") }

// sideBySide copies the programs of builds to places that are alike; whose is copied first, and where to, is by chance. A file that was made an hour before the other one may lie
// otherwise in the system's memory, and one with a longer path moves what comes behind it in that of its processes; what that does
// is the same in all sessions of a run, so that no interval has it.
func (c *RunConfig) sideBySide(builds []build) ([]build, error) {
	if err := os.RemoveAll(c.sideDir()); err != nil { // of a run that was killed
		return nil, err
	}
	all := make([]build, len(builds))
	what := "copies"
	for _, b := range builds {
		what += " " + b.commit
	}
	for place, i := range c.chance(what, 0).Perm(len(builds)) {
		all[i] = build{commit: builds[i].commit, dir: filepath.Join(c.sideDir(), strconv.Itoa(place))}
		if err := all[i].copyOf(builds[i], c.Suite); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// against is the commit of the old build.
func (c *RunConfig) against(ctx context.Context, r repository) (string, error) {
	revision := c.Against
	if info, err := os.Stat(revision); err == nil && info.Mode().IsRegular() {
		results, err := ReadResults(revision)
		if err != nil {
			return "", err
		}
		if revision, err = results.Commit(); err != nil {
			return "", err
		}
	}
	return r.commit(ctx, revision)
}

// settings are the configuration of results.
func (c *RunConfig) settings(r repository) []setting {
	return append(machineSettings(), setting{keyGo, r.goes}, setting{keySuite, c.Suite.name + " " + c.Suite.digest}, setting{keySeed, strconv.FormatUint(c.Seed, 10)})
}

// A runner is a run of a suite.
type runner struct {
	RunConfig
	builds []build
	slices []int // iterations of a turn, of each micro
	book   *book
}

// measure measures what is not in the results yet.
func (r *runner) measure(ctx context.Context, config []setting) (err error) {
	if err := r.prepare(ctx); err != nil {
		return err
	}
	var commits []string
	for _, b := range r.builds {
		commits = append(commits, b.commit)
	}
	if r.book, err = openBook(r.Out, time.Now().UTC().Format(time.RFC3339Nano), config, commits); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.book.close()) }()
	return r.rounds(ctx)
}

// prepare finds out whether all benchmarks are there, in all builds, before one is measured.
func (r *runner) prepare(ctx context.Context) error {
	for _, m := range r.Suite.micros {
		for _, b := range r.builds[1:] {
			c, err := startContestant(ctx, b, m)
			if err != nil {
				return err
			}
			c.end()
		}
		n, err := m.slice(ctx, r.builds[0])
		if err != nil {
			return err
		}
		r.slices = append(r.slices, n)
	}
	return nil
}

// rounds measure each item of the suite in turn, again and again, so that what an interrupted run has is of all of them.
func (r *runner) rounds(ctx context.Context) error {
	for left := r.left(); left > 0; left = r.left() {
		r.Tell(fmt.Sprintf("%d more rounds", left))
		if err := r.round(ctx); err != nil {
			return err
		}
	}
	return nil
}

// left is how many rounds there are to come.
func (r *runner) left() int {
	left := 0
	for _, m := range r.Suite.micros {
		left = max(left, m.blocks()-r.book.count(m.fullPackage(), m.fullName()))
	}
	for _, m := range r.Suite.macros {
		if more, done := r.wants(m); more {
			left = max(left, m.sessions()-done)
		}
	}
	return left
}

// round measures each item that has not enough yet.
func (r *runner) round(ctx context.Context) error {
	for i, m := range r.Suite.micros {
		if done := r.book.count(m.fullPackage(), m.fullName()); done < m.blocks() {
			if err := r.micro(ctx, m, r.slices[i], done); err != nil {
				return err
			}
		}
	}
	for _, m := range r.Suite.macros {
		if more, done := r.wants(m); more {
			if err := r.macro(ctx, m, done); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *runner) micro(ctx context.Context, m micro, n, block int) error {
	readings, err := m.block(ctx, r.builds, n, r.chance(m.fullName(), block))
	if err != nil {
		return err
	}
	figures := make([]figure, len(readings))
	counted := !slices.ContainsFunc(readings, func(r reading) bool { return r.instructions == 0 })
	for i, reading := range readings {
		if !counted { // of one alone they would be no pair, and move those that follow
			reading.instructions = 0
		}
		figures[i] = m.figure(reading)
	}
	return r.book.write(figures)
}

// macro measures a session. If shops fall behind in it, it is begun again in the next round, until the macro is given up.
func (r *runner) macro(ctx context.Context, m macro, session int) error {
	name := m.fullName(len(r.builds))
	lags := r.book.count(macroPackage, name+behind)
	figures, err := m.session(ctx, r.builds, r.chance(name, session+lags)) // one that is begun again is another one
	if l, fell := errors.AsType[*lag](err); fell {
		for line := range strings.Lines(l.Error()) {
			r.Tell(name + ": " + strings.TrimSpace(line))
		}
		if lags == m.mostLags() {
			r.Tell(name + ": given up")
		}
		return r.book.write(l.figures(m))
	}
	if err != nil {
		return err
	}
	return r.book.write(figures)
}

// wants says whether a macro has not enough yet, and how many sessions it has.
func (r *runner) wants(m macro) (more bool, done int) {
	name := m.fullName(len(r.builds))
	done = r.book.count(macroPackage, name)
	return done < m.sessions() && r.book.count(macroPackage, name+behind) <= m.mostLags(), done
}

// chance decides about what is done in a block or a session, or before them. It is the same in a run that goes on as in one that was not interrupted.
func (c *RunConfig) chance(name string, block int) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s %d", name, block) // never fails
	return rand.New(rand.NewPCG(c.Seed, h.Sum64()))
}

func (m micro) fullPackage() string { return module + m.pkg }

// fullName is the benchmark's as go test prints it.
func (m micro) fullName() string {
	if n := runtime.GOMAXPROCS(0); n > 1 {
		return fmt.Sprintf("%s-%d", m.benchmark, n)
	}
	return m.benchmark
}

// blocks is how many there are of a micro.
func (m micro) blocks() int { return max(m.fewest, int((m.time+microBlock-1)/microBlock)) }

func (m micro) figure(r reading) figure {
	values := []benchfmt.Value{
		{Value: rounded(r.cpu), Unit: unitCPU},
		{Value: rounded(r.wall), Unit: "ns/op"},
		{Value: float64(r.bytes), Unit: "B/op"},
		{Value: float64(r.allocs), Unit: "allocs/op"},
	}
	if r.instructions > 0 {
		values = append(values, benchfmt.Value{Value: rounded(r.instructions), Unit: unitInstructions})
	}
	return figure{pkg: m.fullPackage(), name: m.fullName(), threshold: m.threshold, iterations: r.iterations, values: values}
}

package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// changes follows a commit beside which there are changes that were not committed; a digest of the programs follows it.
const changes = "+changes-"

func isChanged(commit string) bool { return strings.Contains(commit, changes) }

// base is the commit without the changes.
func base(commit string) string {
	hash, _, _ := strings.Cut(commit, changes)
	return hash
}

// A repository is a clone of the lab's.
type repository struct {
	root string
	goes string // the version of Go that builds there
}

// openRepository finds the clone that a folder is in.
func openRepository(ctx context.Context, dir string) (repository, error) {
	root, err := output(ctx, dir, "git", "rev-parse", "--show-toplevel")
	if err == nil {
		_, err = os.Stat(filepath.Join(root, "internal", "bench"))
	}
	if err != nil {
		return repository{}, misuse("builds are compared in a clone of this program's repository, and this is none: %w", err)
	}
	version, err := output(ctx, root, "go", "env", "GOVERSION")
	return repository{root, version}, err
}

// commit returns the hash of a revision.
func (r repository) commit(ctx context.Context, revision string) (string, error) {
	hash, err := output(ctx, r.root, "git", "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return "", misuse("there is neither a file of results nor a revision %q here", revision)
	}
	return hash, nil
}

// A build is a revision's programs.
type build struct {
	commit string // and its changes, if the programs are of no commit alone
	dir    string // where they are
}

// testProgram is where the benchmarks of a package are.
func (b build) testProgram(pkg string) string {
	return filepath.Join(b.dir, strings.ReplaceAll(pkg, "/", ".")+".test")
}

// program is where brownout is.
func (b build) program() string { return filepath.Join(b.dir, "brownout") }

// short names a build for people.
func (b build) short() string {
	return base(b.commit)[:min(len(base(b.commit)), 12)] + strings.TrimPrefix(b.commit, base(b.commit))
}

// buildWork builds what is checked out, with its changes.
func (r repository) buildWork(ctx context.Context, dir string, s *Suite) (build, error) {
	commit, err := r.commit(ctx, "HEAD")
	if err != nil {
		return build{}, err
	}
	b := build{commit: commit, dir: filepath.Join(dir, "work")}
	if err := os.MkdirAll(b.dir, 0o777); err != nil {
		return b, err
	}
	if err := b.make(ctx, r.root, s); err != nil {
		return b, err
	}
	changed, err := r.changed(ctx)
	if err != nil || !changed {
		return b, err
	}
	digest, err := b.digest(s)
	b.commit += changes + digest
	return b, err
}

// checkedOut names what is checked out: its commit, and that there are changes, but for their digest.
func (r repository) checkedOut(ctx context.Context) (string, error) {
	commit, err := r.commit(ctx, "HEAD")
	if err != nil {
		return "", err
	}
	changed, err := r.changed(ctx)
	if changed {
		commit += changes
	}
	return commit, err
}

// changed says whether what is checked out is something else than its commit. Files of which git knows nothing are, if they
// are Go's: others may be results.
func (r repository) changed(ctx context.Context) (bool, error) {
	known, err := output(ctx, r.root, "git", "status", "--porcelain", "--untracked-files=no")
	if err != nil || known != "" {
		return true, err
	}
	unknown, err := output(ctx, r.root, "git", "ls-files", "--others", "--exclude-standard", "--", "*.go")
	return unknown != "", err
}

// digest is that of all programs: it tells changes from other changes of the same commit.
func (b build) digest(s *Suite) (string, error) {
	all := sha256.New()
	for _, path := range b.programs(s) {
		program, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(all, program)
		if err := errors.Join(err, program.Close()); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(all.Sum(nil)[:4]), nil
}

// buildCommit builds a commit in a worktree of its own, which it takes away again. The programs stay, for the next time.
func (r repository) buildCommit(ctx context.Context, dir, commit string, s *Suite) (b build, err error) {
	made := commit + "-" + r.goes // another Go makes other programs of it
	b = build{commit: commit, dir: filepath.Join(dir, "revisions", made)}
	if err := os.MkdirAll(b.dir, 0o777); err != nil {
		return b, err
	}
	if err := forget(filepath.Dir(b.dir), made); err != nil || b.made(s) {
		return b, err
	}
	tree := filepath.Join(dir, "tree") // always this one, so that what a run leaves that was killed is found by the next
	_ = r.removeTree(ctx, tree)
	defer func() { err = errors.Join(err, r.removeTree(context.WithoutCancel(ctx), tree)) }()
	if _, err := output(ctx, r.root, "git", "worktree", "add", "--quiet", "--force", "--detach", tree, commit); err != nil {
		return b, misuse("revision %s cannot be checked out: %w", b.short(), err)
	}
	return b, b.make(ctx, tree, s)
}

// removeTree takes a worktree away, as far as it is there.
func (r repository) removeTree(ctx context.Context, tree string) error {
	if _, err := os.Stat(tree); err != nil {
		return nil
	}
	_, _ = output(ctx, r.root, "git", "worktree", "remove", "--force", "--force", tree) // git may not know it yet
	return os.RemoveAll(tree)
}

// maxRevisions is of how many revisions the programs are kept.
const maxRevisions = 4

// forget removes the programs that were made longest ago, but for those of one revision.
func forget(dir, keep string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var others []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.Name() != keep {
			others = append(others, info)
		}
	}
	slices.SortFunc(others, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	for _, o := range others[min(len(others), maxRevisions-1):] {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, o.Name())))
	}
	return err
}

// made says whether all programs that a suite needs are there.
func (b build) made(s *Suite) bool {
	for _, path := range b.programs(s) {
		if _, err := os.Stat(path); err != nil {
			return false
		}
	}
	return true
}

// copyOf copies the programs that a suite needs of another build.
func (b build) copyOf(other build, s *Suite) error {
	if err := os.MkdirAll(b.dir, 0o777); err != nil {
		return err
	}
	for _, path := range other.programs(s) {
		program, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := writeProgram(filepath.Join(b.dir, filepath.Base(path)), program); err != nil {
			return err
		}
	}
	return nil
}

// writeProgram writes a file that is to be executed. No child may begin meanwhile: it would have the file open for writing until
// it executes its own program, and until then nobody can execute this one (ETXTBSY, https://go.dev/issue/22315).
func writeProgram(path string, program []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, program, 0o777)
}

func (b build) programs(s *Suite) []string {
	var all []string
	for _, pkg := range s.packages() {
		all = append(all, b.testProgram(pkg))
	}
	if len(s.macros) > 0 {
		all = append(all, b.program())
	}
	return all
}

// packages are those whose benchmarks a suite has.
func (s *Suite) packages() []string {
	var all []string
	for _, m := range s.micros {
		if !slices.Contains(all, m.pkg) {
			all = append(all, m.pkg)
		}
	}
	return all
}

// make builds what a suite needs of a tree. Where the tree lies is not to be seen in the programs.
func (b build) make(ctx context.Context, tree string, s *Suite) error {
	for _, pkg := range s.packages() {
		if err := b.goBuild(ctx, tree, b.testProgram(pkg), "test", "-c", "./"+pkg); err != nil {
			return err
		}
	}
	if len(s.macros) > 0 {
		return b.goBuild(ctx, tree, b.program(), "build", "./cmd/brownout")
	}
	return nil
}

// goBuild builds a program. It is there as a whole or not at all.
func (b build) goBuild(ctx context.Context, tree, program, command string, arguments ...string) error {
	making := program + ".making"
	all := append([]string{command, "-trimpath", "-buildvcs=false", "-o", making}, arguments...)
	if _, err := output(ctx, tree, "go", all...); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return misuse("revision %s does not build: %w", b.short(), err)
	}
	if _, err := os.Stat(making); err != nil { // go test -c makes nothing of a package without tests
		return misuse("revision %s has no benchmarks in %s", b.short(), arguments[len(arguments)-1])
	}
	return os.Rename(making, program)
}

// output runs a command in a folder and returns what it prints, without space around it. An error has the first thing that
// the command complains about.
func output(ctx context.Context, dir, name string, arguments ...string) (string, error) {
	c := exec.CommandContext(ctx, name, arguments...)
	c.Dir = dir
	interruptible(c)
	text, err := c.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%s %s: %s", name, arguments[0], complaint(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(text)), err
}

// complaint is the first line of a text that is not a heading.
func complaint(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line
		}
	}
	return "it failed, and did not say why"
}

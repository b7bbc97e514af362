package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Copies are worktrees of the commit that is checked out.
type copies struct {
	commit string
	dir    string
	made   map[string]bool
}

func newCopies(ctx context.Context, dir string) (*copies, error) {
	commit, err := git(ctx, "rev-parse", "HEAD")
	if err != nil {
		return nil, err
	}
	c := &copies{commit: commit, dir: dir, made: map[string]bool{}}
	c.remove() // what a process that was killed has left
	return c, os.MkdirAll(dir, 0o777)
}

// tree returns the folder of a copy, with a change to the commit, if there is one.
func (c *copies) tree(ctx context.Context, name string, change func(tree string) error) (string, error) {
	tree := filepath.Join(c.dir, name)
	if !c.made[name] {
		if _, err := git(ctx, "worktree", "add", "--quiet", "--force", "--detach", tree, c.commit); err != nil {
			return "", err
		}
		c.made[name] = true
	}
	if change == nil {
		return tree, nil
	}
	if _, err := git(ctx, "-C", tree, "checkout", "--quiet", "."); err != nil { // of the change before
		return "", err
	}
	return tree, change(tree)
}

// remove removes all copies.
func (c *copies) remove() {
	_ = os.RemoveAll(c.dir)
	_, _ = git(context.Background(), "worktree", "prune")
}

func git(ctx context.Context, arguments ...string) (string, error) {
	text, err := exec.CommandContext(ctx, "git", arguments...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("git %s: %s", strings.Join(arguments, " "), strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(text)), err
}

// edit replaces the one place of a file that a pattern finds.
func edit(path, pattern, replacement string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	place := regexp.MustCompile(pattern)
	if n := len(place.FindAllIndex(text, -1)); n != 1 {
		return fmt.Errorf("%s has %d places like %s: want 1", path, n, pattern)
	}
	return os.WriteFile(path, place.ReplaceAll(text, []byte(replacement)), 0o666)
}

// repeatIterations has a benchmark do 103 iterations where it says 100.
func repeatIterations(tree string, _ float64) error {
	return edit(filepath.Join(tree, "internal/bench/lockstep/lockstep.go"), `t\.left = n - 1`, `t.left = n + n*3/100 - 1`)
}

// spinInGateway has the gateway work for a tenth of what a request costs the whole shop, before it answers one.
func spinInGateway(tree string, cost float64) error {
	gateway := filepath.Join(tree, "services/gateway")
	if err := edit(filepath.Join(gateway, "gateway.go"), `Routes: (routes\(.*\)),`, `Routes: slowed($1),`); err != nil {
		return err
	}
	spin := time.Duration(cost / 10 * float64(time.Second))
	return os.WriteFile(filepath.Join(gateway, "slowed.go"), fmt.Appendf(nil, slowed, int64(spin)), 0o666)
}

// What is spun is processor time: that of a clock would be less of it where others use the processor as well.
const slowed = `package gateway

import (
	"golang.org/x/sys/unix"

	"brownout/internal/loop"
	"brownout/internal/service"
)

func slowed(routes []service.Route) []service.Route {
	for i, r := range routes {
		routes[i].Handle = func(t *loop.Task, q *service.Request) (service.Response, error) {
			for began := used(); used()-began < %d; {
			}
			return r.Handle(t, q)
		}
	}
	return routes
}

func used() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return t.Nano()
}
`

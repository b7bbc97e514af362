package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/internal/transcript"
)

// patience bounds how long a test waits for what must happen. It is long because machines
// may be slow, and is never waited for when all is well.
const patience = 60 * time.Second

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for end := time.Now().Add(patience); !so(); <-poll.C {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// A program is a brownout that runs as a process, in a folder of its own.
type program struct {
	t        *testing.T
	dir      string
	alone    bool // in its folder, when it began
	command  *exec.Cmd
	out, err transcript.Transcript
	ended    chan struct{}
}

// begin starts brownout with some arguments. When the test ends, so does it, and with the
// first one in its folder must end all that runs there.
func begin(t *testing.T, dir string, env []string, arguments ...string) *program {
	t.Helper()
	p := &program{t: t, dir: dir, command: exec.Command("brownout", arguments...), ended: make(chan struct{})}
	p.alone = len(processesIn(dir)) == 0
	p.command.Dir = dir
	p.command.Env = append(os.Environ(), env...)
	p.command.Stdout, p.command.Stderr = &p.out, &p.err
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.end)
	return p
}

// run is the goroutine of a program. The kernel kills the program when the thread that
// started it ends, so it keeps its thread until then.
func (p *program) run(started chan<- error) {
	defer close(p.ended)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.command.Start()
	started <- err
	if err == nil {
		_ = p.command.Wait() // the tests look at its state
	}
}

func (p *program) end() {
	p.signal(syscall.SIGKILL)
	p.wait()
	if p.alone {
		eventually(p.t, "all that brownout has started ends with it", func() bool { return len(processesIn(p.dir)) == 0 })
	}
	if p.t.Failed() && p.alone {
		p.t.Logf("brownout %s said:\n%s%s", strings.Join(p.command.Args[1:], " "), p.out.String(), p.err.String())
		p.tellLogs()
	}
}

// tellLogs shows what the shop's parts have logged.
func (p *program) tellLogs() {
	logs, _ := filepath.Glob(filepath.Join(p.dir, ".brownout/epochs/*/logs/*.log"))
	for _, log := range logs {
		text, _ := os.ReadFile(log)
		if len(text) > 4000 {
			text = append([]byte("... "), text[len(text)-4000:]...)
		}
		p.t.Logf("%s:\n%s", filepath.Base(log), text)
	}
}

func (p *program) signal(s syscall.Signal) {
	select {
	case <-p.ended:
	default:
		_ = p.command.Process.Signal(s) // it may end in this moment by itself
	}
}

// wait waits until the program has ended and returns its exit status, -1 if a signal has
// ended it.
func (p *program) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("brownout did not end within %v", patience)
	}
	return p.command.ProcessState.ExitCode()
}

// says waits until the program has said something n times on its standard output.
func (p *program) says(n int, text string) {
	p.t.Helper()
	eventually(p.t, "brownout says "+strconv.Quote(text), func() bool {
		if strings.Count(p.out.String(), text) >= n {
			return true
		}
		select {
		case <-p.ended:
			p.t.Fatalf("brownout has ended, and did not say %q but:\n%s%s", text, p.out.String(), p.err.String())
		default:
		}
		return false
	})
}

// A running process is one as /proc knows it.
type running struct {
	pid       int
	arguments []string
}

// processesIn returns the processes that work in a folder, by process id.
func processesIn(dir string) []running {
	dir, _ = filepath.EvalSymlinks(dir)
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	var found []running
	for _, link := range links {
		if at, err := os.Readlink(link); err != nil || at != dir {
			continue // of somebody else, or has just ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		text, err := os.ReadFile(filepath.Join(filepath.Dir(link), "cmdline"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		found = append(found, running{pid, strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")})
	}
	slices.SortFunc(found, func(a, b running) int { return a.pid - b.pid })
	return found
}

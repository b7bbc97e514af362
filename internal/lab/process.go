package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/service"
)

// Supervised is the environment variable that tells a child that it is one: it then ends
// with its standard input.
const Supervised = "BROWNOUT_SUPERVISED"

const (
	// startTime bounds how long a child may take until it says that it is ready.
	startTime = 15 * time.Second
	// stopTime bounds how long a child may take to end. It is more than the 12 s that
	// service.Serve allows itself.
	stopTime = 16 * time.Second
	// hurriedTime is what a child still has when it gets late.
	hurriedTime = 2 * time.Second
	// maxReadyLine bounds the line in which a child says that it is ready.
	maxReadyLine = 4096
)

// A Spec says what a child runs.
type Spec struct {
	// Name is the child's.
	Name string
	// Program is what to run; "" means this very program.
	Program string
	// Args are its arguments, and Env what is added to its environment.
	Args, Env []string
	// Isolated keeps the caller's own settings from it: environment variables BROWNOUT_*.
	Isolated bool
	// Log is where its standard error goes; nil means nowhere. If it has a method Flush,
	// that is called at the end of each run.
	Log io.Writer
	// Silent says that it does not tell when it is ready.
	Silent bool
	// Stays says that it goes on when the supervisor is cleared.
	Stays bool
}

// A process is one run of a child.
type process struct {
	command *exec.Cmd
	input   io.Closer // its standard input; the child ends with it
	ready   chan service.ReadyLine
	ended   chan struct{}
	err     error // how it ended; after ended
	last    *lastWords
	log     io.Writer
}

// start starts a child.
func start(spec Spec) (*process, error) {
	program := spec.Program
	if program == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		program = self
	}
	p := &process{command: exec.Command(program, spec.Args...), ready: make(chan service.ReadyLine, 1), ended: make(chan struct{}), last: &lastWords{}, log: spec.Log}
	p.command.Env = spec.environment()
	p.command.SysProcAttr = childAttributes()
	p.command.Stderr = p.last
	if spec.Log != nil {
		p.command.Stderr = io.MultiWriter(p.last, spec.Log)
	}
	input, err := p.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.input = input
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go p.watch(output)
	return p, nil
}

// environment is what the child sees of the caller's environment, and its own.
func (s Spec) environment() []string {
	env := os.Environ()
	if s.Isolated {
		env = slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, "BROWNOUT_") })
	}
	return append(append(env, Supervised+"=1"), s.Env...)
}

// watch reads what the child says, and sees it end.
func (p *process) watch(output io.Reader) {
	r := bufio.NewReaderSize(output, maxReadyLine)
	if line, err := r.ReadSlice('\n'); err == nil {
		var ready service.ReadyLine
		if json.Unmarshal(line, &ready) == nil {
			p.ready <- ready
		}
	}
	_, _ = io.Copy(io.Discard, r)
	p.err = p.command.Wait()
	if log, ok := p.log.(interface{ Flush() }); ok {
		log.Flush()
	}
	_ = p.input.Close()
	close(p.ended)
}

// awaitReady waits until the child says that it is ready.
func (p *process) awaitReady(ctx context.Context) (service.ReadyLine, error) {
	timeout := time.NewTimer(startTime)
	defer timeout.Stop()
	select {
	case line := <-p.ready:
		return line, nil
	case <-p.ended:
		return service.ReadyLine{}, p.failure()
	case <-timeout.C:
		return service.ReadyLine{}, fmt.Errorf("was not ready within %v", startTime)
	case <-ctx.Done():
		return service.ReadyLine{}, ctx.Err()
	}
}

// failure says how the child ended, in its own last words if it had any.
func (p *process) failure() error {
	if words := p.last.text(); words != "" {
		return errors.New(words)
	}
	if p.err != nil {
		return p.err
	}
	return errors.New("ended by itself")
}

// stop asks the child to end, and makes it when it takes too long. When it gets late, the
// child has a little more time.
func (p *process) stop(late <-chan struct{}) {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	timeout := time.NewTimer(stopTime)
	defer timeout.Stop()
	select {
	case <-p.ended:
		return
	case <-late:
		p.endsWithin(hurriedTime)
	case <-timeout.C:
	}
	_ = p.command.Process.Kill() // it may have ended
	<-p.ended
}

// endsWithin waits for the end of the child, but not for long.
func (p *process) endsWithin(d time.Duration) {
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	select {
	case <-p.ended:
	case <-timeout.C:
	}
}

package fleet

import (
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"
)

// graceTime is what an agent has to end after its pipe has closed.
const graceTime = 2 * time.Second

// A Process is an agent on this machine, as its conductor has it.
type Process struct {
	name    string
	command *exec.Cmd
	input   io.WriteCloser
	output  io.Reader
	last    lastLine
	words   chan Word
	gone    string // before words is closed
	leave   chan struct{}
	once    sync.Once
	ended   chan struct{}
}

// Spawn starts an agent: a program that serves its standard input and output. It ends when its input does; on
// Linux the kernel ends it as well when this process dies, also if it is stopped.
func Spawn(name, program string, arguments ...string) (*Process, error) {
	p := &Process{
		name: name, command: exec.Command(program, arguments...),
		words: make(chan Word), leave: make(chan struct{}), ended: make(chan struct{}),
	}
	p.command.SysProcAttr = childAttributes()
	p.command.Stderr = &p.last
	p.command.WaitDelay = graceTime // for what it has started itself, and holds its pipes
	var err error
	if p.input, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	if p.output, err = p.command.StdoutPipe(); err != nil {
		return nil, err
	}
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// run is the goroutine of a process. Linux kills the child when the thread that made it ends, so it keeps its
// thread until then.
func (p *Process) run(started chan<- error) {
	defer close(p.ended)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.command.Start()
	if started <- err; err != nil {
		return
	}
	said := p.read()
	err = p.command.Wait()
	p.gone = p.why(said, err)
	close(p.words)
}

// read passes on what the agent says, until it says no more, or what it should not. From then on it is not heard.
func (p *Process) read() error {
	lines := newScanner(p.output)
	for lines.Scan() {
		var word Word
		if err := json.Unmarshal(lines.Bytes(), &word); err != nil {
			_ = p.command.Process.Kill()
			return fmt.Errorf("said what is no word: %w", err)
		}
		select {
		case p.words <- word:
		case <-p.leave:
		}
	}
	if err := lines.Err(); err != nil {
		_ = p.command.Process.Kill()
		return err
	}
	return nil
}

// why says how it ended, in its own last words if it had any.
func (p *Process) why(said, err error) string {
	switch words := p.last.text(); {
	case said != nil:
		return said.Error()
	case words != "":
		return words
	case err != nil:
		return err.Error()
	}
	return "ended by itself"
}

// Name returns the agent's name.
func (p *Process) Name() string { return p.name }

// Tell tells it something. An agent that does not listen does not keep the conductor for long.
func (p *Process) Tell(order Order) error {
	if pipe, ok := p.input.(interface{ SetWriteDeadline(time.Time) error }); ok {
		_ = pipe.SetWriteDeadline(time.Now().Add(Beat)) // where a pipe cannot, it is written to as long as it takes
	}
	return writeLine(p.input, order)
}

// Words are what it says. They end when it does.
func (p *Process) Words() <-chan Word { return p.words }

// Gone says why Words have ended.
func (p *Process) Gone() string { return p.gone }

// Release ends it, and waits until it has ended.
func (p *Process) Release() {
	p.once.Do(func() { close(p.leave) })
	_ = p.input.Close()
	timeout := time.NewTimer(graceTime)
	defer timeout.Stop()
	select {
	case <-p.ended:
	case <-timeout.C:
		_ = p.command.Process.Kill() // it may have ended
		<-p.ended
	}
}

// maxLastLine bounds what is kept of what an agent says on its standard error.
const maxLastLine = 1024

// A lastLine keeps the last line that was written.
type lastLine struct {
	mu   sync.Mutex
	line []byte
}

// Write implements io.Writer.
func (l *lastLine) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = append(l.line, b...)
	whole := strings.TrimRight(string(l.line), "\n")
	l.line = l.line[strings.LastIndexByte(whole, '\n')+1:]
	l.line = l.line[:min(len(l.line), maxLastLine)]
	return len(b), nil
}

func (l *lastLine) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimPrefix(strings.TrimSpace(string(l.line)), "brownout: ")
}

package redistest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

const (
	program = "redis-server"
	// startTime bounds how long a server may take until it answers.
	startTime = 10 * time.Second
)

// A process is a redis-server that runs as a child. A write that it has answered
// is in its append-only file, as far as the kernel goes: it outlives the process.
type process struct {
	dir  string
	addr string
	life *life
}

// A life is one run of the child.
type life struct {
	command *exec.Cmd
	output  bytes.Buffer
	ended   chan struct{} // closed when the child is gone and its output complete
}

// newProcess starts a server that keeps its files in dir and listens at addr.
func newProcess(dir, addr string) (*process, error) {
	p := &process{dir: dir, addr: addr}
	return p, p.start()
}

// start runs the server and waits until it answers.
func (p *process) start() error {
	host, port, err := net.SplitHostPort(p.addr)
	if err != nil {
		return err
	}
	p.life = &life{ended: make(chan struct{})}
	p.life.command = exec.Command(program, "--bind", host, "--port", port, "--dir", p.dir,
		"--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--io-threads", "1", "--databases", "1")
	started := make(chan error, 1)
	go p.life.run(started)
	if err := <-started; err != nil {
		<-p.life.ended
		return err
	}
	if err := p.life.ready(p.addr); err != nil {
		p.kill()
		return fmt.Errorf("%w; it says: %s", err, strings.TrimSpace(p.life.output.String()))
	}
	return nil
}

// kill ends the server and waits until it is gone.
func (p *process) kill() {
	select {
	case <-p.life.ended:
	default:
		_ = p.life.command.Process.Kill() // it may end in this moment by itself
		<-p.life.ended
	}
}

// run is the goroutine of a life. Linux kills the child when the thread that
// made it ends, so it keeps its thread until then.
func (l *life) run(started chan<- error) {
	defer close(l.ended)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	l.command.Stdout, l.command.Stderr = &l.output, &l.output
	l.command.SysProcAttr = childAttributes()
	err := l.command.Start()
	started <- err
	if err == nil {
		_ = l.command.Wait() // it is killed in the end; what it said is in output
	}
}

// ready waits until the server answers a PING: while it reads its file it refuses.
func (l *life) ready(addr string) error {
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	end := time.After(startTime)
	for {
		select {
		case <-poll.C:
			if pong(addr) {
				return nil
			}
		case <-l.ended:
			return errors.New("it has ended")
		case <-end:
			return fmt.Errorf("it does not answer within %v", startTime)
		}
	}
}

func pong(addr string) bool {
	connection, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	defer func() { _ = connection.Close() }() // only read from
	_ = connection.SetDeadline(time.Now().Add(time.Second))
	if _, err := connection.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	line, err := bufio.NewReader(connection).ReadString('\n')
	return err == nil && strings.TrimSpace(line) == "+PONG"
}

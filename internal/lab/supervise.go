package lab

import (
	"context"
	"errors"
	"io"
	"strings"

	"brownout/internal/service"
)

// SuperviseConfig says what a supervisor of one part keeps running.
type SuperviseConfig struct {
	// Name is the part's, and Args are those of this very program that run it.
	Name string
	Args []string
	// Silent says that the part does not tell when it is ready.
	Silent bool
	// Data is where the part has data, which a guest in its place must not touch.
	Data DataPlace
	// Admin says where the supervisor's own port listens, and who may ask: there the part is killed, paused and
	// lent. It has none if Addr is "".
	Admin service.AdminConfig
	// Out is told when and where the part is ready, and Log what happens to it, and what it logs. Whoever
	// reads those may stall: then lines are lost.
	Out, Log io.Writer
}

// Supervise runs one part as a child of this process until ctx is done: the same program with the same
// arguments, which sees that it is a child. It starts the child again when it dies.
func Supervise(ctx context.Context, c SuperviseConfig) error {
	said, logged := newOutlet(c.Out), newOutlet(c.Log)
	defer said.close()
	defer logged.close()
	k := newKeeper(ctx, c, said, logged)
	defer k.supervisor.StopAll()
	port, err := k.listen()
	if err != nil {
		return err
	}
	if err = k.run(ctx, k.own); err == nil {
		return k.serve(ctx, port)
	}
	if ctx.Err() != nil {
		err = nil // was told to end before it was ready
	}
	if port != nil {
		err = errors.Join(err, port.Close())
	}
	return err
}

// reportPrefix begins the line in which a program reports why it ends.
const reportPrefix = "brownout: "

// maxRelayed bounds a line of a log, in bytes; a longer one is passed on in pieces.
const maxRelayed = 64 << 10

// A relay passes on the lines that a child writes to its standard error, except its report
// of its own end, which its supervisor tells. One goroutine at a time uses it.
type relay struct {
	to   *outlet
	line []byte // the one that has not ended yet
}

// Write implements io.Writer. It never waits.
func (r *relay) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		r.line = append(r.line, line...)
		if strings.HasSuffix(line, "\n") || len(r.line) >= maxRelayed {
			r.pass()
		}
	}
	return len(p), nil
}

// Flush passes on a line that its writer has not ended, and will not.
func (r *relay) Flush() {
	if len(r.line) > 0 {
		r.line = append(r.line, '\n')
		r.pass()
	}
}

func (r *relay) pass() {
	if !strings.HasPrefix(string(r.line), reportPrefix) {
		r.to.say(string(r.line))
	}
	r.line = r.line[:0]
}

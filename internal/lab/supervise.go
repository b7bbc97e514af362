package lab

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"

	"brownout/internal/service"
)

// Supervise runs one service as a child of this process until ctx is done: the same program
// with the same arguments, which sees that it is a child. It starts the child again
// when it dies, says on out when it is ready, and on log what happens to it. Whoever reads
// those may stall: then lines are lost.
func Supervise(ctx context.Context, name string, args []string, out, log io.Writer) error {
	said, logged := newOutlet(out), newOutlet(log)
	defer said.close()
	defer logged.close()
	sayReady := func(line service.ReadyLine) {
		if text, err := json.Marshal(line); err == nil {
			said.say(string(text) + "\n")
		}
	}
	s := Supervisor{OnEvent: func(e Event) {
		logged.say(fmt.Sprintf("brownout: %v\n", e))
		if e.Kind == Ready {
			sayReady(e.Ready)
		}
	}}
	defer s.StopAll()
	line, err := s.Start(ctx, Spec{Name: name, Args: args, Log: &relay{to: logged}})
	if err != nil {
		if ctx.Err() != nil {
			return nil // was told to end before it was ready
		}
		return err
	}
	sayReady(line)
	<-ctx.Done()
	return nil
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

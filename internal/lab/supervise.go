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
// when it dies, says on out when it is ready, and on log what happens to it.
func Supervise(ctx context.Context, name string, args []string, out, log io.Writer) error {
	sayReady := func(line service.ReadyLine) {
		if text, err := json.Marshal(line); err == nil {
			fmt.Fprintf(out, "%s\n", text)
		}
	}
	s := Supervisor{OnEvent: func(e Event) {
		fmt.Fprintf(log, "brownout: %v\n", e)
		if e.Kind == Ready {
			sayReady(e.Ready)
		}
	}}
	defer s.StopAll()
	line, err := s.Start(ctx, Spec{Name: name, Args: args, Log: &relay{to: log}})
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
// of its own end, which its supervisor tells.
type relay struct {
	to   io.Writer
	line []byte // the one that has not ended yet
}

// Write implements io.Writer.
func (r *relay) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		r.line = append(r.line, line...)
		if !strings.HasSuffix(line, "\n") && len(r.line) < maxRelayed {
			continue
		}
		if !strings.HasPrefix(string(r.line), reportPrefix) {
			_, _ = r.to.Write(r.line) // nobody may read it; the child goes on
		}
		r.line = r.line[:0]
	}
	return len(p), nil
}

package lab

import (
	"context"
	"fmt"
	"io"

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
	line, err := s.Start(ctx, Spec{Name: name, Args: args, Log: log})
	if err != nil {
		return err
	}
	sayReady(line)
	<-ctx.Done()
	return nil
}
